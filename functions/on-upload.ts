/** on-upload: a dropped file, routed by its path. A recording starts its episode's run; whatever belongs to it was uploaded before. Records and enqueues, nothing more. */
import type { Knex } from 'knex'
import { withDatabase } from '../shared/db/connect.ts'
import { decisionRevision } from '../shared/db/decisions.ts'
import { ensureEpisode, ensurePodcast, recordUpload } from '../shared/db/episodes.ts'
import { providerKeys, type SealedKey } from '../shared/db/keys.ts'
import { failRun, latestRunOf } from '../shared/db/runs.ts'
import { startMailRun } from '../shared/db/letters.ts'
import { insertSteps, pendingOfMailbox, pendingStepsOfEpisode, type PendingStep } from '../shared/db/steps.ts'
import { beginRun, chooseProviders, factsOf, variablesOf } from '../shared/episode-run.ts'
import { Permanent, Retryable, codeOf, type ErrorCode } from '../shared/errors.ts'
import { readMarks } from '../shared/feed/chapter-marks.ts'
import { contentHash } from '../shared/hash.ts'
import { log } from '../shared/log.ts'
import {
  assetsFolder,
  findSidecars,
  isRecording,
  isSidecar,
  mailName,
  mailSettingsFile,
  parseMailName,
  parseUploadName,
  uploadName,
  type UploadPath,
} from '../shared/objects.ts'
import { partsOf } from '../shared/pipeline.ts'
import { charge } from '../shared/quota.ts'
import type { FinalizedObject } from '../shared/serve.ts'
import {
  assetsOf,
  defaultTemplate,
  maxDocumentBytes,
  parseEpisode,
  parseMailSettings,
  parsePodcast,
  parseTemplate,
  podcastSettings,
  type EpisodeSettings,
  type PodcastSettings,
  type Template,
} from '../shared/settings.ts'
import type { Variables } from '../shared/script.ts'
import { enqueue, type Services } from '../shared/step.ts'
import type { StoredObject } from '../shared/storage.ts'
import { scripts } from '../shared/transcript/spoken.ts'

export async function onUpload(object: FinalizedObject, services: Services): Promise<void> {
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
  const stored = await services.storage.stat({ bucket: object.bucket, name: object.name, generation: object.generation })
  if (!stored) {
    log.warn({ object: object.name }, 'an upload was replaced before it was seen')
    return
  }
  if (path.episode !== assetsFolder && !isSidecar(path.file) && !isRecording(path.file)) {
    log.warn({ object: object.name }, 'an upload that is neither a recording nor belongs to one was left alone')
    return
  }
  const kind = path.episode === assetsFolder ? 'asset' : isSidecar(path.file) ? 'sidecar' : 'recording'
  if (kind === 'recording') await startEpisode(path, stored, services)
  else await withDatabase(services.config.databaseUrl, (db) => recordUpload(db, { userId: path.userId, kind, bucket: object.bucket, object: stored }))
}

/** A mailbox starts a run of its own. */
async function startMail(userId: string, object: FinalizedObject, services: Services): Promise<void> {
  const { storage, config, pipeline } = services
  const stored = await storage.stat(object)
  if (!stored) {
    log.warn({ object: object.name }, 'an upload was replaced before it was seen')
    return
  }
  const settings = { bucket: object.bucket, name: mailName(userId, mailSettingsFile) }
  const { own } = (await storage.stat(settings)) ? parseMailSettings((await storage.read(settings)).toString('utf8'), mailSettingsFile) : { own: [] }
  const context = { mailboxObject: stored.name, mailboxGeneration: stored.generation, own: JSON.stringify(own) }
  const inserted = await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if (!(await recordUpload(trx, { userId, kind: 'mailbox', bucket: object.bucket, object: stored })))
        return await pendingOfMailbox(trx, userId, stored.name)
      const { runId, started } = await startMailRun(trx, { userId, mailbox: stored.name, context })
      if (!started) throw new Retryable('already_running', `The mailbox already has a live run, ${runId}.`)
      const problem = await refused(() => charge(trx, config, { userId, kind: 'runs', key: runId, amount: 1, runId }))
      if (!problem) return await insertSteps(trx, runId, partsOf(pipeline.stage('read-mail')!, context))
      await failRun(trx, runId, problem.code, problem.message)
      return []
    }),
  )
  await enqueue(services, inserted)
}

interface RecordingPart {
  readonly object: string
  readonly generation: string
  readonly contentHash: string
  readonly gainDb: number
  readonly offsetSeconds: number
}

/** Everything the run is told, gathered from the recording's folder before the database is opened. */
interface Plan {
  readonly podcast: PodcastSettings | undefined
  readonly episode: EpisodeSettings
  readonly template: Template
  readonly words: StoredObject | undefined
  readonly cover: StoredObject | undefined
  readonly chapters: StoredObject | undefined
  readonly assets: readonly StoredObject[]
  /** The files of a recording that has several, in their order; undefined while one of them is not there yet. */
  readonly recordings: readonly RecordingPart[] | undefined
  /** Why the run cannot start well: it is recorded as failed, so that its producer learns of it. */
  readonly problem: Permanent | undefined
}

async function startEpisode(path: UploadPath, recording: StoredObject, services: Services): Promise<void> {
  const plan = await gather(path, services)
  const inserted = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      if (!(await recordUpload(trx, { userId: path.userId, kind: 'recording', bucket: services.config.buckets.uploads, object: recording })))
        return []
      if (!plan.recordings) return [] // the last of them starts the run
      const run = await openRun(trx, path, recording, plan, services)
      if (!run) return []
      try {
        if (run.problem) throw run.problem
        return await run.steps()
      } catch (error) {
        if (!(error instanceof Permanent)) throw error
        await failRun(trx, run.runId, error.code, error.message)
        return []
      }
    }),
  )
  await enqueue(services, inserted.length > 0 ? inserted : await pendingOf(path, services))
}

/** The event came before: whatever its first delivery could not enqueue is enqueued now. */
async function pendingOf(path: UploadPath, services: Services): Promise<PendingStep[]> {
  return await withDatabase(services.config.databaseUrl, (db) =>
    pendingStepsOfEpisode(db, path.userId, path.podcast, path.episode, services.pipeline.stages[0]!.step.name),
  )
}

async function openRun(trx: Knex, path: UploadPath, recording: StoredObject, plan: Plan, { pipeline, config }: Services) {
  const { userId } = path
  const podcast = await ensurePodcast(trx, userId, path.podcast, plan.podcast)
  const { title = path.episode, description = '' } = plan.episode
  const episodeId = await ensureEpisode(trx, { userId, podcastId: podcast.id, slug: path.episode, title })
  const recordings = JSON.stringify(plan.recordings)
  if (plan.recordings!.length > 0 && (await latestRunOf(trx, episodeId))?.context['recordings'] === recordings) return undefined // two arrived last, and the other was first
  const variables = variablesOf(podcastSettings(podcast.settings), plan.episode, title)
  const { problem, providers } = check(plan, variables, await providerKeys(trx, userId))
  const first = plan.recordings![0] ?? { object: recording.name, generation: recording.generation }
  const context = {
    recordingObject: first.object,
    recordingGeneration: first.generation,
    recordingHash: plan.recordings!.length > 0 ? contentHash(recordings) : recording.contentHash,
    recordings,
    recordingsAre: plan.episode.recordingsAre,
    outputRate: plan.template.output.sampleRate ?? null,
    assets: JSON.stringify(plan.assets.map(({ name, generation, contentHash }) => ({ object: name, generation, contentHash }))),
    wordsObject: plan.words?.name ?? null,
    wordsGeneration: plan.words?.generation ?? null,
    wordsHash: plan.words?.contentHash ?? null,
    coverObject: plan.cover?.name ?? null,
    coverGeneration: plan.cover?.generation ?? null,
    coverHash: plan.cover?.contentHash ?? null,
    chaptersObject: plan.chapters?.name ?? null,
    chaptersGeneration: plan.chapters?.generation ?? null,
    chaptersHash: plan.chapters?.contentHash ?? null,
    episodeFacts: factsOf(plan.episode),
    ...providers,
    variables: JSON.stringify(variables),
    decisionRevision: await decisionRevision(trx, episodeId),
    reviewed: false,
  }
  const run = await beginRun(trx, pipeline, { userId, episodeId, title, description, settings: plan.template, context })
  // Thrown, so that the event is delivered again until the live run has ended; the upload's row is rolled back with the rest.
  if (!run.started) throw new Retryable('already_running', `The episode already has a live run, ${run.runId}.`)
  return {
    ...run,
    problem:
      plan.problem ?? problem ?? (await refused(() => charge(trx, config, { userId, kind: 'runs', key: run.runId, amount: 1, runId: run.runId }))),
  }
}

async function refused(ask: () => Promise<void>): Promise<Permanent | undefined> {
  try {
    await ask()
    return undefined
  } catch (error) {
    if (error instanceof Permanent) return error
    throw error
  }
}

/** A provider without a key, or a script without its values, fails the run, once there is one to fail. */
function check(
  { template, words }: Plan,
  variables: Variables,
  keys: readonly SealedKey[],
): { providers: ReturnType<typeof chooseProviders>; problem?: Permanent } {
  try {
    scripts(template.segments, variables, template.voice)
    return { providers: chooseProviders(template, words !== undefined, keys) }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { providers: { recogniser: null, providerKeys: '{}' }, problem: error }
  }
}

async function gather(path: UploadPath, services: Services): Promise<Plan> {
  const { storage, config } = services
  const bucket = config.buckets.uploads
  const folder = uploadName(path.userId, path.podcast, path.episode, '')
  const beside = (await storage.list(bucket, folder)).filter(({ name }) => !name.slice(folder.length).includes('/'))
  const sidecars = findSidecars(beside.map(({ name }) => name.slice(folder.length)))
  const find = (file: string | undefined) => beside.find(({ name }) => file !== undefined && name === folder + file)
  const read = async (file: string, code: ErrorCode = 'bad_template'): Promise<string> => {
    const { name, generation, bytes } = find(file)!
    if (bytes > maxDocumentBytes) throw new Permanent(code, `${file} has ${bytes} bytes; a document of settings may have ${maxDocumentBytes}.`)
    return (await storage.read({ bucket, name, generation }).catch((error: unknown) => throwReplaced(file, error))).toString('utf8')
  }
  const nothing = {
    podcast: undefined,
    episode: parseEpisode('{}', 'episode.json'),
    template: defaultTemplate(),
    words: find(sidecars.words),
    cover: find(sidecars.cover),
    chapters: find(sidecars.chapters),
    assets: [],
    recordings: [],
  }
  try {
    const episode = sidecars.episode === undefined ? nothing.episode : parseEpisode(await read(sidecars.episode), sidecars.episode)
    if (sidecars.chapters !== undefined) readMarks(await read(sidecars.chapters, 'bad_chapters'), sidecars.chapters) // told now, not when the work is done
    const template = sidecars.template === undefined ? defaultTemplate() : parseTemplate(await read(sidecars.template), sidecars.template)
    return {
      ...nothing,
      podcast: sidecars.podcast === undefined ? undefined : parsePodcast(await read(sidecars.podcast), sidecars.podcast),
      episode,
      template,
      assets: await findAssets(path, template, services),
      recordings: findRecordings(episode, folder, beside),
      problem: undefined,
    }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { ...nothing, problem: error }
  }
}

/** None when the recording is one file; undefined while one of several is missing. */
function findRecordings({ recordings = [] }: EpisodeSettings, folder: string, beside: readonly StoredObject[]): RecordingPart[] | undefined {
  const found = recordings.map(({ file, gainDb, offsetSeconds }) => {
    const stored = beside.find(({ name }) => name === folder + file)
    return stored && { object: stored.name, generation: stored.generation, contentHash: stored.contentHash, gainDb, offsetSeconds }
  })
  return found.every((part) => part !== undefined) ? found : undefined
}

/** The generation that was listed is gone. */
function throwReplaced(file: string, error: unknown): never {
  if (codeOf(error) !== 'not_found') throw error
  throw new Permanent('upload_replaced', `${file} was replaced or deleted before it could be read. Upload the recording again.`, { cause: error })
}

/** The files the template names, each once, in its order. Throws `missing_asset` naming who needs it. */
async function findAssets(path: UploadPath, template: Template, { storage, config }: Services): Promise<StoredObject[]> {
  const found = new Map<string, StoredObject>()
  for (const { file, neededBy } of assetsOf(template)) {
    if (found.has(file)) continue
    const asset = await storage.stat({ bucket: config.buckets.uploads, name: uploadName(path.userId, path.podcast, assetsFolder, file) })
    if (!asset)
      throw new Permanent('missing_asset', `${neededBy} needs ${file}, which is not among the podcast's assets. Upload it, then the recording again.`)
    found.set(file, asset)
  }
  return [...found.values()]
}
