/**
 * Applies a producer's decisions to proposed edits: turns proposals into the edits that are made, by decisions, answers and
 * the show's policy. Pure: the same decisions give the same edits.
 */
import type { Scalars } from '../context.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import { editKindNames, editKinds, type EditKind } from '../settings/edit-kinds.ts'
import { takeable, type Decided, type Decision } from './decisions-file.ts'
import { toEditList, type Edit, type EditList, type ProposedEdit } from './edits.ts'

/**
 * The edits after policy, answers (by edit) and decisions, oldest first, a later one replacing an earlier.
 */
export function decideEdits(
  proposed: EditList,
  policy: CleaningSettings['review'],
  answers: ReadonlyMap<string, string>,
  decisions: readonly KeptDecision[],
  totalSamples: number,
): EditList {
  const edits = proposed.edits.map((edit) => underPolicy(answered(edit, answers.get(edit.id)), policy))
  return withDecisions({ ...proposed, edits }, decisions, totalSamples)
}

/** The edits after decisions alone, oldest first, a later one replacing an earlier. */
export function withDecisions(
  list: EditList,
  decisions: readonly KeptDecision[],
  totalSamples: number,
): EditList {
  const { sampleRate } = list
  const edits = new Map(list.edits.map((edit) => [edit.id, edit]))
  const toSample = (seconds: number) => Math.min(totalSamples, Math.round(seconds * sampleRate))
  for (const one of decisions) {
    if (one.decision === 'take') continue
    if (one.decision === 'cut') {
      for (const cut of toEditList(
        [cutByHand(toSample(one.startSeconds), toSample(one.endSeconds))],
        sampleRate,
      ).edits) {
        // another may begin where this one does
        const id = edits.has(cut.id) ? `${cut.id}-${cut.endSample}` : cut.id
        edits.set(id, { ...cut, id })
      }
    } else {
      const edit = meant(one, edits)
      if (edit) edits.set(edit.id, decided(edit, one, toSample))
    }
  }
  const ordered = [...edits.values()].sort(
    (a, b) => a.startSample - b.startSample || editKindNames.indexOf(a.kind) - editKindNames.indexOf(b.kind),
  )
  return { ...list, edits: ordered }
}

/** What has been taken of proposals; what was taken back, or never taken, is absent. Places in seconds of the recording. */
export type Taken = {
  readonly [K in keyof typeof takeable]?: NonNullable<Extract<Decision, { decision: 'take' }>[K]>
}

/** Undefined when nothing is taken; of several decisions the newest counts, for each thing that may be taken. */
export function takenBy(decisions: readonly KeptDecision[]): Taken | undefined {
  const said = decisions.flatMap((one) => (one.decision === 'take' ? [one] : []))
  const taken = Object.fromEntries(
    Object.keys(takeable).flatMap((key) => {
      const newest = said.findLast((one) => one[key as keyof Taken] !== undefined)?.[key as keyof Taken]
      return newest === undefined || newest === null ? [] : [[key, newest]]
    }),
  ) as Taken
  return Object.keys(taken).length === 0 ? undefined : taken
}

type EditDecision = Exclude<Decision, { decision: 'cut' | 'take' }>
/**
 * As it is kept: with the edit's kind and place when it was decided on, by which it is found when other words
 * have moved it.
 */
export type KeptDecision = Decision & {
  readonly of?:
    { readonly kind: EditKind; readonly startSample: number; readonly endSample: number } | undefined
}

/** The decisions with the kind and place of the edits they are about. */
export const keptDecisions = (decisions: readonly Decision[], { edits }: EditList): KeptDecision[] =>
  decisions.map((one) => {
    const edit = 'edit' in one ? edits.find(({ id }) => id === one.edit) : undefined
    return edit
      ? { ...one, of: { kind: edit.kind, startSample: edit.startSample, endSample: edit.endSample } }
      : one
  })

/**
 * The edit a decision is about: the one of its name, or that of its kind which covers most of where it was.
 */
function meant(
  one: EditDecision & Pick<KeptDecision, 'of'>,
  edits: ReadonlyMap<string, Edit>,
): Edit | undefined {
  const named = edits.get(one.edit)
  if (named || !one.of) return named
  const { kind, startSample, endSample } = one.of
  const shared = (edit: Edit) => Math.min(edit.endSample, endSample) - Math.max(edit.startSample, startSample)
  return [...edits.values()]
    .filter((edit) => edit.kind === kind && shared(edit) > 0)
    .sort((a, b) => shared(b) - shared(a))[0]
}

/** How many decisions are about edits that are proposed no more, in any place. */
export function lostDecisions(decisions: readonly KeptDecision[], { edits }: EditList): number {
  const known = new Map(edits.map((edit) => [edit.id, edit]))
  return decisions.filter((one) => 'edit' in one && one.decision !== 'leave' && !meant(one, known)).length
}

const cutByHand = (startSample: number, endSample: number): ProposedEdit => ({
  kind: 'cut',
  startSample,
  endSample,
  text: '',
  detector: 'producer',
  score: 1,
  reason: 'Cut by hand.',
})

function answered(edit: Edit, text: string | undefined): Edit {
  return text !== undefined && edit.insert?.sound === 'speech'
    ? { ...edit, insert: { ...edit.insert, text } }
    : edit
}

/** An answer without a text cannot be spoken. */
const lacksAnswer = ({ insert }: Edit): boolean => insert?.sound === 'speech' && insert.text === null

function underPolicy(edit: Edit, policy: CleaningSettings['review']): Edit {
  const asks = policy[edit.kind] === 'wait' || lacksAnswer(edit)
  return edit.status === 'applied' && asks ? { ...edit, status: 'pending' } : edit
}

const movedByHand = ' Its edges were moved by hand.'

function decided(edit: Edit, one: EditDecision, toSample: (seconds: number) => number): Edit {
  const { accepted: _before, left: _too, ...undecided } = edit
  const accepted = (changed: Edit): Edit =>
    lacksAnswer(changed)
      ? { ...changed, status: 'pending' }
      : { ...changed, status: 'applied', accepted: true }
  switch (one.decision) {
    case 'accept':
      return accepted(undecided)
    case 'reject':
      return { ...undecided, status: 'rejected' }
    case 'leave':
      return edit.status === 'pending' ? { ...edit, left: true } : edit
    case 'adjust':
      return accepted({
        ...undecided,
        startSample: toSample(one.startSeconds),
        endSample: toSample(one.endSeconds),
        reason: `${edit.reason.replace(movedByHand, '')}${movedByHand}`,
      })
    case 'answer':
      return accepted(answered(undecided, one.text))
  }
}

/**
 * Decisions with one more for each edit that they leave open, as the file says of the rest; what was left open on purpose
 * before is open again, unless the rest is left too. What asks for an answer cannot be accepted without one, so it stays open.
 */
export function withRest({ decisions, rest }: Decided, list: EditList, totalSamples: number): Decision[] {
  if (rest === undefined) return [...decisions]
  const leftNow = new Set(decisions.flatMap((one) => (one.decision === 'leave' ? [one.edit] : [])))
  const open = withDecisions(list, decisions, totalSamples).edits.filter(
    ({ id, status, left }) =>
      status === 'pending' && !leftNow.has(id) && !(left === true && rest === 'leave'),
  )
  return [...decisions, ...open.map(({ id }) => ({ decision: rest, edit: id }))]
}

/** Of each kind how many, in words: "2 fillers, 1 mistake". */
export const countedKinds = (edits: readonly Pick<Edit, 'kind'>[]): string =>
  [...Map.groupBy(edits, ({ kind }) => kind)]
    .map(([kind, { length }]) => {
      const { one, many } = editKinds[kind]
      return `${length} ${length === 1 ? one : many.toLowerCase()}`
    })
    .join(', ')

/**
 * Whether a producer should look before the episode is made: an edit whose kind waits, or a question without
 * an answer.
 */
export const waitsForReview = ({ edits }: EditList, policy: CleaningSettings['review']): Edit[] =>
  edits.filter(
    (edit) =>
      edit.status === 'pending' && edit.left !== true && (policy[edit.kind] === 'wait' || lacksAnswer(edit)),
  )

/** The answers by the edits that asked: the parts of `answer` are in the order of the questions. */
export function answersByEdit(
  questions: readonly { readonly edit: string }[],
  parts: readonly { readonly part: number; readonly output: Scalars }[],
): Map<string, string> {
  return new Map(parts.map(({ part, output }) => [questions[part]!.edit, String(output['text'])]))
}
