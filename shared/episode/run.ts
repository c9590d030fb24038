/**
 * How a run of an episode begins: from an upload, or again from what an earlier run was given. Hides which scalars a run starts with.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { beginEpisode, ensureEpisode, findEpisode } from '../db/episodes.ts'
import { ensurePodcast } from '../db/podcasts.ts'
import { decisionRevision } from '../db/edit-decisions.ts'
import { lettersById, newestLetters, type KeptLetter } from '../db/letters.ts'
import { providerKeys, type SealedKey } from '../db/provider-keys.ts'
import { failRun } from '../db/run-changes.ts'
import { latestRunOf, startRun } from '../db/runs.ts'
import { insertSteps, type PendingStep } from '../db/steps.ts'
import { pinned, type EpisodePlan } from './plan.ts'
import { Permanent, Retryable } from '../errors.ts'
import { contentHash } from '../hash.ts'
import type { UploadPath } from '../objects.ts'
import { partsOf, type Pipeline } from '../engine/pipeline.ts'
import { chooseProviders, newestKeys, type ChosenProviders } from '../providers/choose.ts'
import { charge } from './quota.ts'
import type { Variables } from '../settings/script.ts'
import {
  lettersWanted,
  podcastSettings,
  type EpisodeSettings,
  type PodcastSettings,
  type RunSettings,
} from '../settings/settings.ts'
import type { Services } from '../engine/services.ts'
import type { StoredObject } from '../storage.ts'
import { scripts } from '../show/spoken.ts'

const generation = z.string().nullable()

/** What a run is told before its first step; whatever else is in its context, steps passed on. */
const startScalars = z.object({
  recordingObject: z.string(),
  recordingGeneration: z.string(),
  recordingHash: z.string(),
  /** Every file of a recording that has several, as JSON, and what they are to one another. */
  recordings: z.string(),
  recordingsAre: z.enum(['sequence', 'tracks']),
  outputRate: z.number().nullable(),
  assets: z.string(),
  wordsObject: z.string().nullable(),
  wordsGeneration: generation,
  wordsHash: z.string().nullable(),
  coverObject: z.string().nullable(),
  coverGeneration: generation,
  coverHash: z.string().nullable(),
  chaptersObject: z.string().nullable().default(null),
  chaptersGeneration: generation.default(null),
  chaptersHash: z.string().nullable().default(null),
  /** Chapters' pictures, as JSON. */
  pictures: z.string().default('[]'),
  /** What its producer says of the episode besides title and description, as JSON. */
  episodeFacts: z.string().default('{}'),
  /** Who transcribes; null when nobody does. */
  recogniser: z.string().nullable(),
  /** The user's sealed keys of the providers that this run may ask, as JSON by provider. */
  providerKeys: z.string(),
  /** What scripts may name, as JSON. */
  variables: z.string(),
  /** The letters that are read out, as JSON. */
  letters: z.string().default('[]'),
  /** The producer's decisions that count in this run. */
  decisionRevision: z.number(),
  /** The run could not even begin as its producer wanted; made again, it is planned anew. */
  unplanned: z.boolean().default(false),
  /** Whether the producer has looked: what is still open then stays undone, and the run goes on. */
  reviewed: z.boolean(),
})

export type StartScalars = z.infer<typeof startScalars>

const episodeFacts = z.object({
  number: z.number().optional(),
  season: z.number().optional(),
  /** ISO 8601. */
  date: z.string().optional(),
  /** Names by what the transcript calls the speakers. */
  speakers: z.record(z.string(), z.string()).default({}),
})
export type EpisodeFacts = z.infer<typeof episodeFacts>

export const factsOf = ({ number, season, date, speakers }: EpisodeSettings): string =>
  JSON.stringify({ number, season, date, speakers })
export const readFacts = (text: string): EpisodeFacts => episodeFacts.parse(JSON.parse(text))

/** What scripts may say of this episode, on the day its run starts. */
export function variablesOf(
  podcast: PodcastSettings,
  { number, season, guest, date }: EpisodeSettings,
  title: string,
): Variables {
  const day = new Intl.DateTimeFormat(podcast.language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    date === undefined ? new Date() : new Date(date),
  )
  return {
    ...{ podcast_name: podcast.title, episode_title: title, date: day },
    ...(number === undefined ? {} : { episode_number: String(number) }),
    ...(season === undefined ? {} : { season_number: String(season) }),
    ...(guest === undefined ? {} : { guest }),
  }
}

/** Starts the episode's one live run with its first step's rows; when another is live, says which. */
export async function beginRun(
  trx: Knex,
  pipeline: Pipeline,
  begin: {
    userId: string
    episodeId: string
    title: string
    description: string
    settings: RunSettings
    context: StartScalars
  },
): Promise<{ runId: string; started: boolean; steps: () => Promise<PendingStep[]> }> {
  const { userId, episodeId, settings, context } = begin
  const { runId, started } = await startRun(trx, { userId, episodeId, settings, context, warnings: [] })
  if (started) await beginEpisode(trx, episodeId, begin)
  return { runId, started, steps: () => insertSteps(trx, runId, partsOf(pipeline.stages[0]!, context)) }
}

/** Starts a run of the same episode with what its latest run was given, under the producer's newest decisions. Everything still valid is reused. */
export async function runAgain(
  trx: Knex,
  pipeline: Pipeline,
  episodeId: string,
  changes: Partial<Pick<StartScalars, 'reviewed'>>,
): Promise<{ runId: string; started: boolean; steps: PendingStep[] }> {
  const [episode, latest] = [await findEpisode(trx, episodeId), await latestRunOf(trx, episodeId)]
  if (!episode || !latest) throw new Permanent('not_found', 'The episode has never been run.')
  const given = startScalars.parse(latest.context)
  const context = {
    ...given,
    providerKeys: newestKeys(given.providerKeys, await providerKeys(trx, latest.userId)),
    decisionRevision: await decisionRevision(trx, episodeId),
    ...changes,
  }
  const { userId, title, description } = episode
  const run = await beginRun(trx, pipeline, {
    userId,
    episodeId,
    title,
    description,
    settings: latest.settings,
    context,
  })
  return { ...run, steps: run.started ? await run.steps() : [] }
}

/** Starts the run of a planned episode; one that cannot go on is there as failed, so that its producer learns of it. Undefined as for `openRun`. */
export async function startPlanned(
  ...planned: Parameters<typeof openRun>
): Promise<{ runId: string; steps: PendingStep[] } | undefined> {
  const run = await openRun(...planned)
  if (!run) return undefined
  try {
    if (run.problem) throw run.problem
    return { runId: run.runId, steps: await run.steps() }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    await failRun(planned[0], run.runId, error.code, error.message)
    return { runId: run.runId, steps: [] }
  }
}

/**
 * Opens the run of a recording that has arrived, with its podcast and episode. Undefined when another of its files was faster.
 * `problem` is why the run cannot go on.
 */
async function openRun(
  trx: Knex,
  path: UploadPath,
  recording: StoredObject,
  plan: EpisodePlan,
  { pipeline, config }: Pick<Services, 'pipeline' | 'config'>,
) {
  const { userId } = path
  const podcast = await ensurePodcast(trx, userId, path.podcast, plan.podcast)
  const { title = path.episode, description = '' } = plan.episode
  const episodeId = await ensureEpisode(trx, { userId, podcastId: podcast.id, slug: path.episode, title })
  const recordings = JSON.stringify(plan.recordings)
  const latest = await latestRunOf(trx, episodeId)
  const isTheSame =
    plan.recordings!.length > 0 &&
    latest?.context['recordings'] === recordings &&
    latest.context['unplanned'] !== true
  if (isTheSame) return undefined // two arrived last, and the other was first
  const variables = variablesOf(podcastSettings(podcast.settings), plan.episode, title)
  const letters = await lettersFor(trx, userId, plan)
  const { problem, providers } = check(plan, variables, letters, await providerKeys(trx, userId))
  const first = plan.recordings![0] ?? { object: recording.name, generation: recording.generation }
  const context = {
    recordingObject: first.object,
    recordingGeneration: first.generation,
    recordingHash: plan.recordings!.length > 0 ? contentHash(recordings) : recording.contentHash,
    recordings,
    recordingsAre: plan.episode.recordingsAre,
    outputRate: plan.template.output.sampleRate ?? null,
    assets: JSON.stringify(plan.assets.map(pinned)),
    wordsObject: plan.words?.name ?? null,
    wordsGeneration: plan.words?.generation ?? null,
    wordsHash: plan.words?.contentHash ?? null,
    coverObject: plan.cover?.name ?? null,
    coverGeneration: plan.cover?.generation ?? null,
    coverHash: plan.cover?.contentHash ?? null,
    chaptersObject: plan.chapters?.name ?? null,
    chaptersGeneration: plan.chapters?.generation ?? null,
    chaptersHash: plan.chapters?.contentHash ?? null,
    pictures: JSON.stringify(plan.pictures.map(pinned)),
    episodeFacts: factsOf(plan.episode),
    ...providers,
    variables: JSON.stringify(variables),
    letters: JSON.stringify(letters.map(({ id }) => id)),
    decisionRevision: await decisionRevision(trx, episodeId),
    unplanned: (plan.problem ?? problem) !== undefined,
    reviewed: false,
  }
  const run = await beginRun(trx, pipeline, {
    userId,
    episodeId,
    title,
    description,
    settings: plan.template,
    context,
  })
  // Thrown, so that the event is delivered again until the live run has ended; the upload's row is rolled back with the rest.
  if (!run.started)
    throw new Retryable('already_running', `The episode already has a live run, ${run.runId}.`)
  return { ...run, problem: plan.problem ?? problem ?? (await refusedStart(trx, config, userId, run.runId)) }
}

/** The letters that the template reads out: those the episode names, or the newest. */
async function lettersFor(
  trx: Knex,
  userId: string,
  { episode, template }: EpisodePlan,
): Promise<KeptLetter[]> {
  const wanted = lettersWanted(template)
  if (wanted === 0) return []
  return await lettersById(trx, userId, episode.letters ?? (await newestLetters(trx, userId, wanted)))
}

/** Counts the start of a run against what its user may start; the reason when that is too many. */
export async function refusedStart(
  trx: Knex,
  config: Config,
  userId: string,
  runId: string,
): Promise<Permanent | undefined> {
  try {
    await charge(trx, config, { userId, kind: 'runs', key: runId, amount: 1, runId })
    return undefined
  } catch (error) {
    if (error instanceof Permanent) return error
    throw error
  }
}

/** A provider without a key, or a script without its values, fails the run, once there is one to fail. */
function check(
  { template, words }: EpisodePlan,
  variables: Variables,
  letters: readonly KeptLetter[],
  keys: readonly SealedKey[],
): { providers: ChosenProviders; problem?: Permanent } {
  try {
    scripts(template.segments, variables, letters, template.voice)
    return { providers: chooseProviders(template, words !== undefined, keys) }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { providers: { recogniser: null, providerKeys: '{}' }, problem: error }
  }
}
