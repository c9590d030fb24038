/**
 * The list of edits of a recording: each change is a span of the recording with a kind, a reason and a score,
 * and can be switched off alone. Hides how proposals become one list with ids that do not change from run to
 * run, and what is left of edits that overlap.
 */
import { Permanent } from '../errors.ts'
import { editKindNames, editKinds, type EditKind } from '../settings/edit-kinds.ts'
import type { Span } from '../audio/analysis.ts'

export type EditStatus = 'applied' | 'rejected' | 'pending'

/**
 * What is put where the span was: speech still to be spoken, a file among the assets, or a tone exactly as
 * long as the span.
 */
export type Insertion =
  | { readonly sound: 'speech'; readonly text: string | null }
  | { readonly sound: 'file'; readonly file: string; readonly text: string }
  | { readonly sound: 'tone'; readonly hz: number; readonly text: string }

/** What a detector proposes. */
export interface ProposedEdit {
  readonly kind: EditKind
  /** The span that is removed; an empty one where something is only put in. */
  readonly startSample: number
  readonly endSample: number
  /** The words it removes, as spoken; empty for a pause. */
  readonly text: string
  readonly detector: string
  /** How sure the detector is, 0 to 1. */
  readonly score: number
  readonly reason: string
  /** Pending when the detector would rather ask; applied when absent. */
  readonly status?: EditStatus
  readonly insert?: Insertion
  /** The question that a producer or the assistant is asked. */
  readonly question?: string
}

export interface Edit extends Omit<ProposedEdit, 'status'> {
  readonly id: string
  readonly status: EditStatus
  /** A producer accepted it. */
  readonly accepted?: true
  /** A producer has seen it, and leaves it only proposed. */
  readonly left?: true
}

export interface EditList {
  readonly version: 1
  readonly sampleRate: number
  readonly edits: readonly Edit[]
}

/** Orders proposals and names each by its kind and place; of two with one name the first stays. */
export function toEditList(proposals: readonly ProposedEdit[], sampleRate: number): EditList {
  const edits = new Map<string, Edit>()
  const ordered = proposals
    .filter(
      ({ startSample, endSample, insert }) =>
        endSample > startSample || (insert && endSample === startSample),
    )
    .sort((a, b) => a.startSample - b.startSample || b.endSample - a.endSample)
  for (const proposal of ordered) {
    const id = `${proposal.kind}-${proposal.startSample}`
    if (!edits.has(id)) edits.set(id, { ...proposal, id, status: proposal.status ?? 'applied' })
  }
  return { version: 1, sampleRate, edits: [...edits.values()] }
}

/** A place where the recording is cut, spliced, or both. */
export interface Splice extends Span {
  readonly edit: Edit
}

/**
 * The splices that the applied edits make, in order and apart. Where two overlap, the kind that is earlier in
 * `editKinds` keeps its span; of the other stays what lies outside, if it only removes, and nothing, if it
 * puts something in.
 */
export function splicesOf({ edits }: EditList): Splice[] {
  const taken: Splice[] = []
  for (const kind of editKindNames) {
    for (const edit of edits) {
      if (edit.status !== 'applied' || edit.kind !== kind) continue
      const { startSample, endSample } = edit
      const rest = edit.insert
        ? taken.some((other) => collides(edit, other))
          ? []
          : [{ startSample, endSample }]
        : without([edit], taken)
      taken.push(...rest.map((span) => ({ ...span, edit })))
    }
  }
  return taken.sort((a, b) => a.startSample - b.startSample || a.endSample - b.endSample)
}

/**
 * Touching is not colliding; an empty span collides with what it stands inside of, and with another empty one
 * at its place.
 */
const collides = (a: Span, b: Span): boolean =>
  (a.startSample < b.endSample && b.startSample < a.endSample) ||
  (a.startSample === b.startSample && a.endSample === b.endSample)

/** The spans without their parts inside `cuts`. */
export function without(spans: readonly Span[], cuts: readonly Span[]): Span[] {
  const ordered = [...cuts].sort((a, b) => a.startSample - b.startSample)
  return spans.flatMap((span) => {
    const rest: Span[] = []
    let from = span.startSample
    for (const cut of ordered) {
      if (cut.endSample <= from) continue
      if (cut.startSample >= span.endSample) break
      if (cut.startSample > from) rest.push({ startSample: from, endSample: cut.startSample })
      from = cut.endSample
    }
    if (from < span.endSample) rest.push({ startSample: from, endSample: span.endSample })
    return rest
  })
}

export const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)

/**
 * Throws `cut_budget_exceeded` or `nothing_left` when the applied edits remove more of the speech than
 * allowed. What a person cut or accepted is not counted.
 */
export function checkBudget(
  list: EditList,
  speech: readonly Span[],
  totalSamples: number,
  maxRemovedShare: number,
): void {
  const splices = splicesOf(list)
  if (lengthOf(splices) >= totalSamples)
    throw new Permanent('nothing_left', 'The edits would remove the whole recording. Switch some off.')
  const byDetector = splices.filter(({ edit }) => editKinds[edit.kind].isBudgeted && !edit.accepted)
  const share = shareOf(speech, byDetector)
  if (share > maxRemovedShare) {
    throw new Permanent(
      'cut_budget_exceeded',
      `The edits would remove ${(share * 100).toFixed(0)} % of the speech; the limit is ` +
        `${(maxRemovedShare * 100).toFixed(0)} %. Check the words file, or raise cleaning.maxRemovedShare.`,
    )
  }
}

/** The share of the speech, from 0 to 1, that was cut by hand, and nobody had proposed to. */
export const shareCutByHand = (list: EditList, speech: readonly Span[]): number =>
  shareOf(
    speech,
    splicesOf(list).filter(({ edit }) => edit.kind === 'cut'),
  )

const shareOf = (speech: readonly Span[], removed: readonly Span[]): number =>
  (lengthOf(speech) - lengthOf(without(speech, removed))) / Math.max(1, lengthOf(speech))
