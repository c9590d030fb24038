/**
 * What a producer decides of proposed edits: the decisions file, and how decisions, answers and the show's policy turn proposals into
 * the edits that are applied. Pure; the same decisions give the same edits.
 */
import { z } from 'zod'
import type { Scalars } from '../context.ts'
import { Permanent } from '../errors.ts'
import type { CleaningSettings } from '../cleaning-settings.ts'
import { editKinds, toEditList, type Edit, type EditList, type ProposedEdit } from './edits.ts'

const editId = z.string().max(64)
const span = { startSeconds: z.number().nonnegative(), endSeconds: z.number().nonnegative() }
const decision = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('accept'), edit: editId }),
  z.strictObject({ decision: z.literal('reject'), edit: editId }),
  /** Moves the edges of an edit, and accepts it. */
  z.strictObject({ decision: z.literal('adjust'), edit: editId, ...span }),
  /** What is to be said at an intern's place, and accepts it. */
  z.strictObject({ decision: z.literal('answer'), edit: editId, text: z.string().trim().min(1).max(4000) }),
  z.strictObject({ decision: z.literal('cut'), ...span }),
])

const decisionsFile = z.strictObject({ version: z.literal(1), decisions: z.array(decision).max(10_000) })

export type Decision = z.infer<typeof decision>

/** No cut by hand is shorter than this. */
export const shortestCutSeconds = 0.02

/** Reads a decisions file about the given edits. Throws Permanent `bad_decisions` that names what is wrong. */
export function parseDecisions(text: string, name: string, { edits, sampleRate }: EditList, totalSamples: number): Decision[] {
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Permanent('bad_decisions', `${name} is not JSON: ${(error as Error).message}.`)
  }
  const parsed = decisionsFile.safeParse(json)
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
    throw new Permanent('bad_decisions', `${name} cannot be used: ${issues.join('; ')}.`)
  }
  const known = new Map(edits.map((edit) => [edit.id, edit]))
  parsed.data.decisions.forEach((one, i) => {
    const problem = problemOf(one, known, totalSamples / sampleRate)
    if (problem !== undefined) throw new Permanent('bad_decisions', `${name}, decision ${i + 1}: ${problem}`)
  })
  return parsed.data.decisions
}

function problemOf(one: Decision, known: ReadonlyMap<string, Edit>, totalSeconds: number): string | undefined {
  if ('edit' in one && !known.has(one.edit)) return `there is no edit "${one.edit}". The ids are in edits.json.`
  if (one.decision === 'answer' && known.get(one.edit)!.kind !== 'intern') return `${one.edit} asks nothing, so it takes no answer.`
  if (!('startSeconds' in one)) return undefined
  if (one.endSeconds - one.startSeconds < shortestCutSeconds) return `it is shorter than ${shortestCutSeconds} s, or ends before it starts.`
  return one.startSeconds >= totalSeconds ? `it starts after the end of the recording, which is ${totalSeconds.toFixed(2)} s long.` : undefined
}

/** The edits after policy, answers (by edit) and decisions, oldest first, a later one standing over an earlier. */
export function decideEdits(
  proposed: EditList,
  policy: CleaningSettings['review'],
  answers: ReadonlyMap<string, string>,
  decisions: readonly Decision[],
  totalSamples: number,
): EditList {
  const { sampleRate } = proposed
  const edits = new Map(proposed.edits.map((edit) => [edit.id, underPolicy(answered(edit, answers.get(edit.id)), policy)]))
  const cuts: ProposedEdit[] = []
  const toSample = (seconds: number) => Math.min(totalSamples, Math.round(seconds * sampleRate))
  for (const one of decisions) {
    if (one.decision === 'cut') cuts.push(cutByHand(toSample(one.startSeconds), toSample(one.endSeconds)))
    else {
      const edit = edits.get(one.edit)
      if (edit) edits.set(one.edit, decided(edit, one, toSample))
    }
  }
  const all = [...edits.values(), ...toEditList(cuts, sampleRate).edits.filter(({ id }) => !edits.has(id))]
  return { ...proposed, edits: all.sort((a, b) => a.startSample - b.startSample || editKinds.indexOf(a.kind) - editKinds.indexOf(b.kind)) }
}

const cutByHand = (startSample: number, endSample: number): ProposedEdit => ({
  ...{ kind: 'cut', startSample, endSample, text: '', detector: 'producer', score: 1, reason: 'Cut by hand.' },
})

function answered(edit: Edit, text: string | undefined): Edit {
  return text !== undefined && edit.insert?.sound === 'speech' ? { ...edit, insert: { ...edit.insert, text } } : edit
}

/** Whoever has nothing to say cannot be applied. */
const lacksAnswer = ({ insert }: Edit): boolean => insert?.sound === 'speech' && insert.text === null

function underPolicy(edit: Edit, policy: CleaningSettings['review']): Edit {
  const asks = policy[edit.kind] === 'wait' || lacksAnswer(edit)
  return edit.status === 'applied' && asks ? { ...edit, status: 'pending' } : edit
}

function decided(edit: Edit, one: Exclude<Decision, { decision: 'cut' }>, toSample: (seconds: number) => number): Edit {
  const accepted = (changed: Edit): Edit =>
    lacksAnswer(changed) ? { ...changed, status: 'pending' } : { ...changed, status: 'applied', accepted: true }
  switch (one.decision) {
    case 'accept':
      return accepted(edit)
    case 'reject':
      return { ...edit, status: 'rejected' }
    case 'adjust':
      return accepted({
        ...edit,
        startSample: toSample(one.startSeconds),
        endSample: toSample(one.endSeconds),
        reason: `${edit.reason} Its edges were moved by hand.`,
      })
    case 'answer':
      return accepted(answered(edit, one.text))
  }
}

/** Whether a producer should look before the episode is made: an edit whose kind waits, or a question without an answer. */
export const waitsForReview = ({ edits }: EditList, policy: CleaningSettings['review']): Edit[] =>
  edits.filter((edit) => edit.status === 'pending' && (policy[edit.kind] === 'wait' || lacksAnswer(edit)))

/** The answers by the edits that asked: the parts of `answer` are in the order of the questions. */
export function answersByEdit(questions: string, parts: readonly { readonly part: number; readonly output: Scalars }[]): Map<string, string> {
  const asked = JSON.parse(questions) as { edit: string }[]
  return new Map(parts.map(({ part, output }) => [asked[part]!.edit, String(output['text'])]))
}
