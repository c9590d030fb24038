/**
 * The API routes for uploads: an address for one file, to which it is sent in pieces, straight to the bucket. Hides which
 * files Spool takes and where in the bucket each of them belongs.
 */
import { z } from '@hono/zod-openapi'
import type { Services } from '../engine/services.ts'
import { withDatabase } from '../db/connect.ts'
import { liveRunOf } from '../db/runs.ts'
import { AlreadyRunning, Permanent } from '../errors.ts'
import {
  asSeen,
  assetsFolder,
  fileOf,
  isRecording,
  isSidecar,
  mailName,
  recordingEndings,
  uploadName,
} from '../objects.ts'
import { mustBeReady } from '../episode/brought.ts'
import { announcedFile, head, part } from './announced.ts'
import { once } from './idempotency.ts'
import { changes, jsonBody, opens, type App } from './routes.ts'

const toEpisode = z.strictObject({
  podcast: part,
  episode: part.optional().openapi({ description: 'Unset: a file that the podcast’s template names.' }),
})
const toMail = z.strictObject({ mailbox: z.literal(true) })
const file = {
  file: part,
  bytes: z
    .int()
    .min(1)
    .openapi({ description: 'How many will come; the upload is refused with another number.' }),
  type: z
    .string()
    .max(200)
    .regex(/^[\w.+-]+\/[\w.+-]+$/)
    .default('application/octet-stream'),
  head: head.optional(),
}
const asked = z.union([toEpisode.extend(file), toMail.extend(file)]).openapi('UploadAsked')
const upload = z
  .object({
    url: z.url().openapi({
      description:
        'PUT the bytes here, in one piece or in several of a multiple of `chunkBytes` with Content-Range; ' +
        'PUT nothing with "Content-Range: bytes */BYTES" to hear how many have come (308, Range). It is a key: tell nobody.',
    }),
    object: z.string(),
    chunkBytes: z.int(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Upload')

const routes = {
  begin: opens(
    '/uploads',
    'Begin to upload a file. A recording starts its episode when it is there: what belongs to it is uploaded before, and if ' +
      'something is wrong with any of it the recording is refused, with all there is (`faults`)',
    jsonBody(asked),
    upload,
  ),
  forget: changes(
    '/uploads/forget',
    'Remove what was uploaded beside an episode’s recordings before, such as words and a cover, but for the files named: ' +
      'for an episode that is recorded anew. Recordings stay, but for those that are named as coming (`coming`): of several, ' +
      'an old one beside a new one would begin the episode',
    jsonBody(
      z.strictObject({
        ...{ podcast: part, episode: part },
        keep: z.array(part).max(100).default([]),
        coming: z.array(part).max(20).default([]),
      }),
    ),
    z.object({ removed: z.array(z.string()) }),
    200,
  ),
}

/** Cloud Storage takes pieces of a multiple of this. */
const chunkBytes = 256 * 1024
const sessionMs = 7 * 86_400_000

export function addUploads(app: App, { storage, config }: Services): void {
  app.openapi(routes.begin, async (context) => {
    const wanted = context.req.valid('json')
    const { object, mostBytes } = placeOf(context.var.caller.userId, wanted, config.limits)
    if (wanted.bytes > mostBytes)
      throw new Permanent(
        'file_too_large',
        `${wanted.file} has ${wanted.bytes} bytes; the limit is ${mostBytes}.`,
      )
    if ('podcast' in wanted && wanted.episode !== undefined && isRecording(asSeen(wanted.file))) {
      const { podcast, episode } = wanted
      const announced = { podcast, episode, recordings: [announcedFile(wanted)] }
      await mustBeReady(context.var.caller.userId, announced, { storage, config })
    }
    const url = await storage.beginUpload(
      { bucket: config.buckets.uploads, name: object },
      { contentType: wanted.type, bytes: wanted.bytes, origin: context.req.header('origin') },
    )
    const expiresAt = new Date(Date.now() + sessionMs).toISOString()
    return context.json({ url, object, chunkBytes, expiresAt }, 200)
  })

  app.openapi(routes.forget, async (context) => {
    const { userId } = context.var.caller
    const { podcast, episode, keep, coming } = context.req.valid('json')
    const { status, body } = await once(context, config, userId, async () => {
      const live = await withDatabase(config.databaseUrl, (db) => liveRunOf(db, userId, podcast, episode))
      if (live && live.status !== 'awaiting_review') throw new AlreadyRunning(live.id) // what waits gives way to what comes
      const kept = new Set(keep.map(asSeen))
      const replaced = new Set(coming.map(asSeen))
      const removed: string[] = []
      for (const { name } of await storage.list(
        config.buckets.uploads,
        uploadName(userId, podcast, episode, ''),
      )) {
        const file = fileOf(name)
        if (isSidecar(file) ? kept.has(file) : !replaced.has(file)) continue
        await storage.remove({ bucket: config.buckets.uploads, name })
        removed.push(file)
      }
      return { status: 200, body: { removed } }
    })
    return context.json(body, status)
  })
}

/** Throws Permanent `bad_upload` for a file that nothing would be done with. */
function placeOf(
  userId: string,
  wanted: z.output<typeof asked>,
  limits: Services['config']['limits'],
): { object: string; mostBytes: number } {
  const name = asSeen(wanted.file)
  if ('mailbox' in wanted) return { object: mailName(userId, name), mostBytes: limits.mailboxBytes }
  const { podcast, episode } = wanted
  if (episode === undefined)
    return { object: uploadName(userId, asSeen(podcast), assetsFolder, name), mostBytes: limits.assetBytes }
  if (asSeen(episode) === assetsFolder)
    throw new Permanent(
      'bad_upload',
      `No episode can be called "${assetsFolder}": it is the podcast's own folder.`,
    )
  if (!isRecording(name) && !isSidecar(name))
    throw new Permanent(
      'bad_upload',
      `${name} is neither a recording (${recordingEndings.join(', ')}) nor a file that belongs to one: ` +
        'words.json, *.vtt, *.srt, template.json, episode.json, podcast.json, a cover (*.jpg, *.png), chapters.*',
    )
  return {
    object: uploadName(userId, asSeen(podcast), asSeen(episode), name),
    mostBytes: isSidecar(name) ? limits.assetBytes : limits.recordingBytes,
  }
}
