/**
 * What is proposed to be said of an episode, for its producer to take: each place at its time in the episode, and at that in
 * the recording, which is what a decision names. Hides where a run keeps the proposal, and what of it could still be used.
 */
import { takenBy, type Taken } from '../edits/decisions.ts'
import { readContext } from '../episode/run-context.ts'
import { keptShare, toOutput } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import type { Proposal } from '../words/proposal.ts'
import { latestOf, sayWhatIsMissing, type Reading } from './review.ts'

interface Placed {
  /** In the finished episode. */
  readonly startSeconds: number
  readonly recordedSeconds: number
}

export interface ShownProposal extends Omit<Proposal, 'notes' | 'chapters'> {
  readonly notes: readonly (Placed & { readonly text: string })[]
  readonly chapters: readonly (Placed & { readonly title: string })[]
}

/** What is given by hand stays, whatever is taken. */
export interface GivenByHand {
  readonly title: boolean
  readonly description: boolean
  readonly chapters: boolean
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

export interface EpisodeProposal {
  /** Null where nothing is proposed, or not yet. */
  readonly proposal: ShownProposal | null
  readonly taken: Taken
  readonly given: GivenByHand
}

/** Throws Permanent `not_reviewable` as a review does. */
export async function openProposal(services: Reading, episodeId: string): Promise<EpisodeProposal> {
  const { episode, run, decisions } = await latestOf(services, episodeId)
  const { proposalObject, chaptersObject, marksObject } = readContext(
    run.context,
    'proposalObject',
    'chaptersObject',
    'marksObject',
  )
  const read = <T>(name: string) =>
    services.storage.readJson<T>({ bucket: services.config.buckets.work, name }).catch(sayWhatIsMissing)
  return {
    proposal:
      proposalObject === null
        ? null
        : shownProposal(
            await read<Proposal>(proposalObject),
            await read<Timeline>(String(run.context['timelineObject'])),
          ),
    taken: takenBy(decisions) ?? {},
    given: {
      title: episode.title !== episode.slug,
      description: episode.description !== '',
      chapters: chaptersObject !== null || marksObject !== null,
    },
  }
}
