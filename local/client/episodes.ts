/** Episodes of a Spool anywhere: which there are, the one that is meant, its run, and its files. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ErrorCode } from '../../shared/codes.ts'
import { isDeliverable } from '../../shared/episode/deliverables.ts'
import { Permanent } from '../../shared/errors.ts'
import type { Client } from './client.ts'
import { episodesMeant, noEpisode, podcastNamed, severalEpisodes } from './names.ts'

/** As the API has it. */
export interface Episode {
  readonly id: string
  readonly podcast: string
  readonly slug: string
  readonly title: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
  readonly publishedAt: string | null
  readonly publishAt: string | null
  readonly holdReason: string | null
  readonly lastFailure: string | null
}

export interface Run {
  readonly id: string
  readonly status: string
  readonly stopReason: string | null
  readonly message: string | null
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}

/** Some version of it. */
export const isFinished = ({ durationSeconds }: Episode): boolean => durationSeconds !== null

export const isLive = ({ status }: Run): boolean => status === 'queued' || status === 'started'

/** Newest first. */
export const allEpisodes = (client: Client): Promise<Episode[]> => all(client.items('/episodes'))

/** Of one podcast, newest first. */
export const episodesOf = (client: Client, podcast: string): Promise<Episode[]> =>
  all(client.items('/episodes', { podcast }))

/** Of that name, in whatever podcast, newest first. */
export const episodesNamed = (client: Client, slug: string): Promise<Episode[]> =>
  all(client.items('/episodes', { slug }))

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** By its id, its name, or "podcast/name". Throws Permanent `not_found` when there is none, or more than one. */
export async function findEpisode(client: Client, named: string): Promise<Episode> {
  if (/^[\da-f]{8}-[\da-f]{4}-/i.test(named))
    return await client.get(`/episodes/${encodeURIComponent(named)}`)
  for (const { podcast, slug } of episodesMeant(named)) {
    const [found, ...others] = await all<Episode>(
      client.items('/episodes', { slug, ...(podcast === undefined ? {} : { podcast }) }),
    )
    if (found && others.length > 0) throw severalEpisodes(named, [found, ...others])
    if (found) return found
  }
  throw noEpisode(named, (await client.get<{ items: Episode[] }>('/episodes', { limit: '6' })).items)
}

/** The newest; undefined when there was none. */
export async function latestRun(client: Client, episodeId: string): Promise<Run | undefined> {
  const { items } = await client.get<{ items: Run[] }>('/runs', { episodeId, limit: '1' })
  return items[0]
}

const lookEveryMs = 500

/** Looks now and then until there is what is looked for. */
export async function until<T>(look: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await delay(lookEveryMs, undefined, { signal })
  }
}

/** Told how much of a run is done, from 0 to 1, and what it is at. */
export type RunWatcher = (share: number, step: string) => void

interface Progress {
  readonly status: string
  readonly processed: number
  readonly total: number
  readonly currentStep: string | null
}

const shareOf = ({ processed, total }: Progress): number => (total > 0 ? processed / total : 0)

/** How far an episode is that is being made, 0 to 1. */
export async function shareMade(client: Client, episodeId: string): Promise<number> {
  const run = await latestRun(client, episodeId)
  return run ? shareOf(await client.get<Progress>(`/runs/${run.id}/progress`)) : 0
}

/** Waits until a run is finished, or waits for its producer. Throws Permanent with its code when it failed or was cancelled. */
export async function ended(
  client: Client,
  runId: string,
  watch: RunWatcher,
  signal: AbortSignal,
): Promise<Run> {
  await until(async () => {
    const now = await client.get<Progress>(`/runs/${runId}/progress`)
    watch(shareOf(now), now.currentStep ?? 'queued')
    return now.status === 'queued' || now.status === 'started' ? undefined : now
  }, signal)
  const run = await client.get<Run>(`/runs/${runId}`)
  if (run.status === 'failed' || run.status === 'cancelled')
    throw new Permanent((run.stopReason ?? 'internal') as ErrorCode, run.message ?? undefined)
  return run
}

/** Where the feed of its podcast is, or will be. */
export const feedOf = async (client: Client, { podcast }: Episode): Promise<string> =>
  (await podcastNamed(client, podcast)).feedUrl

export interface EpisodeFile {
  readonly file: string
  readonly url: string
}

const neverFinished = 'it was never finished. See ./spool list.'
const unfinished: Readonly<Record<string, string>> = {
  processing: 'it is being made just now. ./spool list says how far it is.',
  awaiting_review: 'it waits for a decision, which ./spool review asks for.',
}

/** Of an episode that was finished; its feed too, once it is published. Throws Permanent `not_found` before. */
export async function filesOf(client: Client, episode: Episode): Promise<EpisodeFile[]> {
  const { id, title, status, publishedAt } = episode
  const { items } = await client.get<{ items: EpisodeFile[] }>(`/episodes/${id}/files`)
  if (items.length === 0)
    throw new Permanent('not_found', `"${title}" has no files: ${unfinished[status] ?? neverFinished}`)
  // a server's word is not enough for a file's name here
  const known = items.filter(({ file }) => isDeliverable(file))
  return publishedAt === null ? known : [...known, { file: 'feed.xml', url: await feedOf(client, episode) }]
}

export async function fetchFile({ file, url }: EpisodeFile, to: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal })
  if (!response.ok || !response.body)
    throw new Error(`${file} cannot be fetched: its server answers ${response.status}.`)
  await pipeline(Readable.fromWeb(response.body), createWriteStream(to), { signal })
}
