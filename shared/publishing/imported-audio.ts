/**
 * Fetches the audio of imported episodes. Each file becomes a version of its episode, as if it had been made here, so
 * that it is published and taken back like any other. Hides what is checked of what comes.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { markFetched, unfetched } from '../db/imported-episodes.ts'
import { Permanent, Retryable } from '../errors.ts'
import { contentHash } from '../hash.ts'
import { episodeName } from '../objects.ts'
import { openPublic } from '../public-address.ts'
import { publishAudio, type Publisher } from './public-files.ts'

/** Of one file. */
const longestMs = 3600_000

type Unfetched = Awaited<ReturnType<typeof unfetched>>[number]

/** One after the other; what cannot be fetched stays where it is, with a warning. Returns how many files came. */
export async function fetchAudio(podcastId: string, tools: Publisher, signal: AbortSignal): Promise<number> {
  let fetched = 0
  for (const episode of await tools.withDatabase((db) => unfetched(db, podcastId))) {
    if (signal.aborted) break
    try {
      if (await fetchOne(podcastId, episode, tools)) fetched++
    } catch (error) {
      if (!(error instanceof Permanent) && !(error instanceof Retryable)) throw error
      tools.warn({ code: 'import_not_fetched', message: `"${episode.title}": ${error.message}` })
    }
  }
  return fetched
}

async function fetchOne(podcastId: string, episode: Unfetched, tools: Publisher): Promise<boolean> {
  const { storage, config, withDatabase, warn } = tools
  const hash = contentHash(JSON.stringify(['imported', episode.guid, episode.url, episode.bytes]))
  const target = { bucket: config.buckets.episodes, name: episodeName(episode.id, hash, 'episode.mp3') }
  if (!(await storage.stat(target)))
    await throughFile(await openAudio(episode, tools), (whole) => storage.create(target, whole, 'audio/mpeg'))
  const { bytes } = (await storage.stat(target))!
  if (episode.bytes !== null && episode.bytes !== bytes)
    warn({
      code: 'import_incomplete',
      message: `"${episode.title}" has ${bytes} bytes; the feed had said ${episode.bytes}.`,
    })
  const version = { episodeId: episode.id, podcastId, contentHash: hash, files: ['episode.mp3'] }
  await publishAudio(version, tools, () => Promise.resolve())
  return await withDatabase((db) => markFetched(db, episode.id, { contentHash: hash, audioBytes: bytes }))
}

/** The bytes of an MP3; a connection that breaks is an error, so that what is kept is whole. */
async function openAudio({ url, type }: Unfetched, { config }: Publisher): Promise<AsyncGenerator<Buffer>> {
  if (!/^audio\/(mpeg|mp3)$/.test(type))
    throw new Permanent('not_audio', `it is ${type}, and only MP3 is fetched.`)
  const { status, body, discard } = await openPublic(url, {
    maxBytes: config.limits.recordingBytes,
    timeoutMs: longestMs,
    allowPrivate: config.allowPrivateAddresses,
  })
  if (status === 200) return startingLikeMp3(body)
  discard()
  throw new Permanent('not_found', `its address answers ${status}.`)
}

/**
 * Uses the bytes once all of them have come: the client of the store goes on trying for a while when what it uploads
 * breaks off.
 */
async function throughFile(
  body: AsyncGenerator<Buffer>,
  use: (whole: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'spool-import-'))
  try {
    const file = path.join(folder, 'audio')
    await pipeline(body, createWriteStream(file))
    await use(createReadStream(file))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** An ID3v2 tag, or a frame's first bits (ISO 11172-3, 2.4.1.3): a page that says sorry has neither. */
async function* startingLikeMp3(body: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const part of body) {
    if (isFirst && !isMp3(part)) throw new Permanent('not_audio', 'what its address gives is no MP3.')
    isFirst = false
    yield part
  }
  if (isFirst) throw new Permanent('empty_file', 'what its address gives is empty.')
}

const isMp3 = (start: Buffer): boolean =>
  start.subarray(0, 3).toString('latin1') === 'ID3' || (start[0] === 0xff && (start[1] ?? 0) >= 0xe0)
