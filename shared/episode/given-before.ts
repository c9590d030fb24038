/**
 * What an episode had before and is not given this time: told, since it may have been forgotten. A title and a description that
 * are not given again stay. Hides where a run keeps what it was given, and which of the earlier ones counts.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import { finishedRunOf, type Run } from '../db/runs.ts'
import type { EpisodePlan } from './plan.ts'
import { readContext } from './run-context.ts'

type Given = Pick<EpisodePlan, 'words' | 'cover' | 'chapters' | 'episode'>

/**
 * One at most, of everything that is missing. `latest`: the episode's latest run; where that failed, what is there counts.
 * Where that waits for its producer, this version takes its place and is held: they have been asked something, and not answered.
 */
export async function givenBefore(
  trx: Knex,
  latest: Run | undefined,
  given: Given,
): Promise<{ warnings: Warning[]; heldFor: 'given_before' | null }> {
  const earlier = latest?.status === 'failed' ? await finishedRunOf(trx, latest.episodeId!) : latest
  const missing = earlier ? missingOf(earlier, given) : []
  if (missing.length === 0) return { warnings: [], heldFor: null }
  const [all, options] = [missing.map(({ what }) => what), missing.map(({ option }) => option)]
  const isHeld = earlier?.status === 'awaiting_review'
  const message =
    `It comes without the ${inWords(all)} that it had before: ${options.join(' ')}.` +
    (isHeld ? ' That version waited for your decision; this one took its place, and is held.' : '')
  return { warnings: [{ code: 'given_before', message }], heldFor: isHeld ? 'given_before' : null }
}

function missingOf({ context }: Run, { words, cover, chapters, episode }: Given) {
  const before = readContext(context, 'wordsObject', 'coverObject', 'chaptersObject', 'episodeFacts')
  const { number = null } = before.episodeFacts
  return [
    { what: 'words', option: '--words FILE', now: words, then: before.wordsObject },
    { what: 'cover', option: '--cover FILE', now: cover, then: before.coverObject },
    { what: 'chapters', option: '--chapters FILE', now: chapters, then: before.chaptersObject },
    { what: 'number', option: `--number ${number}`, now: episode.number, then: number },
  ].filter(({ now, then }) => now === undefined && then !== null)
}

const inWords = (all: readonly string[]): string =>
  all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
