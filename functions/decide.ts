/**
 * Step `decide`: proposals + answers + the producer's decisions → the edits that are made, and everything
 * that a voice has to speak. May wait for the producer.
 */
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import type { Warning } from '../shared/codes.ts'
import { decisionsUpTo } from '../shared/db/edit-decisions.ts'
import { lettersById } from '../shared/db/letters.ts'
import { publishedRunOf, settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { AwaitingReview } from '../shared/errors.ts'
import { contentHash } from '../shared/hash.ts'
import type { RunSettings } from '../shared/settings/settings.ts'
import { pick, readContext, toScalars } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'
import {
  answersByEdit,
  countedKinds,
  decideEdits,
  lostDecisions,
  takenBy,
  waitsForReview,
  type KeptDecision,
} from '../shared/edits/decisions.ts'
import { checkBudget, shareCutByHand, type EditList } from '../shared/edits/edits.ts'
import { spokenIn } from '../shared/show/spoken.ts'

export const decide = defineStep({
  name: 'decide',
  version: 3,
  context: pick(
    'analysisObject',
    'proposedObject',
    'proposedHash',
    'recordingHash',
    'decisionRevision',
    'reviewed',
    'totalSamples',
    'questions',
    'variables',
    'letters',
  ),
  load: async (
    db: Knex,
    { runId, userId, episodeId, recordingHash, decisionRevision, questions, letters },
  ) => {
    const decisions = await decisionsUpTo<KeptDecision>(db, episodeId, recordingHash, decisionRevision)
    const isCutByHand = decisions.some(({ decision }) => decision === 'cut')
    return {
      ...settingsToDecideBy(await settingsOf(db, runId)),
      letters: await lettersById(db, userId, letters),
      decisions,
      answers: [...answersByEdit(questions, await outputsOf(db, runId, 'answer'))],
      shareBefore: isCutByHand ? await shareBefore(db, episodeId, recordingHash) : 0,
    }
  },
  inputs: ({ proposedHash, analysisObject, reviewed, variables }, input) => ({
    proposedHash,
    analysisObject,
    reviewed,
    variables,
    ...input,
  }),
  work: async (
    context,
    { cleaning, segments, voice, letters, decisions, answers, shareBefore },
    { storage, config, workObject, warn },
  ) => {
    const bucket = config.buckets.work
    const proposed = await storage.readJson<EditList>({ bucket, name: context.proposedObject })
    const { speech } = decodeAnalysis(await storage.read({ bucket, name: context.analysisObject }))
    const edits = decideEdits(proposed, cleaning.review, new Map(answers), decisions, context.totalSamples)
    const lost = lostDecisions(decisions, edits)
    if (lost > 0) {
      warn({
        code: 'decisions_lost',
        message:
          `${lost} earlier decision${lost === 1 ? ' was' : 's were'} ` +
          'about edits that are proposed no more.',
      })
    }
    const open = waitsForReview(edits, cleaning.review)
    if (open.length > 0 && !context.reviewed)
      throw new AwaitingReview(`${open.length} edits wait for a decision.`)
    const undecided = edits.edits.filter(({ status }) => status === 'pending')
    if (undecided.length > 0) {
      warn({
        code: 'left_undecided',
        message: `Nobody has decided on ${countedKinds(undecided)}, so the recording stays as it is there.`,
      })
    }
    checkBudget(edits, speech, context.totalSamples, cleaning.maxRemovedShare)
    const share = shareCutByHand(edits, speech)
    const isMostlyCut = share > Math.max(cleaning.maxRemovedShare, shareBefore)
    if (isMostlyCut) warn(mostlyCut(share, cleaning.maxRemovedShare))
    const text = JSON.stringify(edits)
    const taken = takenBy(decisions)
    const takenObject = taken ? workObject('taken.json') : null
    if (takenObject) await storage.create(takenObject, JSON.stringify(taken), 'application/json')
    const [editsObject, spokenObject] = [workObject('edits.json'), workObject('spoken.json')]
    const spoken = spokenIn(edits, segments, context.variables, letters, voice)
    await storage.create(editsObject, text, 'application/json')
    await storage.create(spokenObject, JSON.stringify(spoken), 'application/json')
    return toScalars({
      editsObject: editsObject.name,
      editsHash: contentHash(text),
      takenObject: takenObject?.name ?? null,
      ...{ isMostlyCut, shareCutByHand: Math.ceil(share * 1000) / 1000 },
      spokenObject: spokenObject.name,
      spokenHashes: spoken.map((one) => contentHash(JSON.stringify([one.text, one.voice])).slice(0, 16)),
    })
  },
  passOn: (output) => output,
})

/** Of what listeners have of this recording: its producer has let that through. */
async function shareBefore(db: Knex, episodeId: string, recordingHash: string): Promise<number> {
  const published = await publishedRunOf(db, episodeId)
  if (!published) return 0
  const before = readContext(published.context, 'recordingHash', 'shareCutByHand')
  return before.recordingHash === recordingHash ? before.shareCutByHand : 0
}

/** What was decided by hand may be meant; nobody but its producer can tell. */
function mostlyCut(share: number, most: number): Warning {
  const [cut, limit] = [share, most].map((part) => `${(part * 100).toFixed(0)} %`)
  return {
    code: 'mostly_cut',
    message:
      `${cut} of the speech is cut by hand; the template lets no more than ${limit} go unseen (cleaning.maxRemovedShare). It is held until you publish it. ` +
      'If it is not meant, take cuts back on its review page or with ./spool review; if it is, publish it, or raise the limit for all that is made by this template.',
  }
}

const settingsToDecideBy = ({ cleaning, segments, voice }: RunSettings) => ({ cleaning, segments, voice })
