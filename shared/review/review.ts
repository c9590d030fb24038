/**
 * An episode's review: what was proposed, what waits, and taking the producer's decisions. Hides where a run keeps what the review needs,
 * and whether decisions wake a waiting run or start the episode again.
 */
import { decodeAnalysis, type Analysis } from '../audio/analysis.ts'
import type { PcmFormat } from '../audio/pcm.ts'
import { withDatabase } from '../db/connect.ts'
import { addDecisions, decisionsUpTo } from '../db/edit-decisions.ts'
import { findEpisode, lockEpisode, type Episode } from '../db/episodes.ts'
import { resumeRun } from '../db/run-changes.ts'
import { latestRunOf, lockRun, type Run } from '../db/runs.ts'
import { outputsOf, unsuspendSteps, type PendingStep } from '../db/steps.ts'
import { readFacts, runAgain } from '../episode/run.ts'
import { AlreadyRunning, Permanent } from '../errors.ts'
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
import type { Recorded } from './reel.ts'

export interface Review {
  readonly episode: Episode
  readonly run: Run
  readonly edits: EditList
  /** Empty unless the run waits. */
  readonly waiting: readonly Edit[]
  readonly analysis: Analysis
  readonly transcript: Transcript | undefined
  readonly recording: Recorded
}

/** Reads what there is to decide. Throws Permanent `not_reviewable` when the episode has not come so far. */
export async function openReview(
  { config, storage }: Pick<Services, 'config' | 'storage'>,
  episodeId: string,
): Promise<Review> {
  const bucket = config.buckets.work
  const { episode, run, decisions, answers } = await withDatabase(config.databaseUrl, async (db) => {
    const [found, latest] = [await findEpisode(db, episodeId), await latestRunOf(db, episodeId)]
    if (!found || !latest?.context['proposedObject']) throw new Permanent('not_reviewable')
    const { recordingHash, decisionRevision, questions } = latest.context
    return {
      episode: found,
      run: latest,
      decisions: await decisionsUpTo<KeptDecision>(
        db,
        episodeId,
        String(recordingHash),
        Number(decisionRevision),
      ),
      answers: answersByEdit(String(questions), await outputsOf(db, latest.id, 'answer')),
    }
  })
  const {
    proposedObject,
    analysisObject,
    transcriptObject,
    pcmObject,
    sampleRate,
    channels,
    sampleFormat,
    totalSamples,
  } = run.context
  const policy = run.settings.cleaning.review
  const { speakers } = readFacts(String(run.context['episodeFacts'] ?? '{}'))
  const proposed = await storage.readJson<EditList>({ bucket, name: String(proposedObject) })
  const edits = decideEdits(proposed, policy, answers, decisions, Number(totalSamples))
  return {
    ...{ episode, run, edits },
    waiting: run.status === 'awaiting_review' ? waitsForReview(edits, policy) : [],
    analysis: decodeAnalysis(await storage.read({ bucket, name: String(analysisObject) })),
    transcript:
      transcriptObject === null
        ? undefined
        : nameSpeakers(
            await storage.readJson<Transcript>({ bucket, name: String(transcriptObject) }),
            speakers,
          ),
    recording: {
      object: String(pcmObject),
      format: { sampleRate, channels, sampleFormat } as unknown as PcmFormat,
    },
  }
}

/** Takes a decisions file: a waiting run goes on with it, a finished episode is made again. Returns the run. */
export async function submitDecisions(
  services: Services,
  review: Review,
  text: string,
  name: string,
): Promise<string> {
  const { edits, analysis, run } = review
  const decisions = keptDecisions(parseDecisions(text, name, edits, analysis.totalSamples), edits)
  const { review: policy } = run.settings.cleaning
  // Kept for good, so they must leave something; what the show's own budget says is for the run.
  checkBudget(
    decideEdits(edits, policy, new Map(), decisions, analysis.totalSamples),
    analysis.speech,
    analysis.totalSamples,
    1,
  )
  const { runId, steps } = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) => take(trx, services, review, decisions)),
  )
  await offer(services, runId, steps)
  return runId
}

type Transaction = Parameters<typeof lockRun>[0]

async function take(
  trx: Transaction,
  { pipeline }: Services,
  { episode, run: seen }: Review,
  decisions: readonly KeptDecision[],
): Promise<{ runId: string; steps: PendingStep[] }> {
  const run = await lockRun(trx, seen.id)
  await lockEpisode(trx, episode.id)
  const revision = await addDecisions(trx, episode.id, String(seen.context['recordingHash']), decisions)
  const taken = { decisionRevision: revision, reviewed: true }
  if (run?.status === 'awaiting_review' && (await resumeRun(trx, seen.id, taken)))
    return { runId: seen.id, steps: await unsuspendSteps(trx, seen.id, taken) }
  const again = await runAgain(trx, pipeline, episode.id, { reviewed: true })
  if (!again.started) throw new AlreadyRunning(again.runId)
  return again
}
