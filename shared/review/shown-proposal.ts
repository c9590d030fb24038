/**
 * A proposal of what to say of an episode, as it is shown: each place at its time in the episode, and at that in the recording,
 * which is what a decision names. Hides what of it could not be used any more.
 */
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import type { Proposal } from '../words/proposal.ts'

interface Placed {
  /** In the finished episode. */
  readonly startSeconds: number
  readonly recordedSeconds: number
}

export interface ShownProposal extends Omit<Proposal, 'notes' | 'chapters'> {
  readonly notes: readonly (Placed & { readonly text: string })[]
  readonly chapters: readonly (Placed & { readonly title: string })[]
}

/** The proposal as it is shown; what is cut away is not. */
export function shownProposal(
  { notes, chapters, ...rest }: Proposal,
  { ledger, sampleRate }: Pick<Timeline, 'ledger' | 'sampleRate'>,
): ShownProposal {
  const placed = <T extends { readonly startSample: number }>(list: readonly T[]) =>
    list
      .filter(
        ({ startSample }) => keptShare(ledger, { startSample, endSample: startSample + sampleRate }) > 0,
      )
      .map(({ startSample, ...said }) => ({
        ...said,
        startSeconds: inSeconds(toOutput(ledger, startSample), sampleRate),
        recordedSeconds: inSeconds(startSample, sampleRate),
      }))
  return { ...rest, notes: placed(notes), chapters: placed(chapters) }
}

const inSeconds = (samples: number, sampleRate: number): number =>
  Math.round((samples / sampleRate) * 1000) / 1000
