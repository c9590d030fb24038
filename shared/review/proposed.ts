/**
 * What is proposed to be said of an episode, for its producer to take, what they have taken of it, and what they have given by
 * hand. Hides where a run keeps these.
 */
import { takenBy, type Taken } from '../edits/decisions.ts'
import { readContext } from '../episode/run-context.ts'
import type { Timeline } from '../timeline/timeline.ts'
import type { Proposal } from '../words/proposal.ts'
import { shownProposal, type ShownProposal } from './shown-proposal.ts'
import { latestOf, sayWhatIsMissing, type Reading } from './review.ts'

/** What is given by hand stays, whatever is taken. */
export interface GivenByHand {
  readonly title: boolean
  readonly description: boolean
  readonly chapters: boolean
}

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
