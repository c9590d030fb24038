/**
 * An episode's review: what was proposed, what waits, and taking the producer's decisions. Hides where a run
 * keeps what the review needs, and whether decisions wake a waiting run or start the episode again.
 */
import type { Knex } from 'knex'
import { decodeAnalysis } from '../audio/analysis-file.ts'
import type { Analysis } from '../audio/analysis.ts'
import { withDatabase } from '../db/connect.ts'
import { addDecisions, decisionsUpTo } from '../db/edit-decisions.ts'
import { findEpisode, type Episode } from '../db/episodes.ts'
import { resumeRun } from '../db/run-changes.ts'
import { isPurged } from '../db/purges.ts'
import { finishedRunOf, latestRunOf, lockRun, type Run } from '../db/runs.ts'
import { outputsOf, resumeSteps, type PendingStep } from '../db/steps.ts'
import { runAgain } from '../episode/run.ts'
import { toTimelineSource, unrestoredRecording } from '../episode/recording.ts'
import type { RestorationReport } from '../episode/restoring.ts'
import { readContext } from '../episode/run-context.ts'
import { speakersNamed } from '../episode/taken.ts'
import { Missing, Permanent } from '../errors.ts'
import { runSettings } from '../settings/settings.ts'
import { offer } from '../engine/enqueue.ts'
import type { Services } from '../engine/services.ts'
import {
  answersByEdit,
  decideEdits,
  keptDecisions,
  takenBy,
  waitsForReview,
  withDecisions,
  withRest,
  type KeptDecision,
} from '../edits/decisions.ts'
import { parseDecisionsFile, type Rest } from '../edits/decisions-file.ts'
import { checkBudget, type Edit, type EditList } from '../edits/edits.ts'
import { nameSpeakers } from '../words/captions.ts'
import type { Transcript } from '../words/words.ts'
import type { TimelineSource } from '../timeline/timeline.ts'

/** The edits of an episode as they stand, and how they came to. */
export interface EditsUnderReview {
  readonly episode: Episode
  readonly run: Run
  readonly edits: EditList
  /** Empty unless the run waits. */
  readonly waiting: readonly Edit[]
  /** Those that the run knows, oldest first. */
  readonly decisions: readonly KeptDecision[]
  readonly recording: TimelineSource
  /** The recording before anything was restored; null where nothing was. */
  readonly unrestored: TimelineSource | null
  /** Where the episode is laid out; null before it is. */
  readonly timelineObject: string | null
}

export interface Speaker {
  /** What the words say. */
  readonly label: string
  /** What is shown instead. */
  readonly name: string
  /** How sure it is, 0 to 1, that the voice is that of earlier episodes which has the name; null where the name was given. */
  readonly sureness: number | null
}

export interface Review extends EditsUnderReview {
  readonly analysis: Analysis
  readonly transcript: Transcript | undefined
  /** What the words call their speakers, and what they are called. */
  readonly speakers: readonly Speaker[]
  /** What was found in the sound and done about it; undefined where nobody looked. */
  readonly restoration: RestorationReport | undefined
}

/** What of a run's context the review needs. */
const reviewed = [
  'recordingHash',
  'decisionRevision',
  'questions',
  'proposedObject',
  'analysisObject',
  'transcriptObject',
  'pcmObject',
  'sampleRate',
  'channels',
  'sampleFormat',
  'totalSamples',
  'planObject',
  'restorationObject',
  'episodeFacts',
] as const

type Context = ReturnType<typeof readContext<(typeof reviewed)[number]>>
export type Reading = Pick<Services, 'config' | 'storage'>

/** What the run of an episode that was made last knows. */
export interface Latest {
  readonly episode: Episode
  readonly run: Run
  readonly context: Context
  readonly decisions: readonly KeptDecision[]
  readonly answers: ReadonlyMap<string, string>
  readonly unrestored: TimelineSource | null
}

/** Throws Permanent `not_reviewable` when the episode has not come so far, or what it was made with is gone. */
export const latestOf = ({ config }: Reading, episodeId: string): Promise<Latest> =>
  withDatabase(config.databaseUrl, async (db) => {
    const [found, latest] = [await findEpisode(db, episodeId), await reviewedRunOf(db, episodeId)]
    if (!found || !latest?.context['proposedObject']) throw new Permanent('not_reviewable')
    if (await isPurged(db, latest.id))
      throw new Permanent(
        'not_reviewable',
        'The working files of this episode were cleared away some time after it was published. Make it again first.',
      )
    const context = readContext(latest.context, ...reviewed)
    const { recordingHash, decisionRevision, questions, planObject } = context
    return {
      episode: found,
      run: latest,
      context,
      decisions: await decisionsUpTo<KeptDecision>(db, episodeId, recordingHash, decisionRevision),
      answers: answersByEdit(questions, await outputsOf(db, latest.id, 'answer')),
      unrestored: planObject === null ? null : toTimelineSource(await unrestoredRecording(db, latest.id)),
    }
  })

/** Behind a run that failed before there was anything to decide, the one that made what the episode is. */
async function reviewedRunOf(db: Knex, episodeId: string): Promise<Run | undefined> {
  const latest = await latestRunOf(db, episodeId)
  return latest?.status === 'failed' && latest.context['proposedObject'] === undefined
    ? await finishedRunOf(db, episodeId)
    : latest
}

/** Reads what there is to decide. Throws Permanent `not_reviewable` when the episode has not come so far. */
export async function openReview(services: Reading, episodeId: string): Promise<Review> {
  const { storage, config } = services
  const bucket = config.buckets.work
  const latest = await latestOf(services, episodeId)
  const { transcriptObject, analysisObject, episodeFacts } = latest.context
  const [edits, transcript, analysis, restoration] = await Promise.all([
    editsOf(services, latest),
    transcriptObject === null ? undefined : storage.readJson<Transcript>({ bucket, name: transcriptObject }),
    storage.read({ bucket, name: analysisObject }).then(decodeAnalysis),
    reportOf(services, latest),
  ]).catch(sayWhatIsMissing)
  const names = speakersNamed(episodeFacts.speakers, takenBy(latest.decisions) ?? {})
  const named = transcript && nameSpeakers(transcript, names)
  const speakers = speakersOf(transcript, named, names)
  return { ...edits, analysis, restoration, speakers, transcript: named }
}

/** In the order in which they are first heard. `given` are the names that are no suggestions. */
function speakersOf(
  said: Transcript | undefined,
  named: Transcript | undefined,
  given: Readonly<Record<string, string>>,
): Speaker[] {
  const names = new Map(said?.words.map(({ speaker }, i) => [speaker, named!.words[i]!.speaker]))
  const likes = new Map(said?.voices?.map(({ label, like }) => [label, like?.sureness]))
  return [...names].flatMap(([label, name]) =>
    label === null
      ? []
      : [
          {
            label,
            name: name ?? label,
            sureness: Object.hasOwn(given, label) ? null : (likes.get(label) ?? null),
          },
        ],
  )
}

async function reportOf(
  { storage, config }: Reading,
  { context }: Latest,
): Promise<RestorationReport | undefined> {
  const { restorationObject: name } = context
  return name === null ? undefined : await storage.readJson({ bucket: config.buckets.work, name })
}

/** What was found in an episode's sound and done about it. Throws as `openReview` does. */
export const openRestoration = async (
  services: Reading,
  episodeId: string,
): Promise<RestorationReport | undefined> =>
  await reportOf(services, await latestOf(services, episodeId)).catch(sayWhatIsMissing)

/** The edits alone, for who needs neither words nor waveform. Throws as `openReview` does. */
export const openEdits = async (services: Reading, episodeId: string): Promise<EditsUnderReview> =>
  await editsOf(services, await latestOf(services, episodeId)).catch(sayWhatIsMissing)

/** Where the recording's analysis lies, and what was done to its sound, if anything was. Throws as `openReview` does. */
export const shapeObjectsOf = async (
  services: Reading,
  episodeId: string,
): Promise<Pick<Context, 'analysisObject' | 'planObject'>> => (await latestOf(services, episodeId)).context

async function editsOf(
  { storage, config }: Reading,
  { episode, run, context, decisions, answers, unrestored }: Latest,
): Promise<EditsUnderReview> {
  const { totalSamples } = context
  const { review: policy } = runSettings(run.settings).cleaning
  const proposed = await storage.readJson<EditList>({
    bucket: config.buckets.work,
    name: context.proposedObject,
  })
  const edits = decideEdits(proposed, policy, answers, decisions, totalSamples)
  return {
    episode,
    run,
    edits,
    decisions,
    waiting: run.status === 'awaiting_review' ? waitsForReview(edits, policy) : [],
    recording: toTimelineSource(context),
    unrestored,
    timelineObject: (run.context['timelineObject'] as string | undefined) ?? null,
  }
}

export function sayWhatIsMissing(error: unknown): never {
  if (!(error instanceof Missing)) throw error
  throw new Permanent(
    'not_reviewable',
    'A working file of this episode is missing. Make it again first: what is missing is made anew.',
    { cause: error },
  )
}

export interface Submitted {
  /** The run that goes on, or was started. */
  readonly runId: string
  /** How many edits the run will wait for again, since nothing was said of them. */
  readonly left: number
}

/**
 * Takes a decisions file: a waiting run goes on with it, a finished episode is made again. What waits and is left open goes
 * on waiting, unless the file says what becomes of the rest (`given`: unless the file says it itself).
 */
export async function submitDecisions(
  services: Services,
  review: Review,
  text: string,
  name: string,
  given?: Rest,
): Promise<Submitted> {
  const { edits, analysis, run } = review
  const file = parseDecisionsFile(text, name, edits, analysis.totalSamples)
  const rest = given ?? file.rest
  const decisions = keptDecisions(withRest({ ...file, rest }, edits, analysis.totalSamples), edits)
  // Kept for good, so they must leave something; what the show's own budget says is for the run.
  const decided = withDecisions(edits, decisions, analysis.totalSamples)
  checkBudget(decided, analysis.speech, analysis.totalSamples, 1)
  const open = waitsForReview(decided, runSettings(run.settings).cleaning.review)
  // also of one that was cancelled while it waited: nobody has said of these that they may stay as they are
  const left = run.context['reviewed'] === true ? 0 : open.length
  const { runId, steps } = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) => record(trx, services, review, decisions, left === 0)),
  )
  await offer(services, runId, steps)
  return { runId, left }
}

async function record(
  trx: Knex,
  services: Services,
  { episode, run: seen }: Review,
  decisions: readonly KeptDecision[],
  reviewed: boolean,
): Promise<{ runId: string; steps: PendingStep[] }> {
  const run = (await lockRun(trx, seen.id))!
  const { recordingHash } = readContext(run.context, 'recordingHash')
  const revision = await addDecisions(trx, episode.id, recordingHash, decisions)
  const taken = { decisionRevision: revision, reviewed }
  if (run.status === 'awaiting_review' && (await resumeRun(trx, run.id, taken)))
    return { runId: run.id, steps: await resumeSteps(trx, run.id, taken) }
  return await runAgain(trx, services, run, { reviewed })
}
