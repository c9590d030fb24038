/**
 * What its producer said before of whether and when an episode is to come out, and what of it counts when it is made anew. Hides
 * which word is the newest, and what is only there because a run has come to nothing.
 */
import type { Knex } from 'knex'
import { publicationOf, type Publication } from '../db/episodes.ts'
import type { Run } from '../db/runs.ts'
import { readContext, type StartContext } from './run-context.ts'

type HeldFor = StartContext['heldFor']
type HeldBack = Publication['heldBack']

export interface EarlierWord {
  /** A time that stands and counts no more: the episode's own file said something else since, and nobody has named another. */
  readonly supersededTime: string | null
  /** Why it stays out, by its producer's word. A time that was taken back is forgotten once its file says something new. */
  readonly heldBack: HeldBack
}

/** For another version than that of `latest`, the episode's latest run. `wish`: what its file says now; undefined for nothing. */
export async function earlierWord(
  trx: Knex,
  latest: Run | undefined,
  wish: string | undefined,
): Promise<EarlierWord> {
  if (!latest) return { supersededTime: null, heldBack: null }
  const before = readContext(latest.context, 'heldFor', 'publish', 'supersededTime')
  const publication = await publicationOf(trx, latest.episodeId!)
  const isNew = wish !== undefined && wish !== before.publish
  const heldBack = heldBackBy(publication, before.heldFor)
  return {
    supersededTime: isNew ? (publication.publishAt?.toISOString() ?? null) : before.supersededTime,
    heldBack: heldBack === 'unscheduled' && isNew ? null : heldBack,
  }
}

/** Of the same version: one that is before listeners is held no more. */
export const stillHeldFor = (publication: Publication, heldFor: HeldFor): HeldFor =>
  heldBackBy(publication, heldFor) ?? (publication.isCurrent || isProducers(heldFor) ? null : heldFor)

/** What its producer keeps from the feed stays out until they bring it there, though a run since may have come to nothing. */
const heldBackBy = ({ heldBack, publishedAt, publishAt }: Publication, heldFor: HeldFor): HeldBack =>
  heldBack ?? (isProducers(heldFor) && publishedAt === null && publishAt === null ? heldFor : null)

const isProducers = (heldFor: HeldFor): heldFor is NonNullable<HeldBack> =>
  heldFor === 'unpublished' || heldFor === 'unscheduled'
