/**
 * An episode's review: what was proposed, what waits, and taking the producer's decisions. Hides where a run
 * keeps what the review needs, and whether decisions wake a waiting run or start the episode again.
 */
import type { Knex } from 'knex'
import { decodeAnalysis, type Analysis } from '../audio/analysis.ts'
import { withDatabase } from '../db/connect.ts'
import { addDecisions, decisionsUpTo } from '../db/edit-decisions.ts'
import { findEpisode, lockEpisode, type Episode } from '../db/episodes.ts'
import { resumeRun } from '../db/run-changes.ts'
import { isPurged } from '../db/purges.ts'
import { latestRunOf, lockRun, type Run } from '../db/runs.ts'
import { outputsOf, resumeSteps, type PendingStep } from '../db/steps.ts'
import { runAgain } from '../episode/run.ts'
import { readContext } from '../episode/run-context.ts'
import { Missing, Permanent } from '../errors.ts'
import { runSettings } from '../settings/settings.ts'
import { offer } from '../engine/enqueue.ts'
import type { Services } from '../engine/services.ts'
import {
  answersByEdit,
  decideEdits,
  keptDecisions,
  parseDecisions,
  waitsForReview,
  type KeptDecision,
} from '../edits/decisions.ts'
import { checkBudget, type Edit, type EditList } from '../edits/edits.ts'
import { nameSpeakers } from '../words/captions.ts'
import type { Transcript } from '../words/words.ts'
import type { TimelineSource } from '../timeline/timeline.ts'

export interface Review {
  readonly episode: Episode
  readonly run: Run
  readonly edits: EditList
  /** Empty unless the run waits. */
  readonly waiting: readonly Edit[]
  readonly analysis: Analysis
  readonly transcript: Transcript | undefined
  readonly recording: TimelineSource
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
  'episodeFacts',
] as const

/** Reads what there is to decide. Throws Permanent `not_reviewable` when the episode has not come so far. */
export async function openReview(
  { config, storage }: Pick<Services, 'config' | 'storage'>,
  episodeId: string,
): Promise<Review> {
  const bucket = config.buckets.work
  const { episode, run, context, decisions, answers } = await withDatabase(config.databaseUrl, async (db) => {
    const [found, latest] = [await findEpisode(db, episodeId), await latestRunOf(db, episodeId)]
    if (!found || !latest?.context['proposedObject']) throw new Permanent('not_reviewable')
    if (await isPurged(db, latest.id))
      throw new Permanent(
        'not_reviewable',
        'The working files of this episode were cleared away some time after it was published. Make it again first.',
      )
    const context = readContext(latest.context, ...reviewed)
    const { recordingHash, decisionRevision, questions } = context
    return {
      episode: found,
      run: latest,
      context,
      decisions: await decisionsUpTo<KeptDecision>(db, episodeId, recordingHash, decisionRevision),
      answers: answersByEdit(questions, await outputsOf(db, latest.id, 'answer')),
    }
  })
  const { analysisObject, transcriptObject, pcmObject, sampleRate, channels, sampleFormat } = context
  const { review: policy } = runSettings(run.settings).cleaning
  const [proposed, transcript, analysis] = await Promise.all([
    storage.readJson<EditList>({ bucket, name: context.proposedObject }),
    transcriptObject === null ? undefined : storage.readJson<Transcript>({ bucket, name: transcriptObject }),
    storage.read({ bucket, name: analysisObject }).then(decodeAnalysis),
  ]).catch(sayWhatIsMissing)
  const edits = decideEdits(proposed, policy, answers, decisions, context.totalSamples)
  return {
    episode,
    run,
    edits,
    waiting: run.status === 'awaiting_review' ? waitsForReview(edits, policy) : [],
    analysis,
    transcript: transcript && nameSpeakers(transcript, context.episodeFacts.speakers),
    recording: {
      object: pcmObject,
      format: { sampleRate, channels, sampleFormat },
      totalSamples: context.totalSamples,
    },
  }
}

function sayWhatIsMissing(error: unknown): never {
  if (!(error instanceof Missing)) throw error
  throw new Permanent(
    'not_reviewable',
    'A working file of this episode is missing. Make it again first: what is missing is made anew.',
    { cause: error },
  )
}

/**
 * Takes a decisions file: a waiting run goes on with it, a finished episode is made again. Returns the run.
 */
export async function submitDecisions(
  services: Services,
  review: Review,
  text: string,
  name: string,
): Promise<string> {
  const { edits, analysis, run } = review
  const decisions = keptDecisions(parseDecisions(text, name, edits, analysis.totalSamples), edits)
  const { review: policy } = runSettings(run.settings).cleaning
  // Kept for good, so they must leave something; what the show's own budget says is for the run.
  checkBudget(
    decideEdits(edits, policy, new Map(), decisions, analysis.totalSamples),
    analysis.speech,
    analysis.totalSamples,
    1,
  )
  const { runId, steps } = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) => record(trx, services, review, decisions)),
  )
  await offer(services, runId, steps)
  return runId
}

async function record(
  trx: Knex,
  services: Services,
  { episode, run: seen }: Review,
  decisions: readonly KeptDecision[],
): Promise<{ runId: string; steps: PendingStep[] }> {
  const run = (await lockRun(trx, seen.id))!
  await lockEpisode(trx, episode.id)
  const { recordingHash } = readContext(run.context, 'recordingHash')
  const revision = await addDecisions(trx, episode.id, recordingHash, decisions)
  const taken = { decisionRevision: revision, reviewed: true }
  if (run.status === 'awaiting_review' && (await resumeRun(trx, run.id, taken)))
    return { runId: run.id, steps: await resumeSteps(trx, run.id, taken) }
  return await runAgain(trx, services, run, { reviewed: true })
}
