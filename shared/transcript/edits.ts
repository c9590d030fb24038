/**
 * Edits: every change of the recording as a span with a kind, a reason and a score, each switchable alone.
 * Hides how proposals become one list: ids that do not change from run to run, overlaps resolved, the budget kept.
 */
import { Permanent } from '../errors.ts'

export type EditKind = 'filler' | 'pause'
export type EditStatus = 'applied' | 'rejected' | 'pending'

/** What a detector proposes. */
export interface ProposedEdit {
  readonly kind: EditKind
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
}

export interface Edit extends Omit<ProposedEdit, 'status'> {
  readonly id: string
  readonly status: EditStatus
}

export interface EditList {
  readonly version: 1
  readonly sampleRate: number
  readonly edits: readonly Edit[]
}

/** Orders proposals, trims a pause where a filler takes part of it, and names each by its kind and place. */
export function toEditList(proposals: readonly ProposedEdit[], sampleRate: number): EditList {
  const edits: Edit[] = []
  const ordered = proposals
    .filter(({ startSample, endSample }) => endSample > startSample)
    .sort((a, b) => a.startSample - b.startSample || b.endSample - a.endSample)
  for (const proposal of ordered) {
    const startSample = Math.max(proposal.startSample, edits.at(-1)?.endSample ?? 0)
    if (startSample >= proposal.endSample) continue
    edits.push({ ...proposal, startSample, id: `${proposal.kind}-${proposal.startSample}`, status: proposal.status ?? 'applied' })
  }
  return { version: 1, sampleRate, edits }
}

/** What is cut: the applied edits' spans, in order and apart. */
export const appliedCuts = (list: EditList): Edit[] => list.edits.filter(({ status }) => status === 'applied')

/** Throws `cut_budget_exceeded` or `nothing_left` when the applied edits remove more of the speech than allowed. */
export function checkBudget(list: EditList, speechSamples: number, totalSamples: number, maxRemovedShare: number): void {
  const cuts = appliedCuts(list)
  const removed = (kinds: readonly EditKind[]) =>
    cuts.filter(({ kind }) => kinds.includes(kind)).reduce((sum, cut) => sum + cut.endSample - cut.startSample, 0)
  if (removed(['filler', 'pause']) >= totalSamples)
    throw new Permanent('nothing_left', 'The edits would remove the whole recording. Switch some off.')
  const share = removed(['filler']) / Math.max(1, speechSamples)
  if (share > maxRemovedShare) {
    throw new Permanent(
      'cut_budget_exceeded',
      `The edits would remove ${(share * 100).toFixed(0)} % of the speech; the limit is ${(maxRemovedShare * 100).toFixed(0)} %. Check the words file, or raise cleaning.maxRemovedShare.`,
    )
  }
}
