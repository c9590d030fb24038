/** What an episode was made with before and is not given this time: told, since it may have been forgotten. Hides where a run keeps it. */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import { finishedRunOf } from '../db/runs.ts'
import type { EpisodePlan } from './plan.ts'
import { readContext } from './run-context.ts'

/** One at most, of everything that is missing. */
export async function givenBefore(
  trx: Knex,
  episodeId: string,
  { words, cover, chapters }: Pick<EpisodePlan, 'words' | 'cover' | 'chapters'>,
): Promise<Warning[]> {
  const made = await finishedRunOf(trx, episodeId)
  if (!made) return []
  const before = readContext(made.context, 'wordsObject', 'coverObject', 'chaptersObject')
  const missing = [
    { what: 'words', option: '--words', now: words, then: before.wordsObject },
    { what: 'a cover', option: '--cover', now: cover, then: before.coverObject },
    { what: 'chapters', option: '--chapters', now: chapters, then: before.chaptersObject },
  ].filter(({ now, then }) => now === undefined && then !== null)
  if (missing.length === 0) return []
  const [all, options] = [missing.map(({ what }) => what), missing.map(({ option }) => `${option} FILE`)]
  const message = `It had ${all.join(' and ')} before; this time none were given: ${options.join(' ')}.`
  return [{ code: 'given_before', message }]
}
