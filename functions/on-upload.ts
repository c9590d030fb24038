/**
 * on-upload: a dropped file, routed by its path. A recording or a mailbox starts a run; whatever belongs to
 * it was uploaded before. Records and enqueues, nothing more.
 */
import { withDatabase } from '../shared/db/connect.ts'
import { isToBeDeleted, recordUpload } from '../shared/db/media-items.ts'
import { markFeedOld } from '../shared/db/podcasts.ts'
import { failRun } from '../shared/db/run-changes.ts'
import { startMailRun } from '../shared/db/runs.ts'
import { insertSteps, pendingOfMailbox, pendingStepsOfEpisode, type PendingStep } from '../shared/db/steps.ts'
import { planEpisode } from '../shared/episode/plan.ts'
import { refusedStart, startPlanned } from '../shared/episode/run.ts'
import { Missing, Permanent, Retryable } from '../shared/errors.ts'
import { log } from '../shared/log.ts'
import {
  asSeen,
  assetsFolder,
  fileOf,
  isRecording,
  isSidecar,
  mailName,
  mailSettingsFile,
  parseMailName,
  parseUploadName,
  showCovers,
  type UploadPath,
} from '../shared/objects.ts'
import { partsOf } from '../shared/engine/pipeline.ts'
import type { FinalizedObject } from '../shared/engine/bodies.ts'
import { parseMailSettings } from '../shared/settings/settings.ts'
import { enqueue } from '../shared/engine/enqueue.ts'
import type { Services } from '../shared/engine/services.ts'
import type { StoredObject } from '../shared/storage.ts'

/**
 * An upload may name the deploy that is to take it. So a deploy tries itself out before anybody is sent to it, and
 * the one that serves meanwhile leaves the recording alone.
 */
const versionKey = 'spool-version'

export async function onUpload(object: FinalizedObject, services: Services): Promise<void> {
  const asked = object.metadata?.[versionKey]
  if (asked !== undefined && asked !== services.config.version) return
  const mail = parseMailName(object.name)
  if (mail) {
    if (mail.file !== mailSettingsFile) await startMail(mail.userId, object, services)
    return
  }
  const path = parseUploadName(object.name)
  if (!path) {
    log.warn({ object: object.name }, 'an upload outside u/{user}/{podcast}/{episode}/ was left alone')
    return
  }
  const stored = await services.storage.stat({
    bucket: object.bucket,
    name: object.name,
    generation: object.generation,
  })
  if (!stored) {
    log.warn({ object: object.name }, 'an upload was replaced before it was seen')
    await enqueue(services, await pendingOf(path, services)) // unless an earlier delivery saw it, and was cut off
    return
  }
  if (path.episode !== assetsFolder && !isSidecar(path.file) && !isRecording(path.file)) {
    log.warn(
      { object: object.name },
      'an upload that is neither a recording nor belongs to one was left alone',
    )
    return
  }
  const kind = path.episode === assetsFolder ? 'asset' : isSidecar(path.file) ? 'sidecar' : 'recording'
  if (kind === 'recording') await startEpisode(path, stored, services)
  else
    await withDatabase(services.config.databaseUrl, async (db) => {
      await recordUpload(db, { userId: path.userId, kind, bucket: object.bucket, object: stored })
      if (kind === 'asset' && showCovers.includes(fileOf(path.file)))
        await markFeedOld(db, path.userId, asSeen(path.podcast)) // the next sweep shows it
    })
}

/** A mailbox starts a run of its own. */
async function startMail(userId: string, object: FinalizedObject, services: Services): Promise<void> {
  const { storage, config, pipeline } = services
  const stored = await storage.stat(object)
  if (!stored) {
    log.warn({ object: object.name }, 'an upload was replaced before it was seen')
    await enqueue(services, await pendingMail(userId, object.name, services))
    return
  }
  const { own, unusable } = await ownAddresses(userId, services)
  const context = {
    mailboxObject: stored.name,
    mailboxGeneration: stored.generation,
    own: JSON.stringify(own),
  }
  const inserted = await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if (!(await recordUpload(trx, { userId, kind: 'mailbox', bucket: object.bucket, object: stored })))
        return await pendingOfMailbox(trx, userId, stored.name)
      const { runId, started } = await startMailRun(trx, { userId, mailbox: stored.name, context })
      if (!started) throw new Retryable('already_running', `The mailbox already has a live run, ${runId}.`)
      const problem = unusable ?? (await refusedStart(trx, config, userId, runId))
      if (!problem) return await insertSteps(trx, runId, partsOf(pipeline.stage('read-mail')!, context))
      await failRun(trx, runId, problem.code, problem.message)
      return []
    }),
  )
  await enqueue(services, inserted)
}

/**
 * The addresses the producer writes from; settings that cannot be used fail the run, so that its producer
 * learns of it.
 */
async function ownAddresses(
  userId: string,
  { storage, config }: Services,
): Promise<{ own: readonly string[]; unusable?: Permanent }> {
  const settings = { bucket: config.buckets.uploads, name: mailName(userId, mailSettingsFile) }
  const stored = await storage.stat(settings)
  if (!stored) return { own: [] }
  try {
    if (stored.bytes > maxMailSettingsBytes)
      throw new Permanent(
        'bad_mail_settings',
        `${mailSettingsFile} has ${stored.bytes} bytes; the limit is ${maxMailSettingsBytes}.`,
      )
    return parseMailSettings((await storage.read(settings)).toString('utf8'), mailSettingsFile)
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { own: [], unusable: error }
  }
}

/** They travel in the run's context. */
const maxMailSettingsBytes = 32 * 1024

async function startEpisode(path: UploadPath, recording: StoredObject, services: Services): Promise<void> {
  const plan = await planEpisode(path, services)
  const { databaseUrl, buckets } = services.config
  const object = { bucket: buckets.uploads, name: recording.name, generation: recording.generation }
  const inserted = await withDatabase(databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const upload = {
        userId: path.userId,
        kind: 'recording',
        bucket: buckets.uploads,
        object: recording,
      } as const
      if (!(await recordUpload(trx, upload))) return []
      if (!plan.recordings) return [] // the last of them starts the run
      const started = await startPlanned(trx, path, recording, plan, services)
      if (started && (await isToBeDeleted(trx, recording))) throw new Missing(object)
      if (started && !(await services.storage.stat(object))) throw new Missing(object)
      return started?.steps ?? []
    }),
  ).catch(nothingOfWhatIsGone)
  await enqueue(services, inserted.length > 0 ? inserted : await pendingOf(path, services))
}

/**
 * A deletion may have begun, or be over, since the recording was seen. Asked once the episode's row is held, which a deletion
 * needs too; then nothing of it was begun.
 */
function nothingOfWhatIsGone(error: unknown): [] {
  if (!(error instanceof Missing)) throw error
  log.warn({ object: error.object.name }, 'an upload was deleted before its episode began')
  return []
}

const pendingMail = (userId: string, mailbox: string, { config }: Services): Promise<PendingStep[]> =>
  withDatabase(config.databaseUrl, (db) => pendingOfMailbox(db, userId, mailbox))

/** The event came before: whatever its first delivery could not enqueue is enqueued now. */
async function pendingOf(path: UploadPath, services: Services): Promise<PendingStep[]> {
  return await withDatabase(services.config.databaseUrl, (db) =>
    pendingStepsOfEpisode(
      db,
      path.userId,
      asSeen(path.podcast),
      asSeen(path.episode),
      services.pipeline.stages[0]!.step.name,
    ),
  )
}
