/**
 * How a run of an episode begins: from an upload, or again from what an earlier run was given. Hides which
 * scalars a run starts with.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import type { Config } from '../config.ts'
import { aboutOf, type AboutEpisode } from '../db/about-episodes.ts'
import { beginEpisode, ensureEpisode, publicationOf } from '../db/episodes.ts'
import { ensurePodcast, findPodcastNamed } from '../db/podcasts.ts'
import { decisionRevision } from '../db/edit-decisions.ts'
import type { KeptLetter } from '../db/letters.ts'
import { providerKeys, type SealedKey } from '../db/provider-keys.ts'
import { failRun, supersedeRun } from '../db/run-changes.ts'
import { latestRunOf, startRun, type Run } from '../db/runs.ts'
import { insertSteps, type PendingStep } from '../db/steps.ts'
import { chooseModel, type Ears } from '../ears/installed.ts'
import type { EpisodePlan } from './plan.ts'
import { aboutIn, factsOf, uploadsOf, variablesOf, versionsOf } from './given.ts'
import { Permanent, Retryable } from '../errors.ts'
import { asSeen, type UploadPath } from '../objects.ts'
import { partsOf, type Pipeline } from '../engine/pipeline.ts'
import { chooseProviders, keysFor, type ChosenProviders } from '../providers/choose.ts'
import { alreadyRunning } from './already-running.ts'
import { earlierWord, stillHeldFor } from './earlier-word.ts'
import { lettersRead } from './letters-read.ts'
import { givenBefore } from './given-before.ts'
import { publishTold, saidBefore } from './said-before.ts'
import { charge } from './quota.ts'
import type { Variables } from '../settings/script.ts'
import { proposesAnything } from '../settings/needs.ts'
import { detailsOf, pastTime, standing } from '../settings/episode.ts'
import { podcastSettings } from '../settings/podcast.ts'
import { restoresAnything } from '../settings/restore.ts'
import { localRecogniser, type RunSettings } from '../settings/settings.ts'
import type { Services } from '../engine/services.ts'
import type { StoredObject } from '../storage.ts'
import { scripts } from '../show/spoken.ts'
import { readContext, startContext, toScalars, type StartContext } from './run-context.ts'

/** Starts the episode's one live run with its first step's rows; when another is live, says which. */
async function beginRun(
  trx: Knex,
  pipeline: Pipeline,
  begin: {
    userId: string
    episodeId: string
    about: AboutEpisode
    settings: RunSettings
    context: StartContext
    warnings?: readonly Warning[]
  },
): Promise<{ runId: string; started: boolean; steps: () => Promise<PendingStep[]> }> {
  const { episodeId, about, warnings = [] } = begin
  const context = toScalars(begin.context)
  const { runId, started } = await startRun(trx, { ...begin, context, warnings })
  if (started) await beginEpisode(trx, episodeId, about)
  return { runId, started, steps: () => insertSteps(trx, runId, partsOf(pipeline.stages[0]!, context)) }
}

/**
 * Starts a run of the same episode with what an earlier run was given, under the producer's newest decisions;
 * it counts as a start. Everything still valid is reused. Throws AlreadyRunning with the live run's id;
 * Permanent `rate_limited`.
 */
export async function runAgain(
  trx: Knex,
  { pipeline, config }: Pick<Services, 'pipeline' | 'config'>,
  earlier: Run,
  changes: Partial<Pick<StartContext, 'reviewed'>> = {},
): Promise<{ runId: string; steps: PendingStep[] }> {
  const { userId, settings } = earlier
  const episodeId = earlier.episodeId!
  const given = startContext.parse(earlier.context)
  const context = {
    ...given,
    providerKeys: keysFor(settings, given.recogniser, await providerKeys(trx, userId)),
    decisionRevision: await decisionRevision(trx, episodeId),
    heldFor: stillHeldFor(await publicationOf(trx, episodeId), given.heldFor),
    publication: null,
    madeBy: versionsOf(pipeline),
    ...changes,
  }
  const begin = { userId, episodeId, about: await aboutOf(trx, earlier.id), settings, context }
  const { runId, started, steps } = await beginRun(trx, pipeline, begin)
  if (!started) throw await alreadyRunning(trx, runId)
  await charge(trx, config, { userId, kind: 'runs', key: runId, amount: 1, runId })
  return { runId, steps: await steps() }
}

/**
 * Starts the run of a planned episode; one that cannot go on is there as failed, so that its producer learns
 * of it. Undefined as for `openRun`.
 */
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
 * Opens the run of a recording that has arrived, with its podcast and episode. Undefined when another of its
 * files was faster. `problem` is why the run cannot go on.
 */
async function openRun(
  trx: Knex,
  path: UploadPath,
  recording: StoredObject,
  plan: EpisodePlan,
  { pipeline, config }: Pick<Services, 'pipeline' | 'config'>,
  /** Of an episode that is made anew: what is said of it stays, the day that its scripts speak of too. */
  said?: Said,
) {
  const { userId } = path
  const { rememberVoices = false } = plan.template.transcription
  const show = asSeen(path.podcast)
  const known = await findPodcastNamed(trx, userId, show)
  const slug = asSeen(path.episode)
  const episode = standing(plan.said, await saidBefore(trx, path, said?.made))
  const today = variablesOf(podcastSettings(plan.podcast ?? known?.settings ?? {}), episode, slug)
  const then = said && readContext(said.made.context, 'variables').variables
  const date = episode.date === undefined ? then?.['date'] : undefined
  const variables = date === undefined ? today : { ...today, date }
  const {
    letters,
    settings,
    warnings: aboutLetters,
  } = await lettersRead(trx, path, { episode, template: plan.template })
  const model = await modelFor(config.ears, settings.transcription)
  const { problem, providers } = check(
    { ...plan, template: settings },
    variables,
    letters,
    await providerKeys(trx, userId),
    model !== undefined,
  )
  const isBroken = (plan.problem ?? problem) !== undefined
  // an episode that cannot begin changes nothing of a show that is there
  const kept = isBroken ? known : undefined
  const podcast = kept ?? (await ensurePodcast(trx, userId, show, plan.podcast, rememberVoices))
  const { title: named = slug } = episode
  const there = await ensureEpisode(trx, { userId, podcastId: podcast.id, slug, title: named })
  const { id: episodeId } = there
  const latest = await latestRunOf(trx, episodeId)
  // Two files of one recording arrived last, and the other was first.
  if (!said && isSameAs(latest, plan)) return undefined
  const before = said?.about ?? (latest ? await aboutOf(trx, latest.id) : there)
  const about = aboutIn(episode, before, said?.about.given)
  const { warnings: missing, heldFor } = await givenBefore(trx, latest, plan)
  const wish = plan.said.publish ?? undefined
  const { supersededTime, heldBack } = await earlierWord(trx, latest, wish)
  const context = {
    ...uploadsOf(plan, recording),
    outputRate: plan.template.output.sampleRate ?? null,
    restores: restoresAnything(plan.template.restore),
    proposes: proposesAnything(plan.template),
    episodeFacts: factsOf(episode),
    ...providers,
    ...(providers.recogniser === localRecogniser
      ? { recogniserModel: model!.name, recogniserDigest: model!.digest }
      : { recogniserModel: null, recogniserDigest: null }),
    variables: { ...variables, episode_title: about.title },
    letters: letters.map(({ id }) => id),
    decisionRevision: await decisionRevision(trx, episodeId),
    publish: episode.publish ?? null,
    supersededTime,
    heldFor: heldBack ?? heldFor,
    publication: null,
    madeBy: versionsOf(pipeline),
    unplanned: isBroken,
    reviewed: false,
  }
  const begin = {
    ...{ userId, episodeId, settings, context },
    about: { ...about, details: detailsOf(episode) },
    warnings: [...plan.warnings, ...aboutLetters, ...missing],
  }
  let run = await beginRun(trx, pipeline, begin)
  // What waits for its producer would wait for ever if they have recorded it anew.
  if (!run.started && (await supersedeRun(trx, run.runId))) run = await beginRun(trx, pipeline, begin)
  // Thrown, so that the event is delivered again until the live run has ended; the upload's row is rolled
  // back with the rest.
  if (!run.started)
    throw new Retryable('already_running', `The episode already has a live run, ${run.runId}.`)
  const told = wish === undefined ? null : await publishTold(trx, episodeId)
  const why = plan.problem ?? problem ?? pastTime('episode.json', wish, told)
  return { ...run, problem: why ?? (await refusedStart(trx, config, userId, run.runId)) }
}

/** What stays of an episode that is made anew. */
export interface Said {
  /** The run that made it: what its files do not say now stands as that was told. */
  readonly made: Run
  readonly about: AboutEpisode
}

/** Whether the run was started by another file of the same recording. */
function isSameAs(latest: Run | undefined, { recordings = [] }: EpisodePlan): boolean {
  if (!latest || recordings.length === 0) return false
  const earlier = readContext(latest.context, 'recordings', 'unplanned')
  return !earlier.unplanned && JSON.stringify(earlier.recordings) === JSON.stringify(recordings)
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

/** A model that is named is meant when `local` is; what else is named as one is a vendor's. */
const modelFor = (ears: Ears, { provider, model }: RunSettings['transcription']) =>
  chooseModel(ears, provider === localRecogniser ? model : undefined)

/** A provider without a key, or a script without its values, fails the run, once there is one to fail. */
function check(
  { template, words }: Pick<EpisodePlan, 'template' | 'words'>,
  variables: Variables,
  letters: readonly KeptLetter[],
  keys: readonly SealedKey[],
  hasModel: boolean,
): { providers: ChosenProviders; problem?: Permanent } {
  try {
    scripts(template.segments, variables, letters, template.voice)
    return { providers: chooseProviders(template, words !== undefined, keys, hasModel) }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { providers: { recogniser: null, providerKeys: {} }, problem: error }
  }
}
