/**
 * What an episode had before and is not given this time: told, since it may have been forgotten. What is said of it, and not said
 * again, stays. Hides where a run keeps what it was given, and which of the earlier ones counts.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import { publicationOf } from '../db/episodes.ts'
import { finishedRunOf, publishedRunOf, type Run } from '../db/runs.ts'
import type { EpisodePlan } from './plan.ts'
import { readContext } from './run-context.ts'

type Given = Pick<EpisodePlan, 'words' | 'cover' | 'chapters' | 'said' | 'recordings'>

/**
 * One at most, of everything that is missing. `latest`: the episode's latest run; where that failed, what is there counts.
 * What listeners have counts besides, whatever was made and held since. Where the latest waits for its producer, or the
 * episode is before listeners, this version is held: they have been asked something, and not answered; or would take away
 * from listeners what may only have been forgotten.
 */
export async function givenBefore(
  trx: Knex,
  latest: Run | undefined,
  given: Given,
): Promise<{ warnings: Warning[]; heldFor: 'given_before' | null }> {
  if (!latest) return none
  const episodeId = latest.episodeId!
  const earlier = [
    latest.status === 'failed' ? await finishedRunOf(trx, episodeId) : latest,
    await publishedRunOf(trx, episodeId),
  ]
  const missing = new Map(
    earlier
      .flatMap((run) => (run ? missingOf(run, given) : []))
      .map(({ what, option }) => [what, option] as const),
  )
  if (missing.size === 0) return none
  const why = await whyHeld(trx, latest)
  const message =
    `It comes without the ${inWords([...missing.keys()])} that it had before: ${[...missing.values()].join(' ')}.` +
    (why === undefined ? '' : ` ${why}`)
  return {
    warnings: [{ code: 'given_before', message }],
    heldFor: why === undefined ? null : 'given_before',
  }
}

const none = { warnings: [], heldFor: null }

async function whyHeld(trx: Knex, { status, episodeId }: Run): Promise<string | undefined> {
  if (status === 'awaiting_review')
    return 'That version waited for your decision; this one took its place, and is held.'
  const { publishedAt } = await publicationOf(trx, episodeId!)
  return publishedAt === null ? undefined : 'Listeners keep that version; this one is held.'
}

function missingOf(
  { context }: Run,
  { words, cover, chapters, said, recordings }: Given,
): { what: string; option: string }[] {
  const before = readContext(
    context,
    ...(['wordsObject', 'coverObject', 'chaptersObject', 'recordings', 'recordingsAre'] as const),
  )
  const { length } = before.recordings
  const wereTracks = before.recordingsAre === 'tracks'
  const isOtherKind = wereTracks && said.recordingsAre !== 'tracks'
  return [
    { what: 'words', option: '--words FILE', isMissing: !words && before.wordsObject !== null },
    { what: 'cover', option: '--cover FILE', isMissing: !cover && before.coverObject !== null },
    { what: 'chapters', option: '--chapters FILE', isMissing: !chapters && before.chaptersObject !== null },
    {
      what: `${length} ${wereTracks ? 'tracks' : 'recordings'}`,
      option: `${wereTracks ? '--tracks ' : ''}with all ${length} files`,
      isMissing: length > 1 && (isOtherKind || (recordings ?? []).length < length),
    },
  ].filter(({ isMissing }) => isMissing)
}

const inWords = (all: readonly string[]): string =>
  all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
