/**
 * Whether a recording would take the place of another one, told before it is sent. Hides how the two are compared while only
 * a name and a size are known of the new one.
 */
import type { Knex } from 'knex'
import { numbersInFeed } from '../db/feed-episodes.ts'
import { listEpisodes } from '../db/listed-episodes.ts'
import { uploadedBytes } from '../db/media-items.ts'
import { lastFinishedRunOf } from '../db/runs.ts'
import { asSeen, fileOf } from '../objects.ts'
import { readContext } from './run-context.ts'

/** By which listeners know an episode; null where it has none. */
export interface Numbers {
  readonly number: number | null
  readonly season: number | null
}

/** A finished episode, what it is made of, and its numbers in the feed. */
export interface Replaced extends Numbers {
  readonly title: string
  readonly isPublished: boolean
  readonly recordings: readonly string[]
}

export interface Replacing {
  readonly userId: string
  readonly podcast: string
  readonly episode: string
  readonly recordings: readonly { readonly name: string; readonly bytes: number }[]
}

/** Undefined where no episode of that name is finished, or it is made of files of the same names and sizes. */
export async function whatIsReplaced(
  db: Knex,
  { userId, podcast, episode, recordings }: Replacing,
): Promise<Replaced | undefined> {
  const names = { podcast: asSeen(podcast), slug: asSeen(episode) }
  const [found] = await listEpisodes(db, { userId, limit: 1, after: undefined }, names)
  const made = found && (await lastFinishedRunOf(db, found.id))
  if (!made) return undefined
  const context = readContext(made.context, 'recordingObject', 'recordingGeneration', 'recordings')
  const { recordingObject: object, recordingGeneration: generation } = context
  const parts = context.recordings.length > 0 ? context.recordings : [{ object, generation }]
  const known = await Promise.all(
    parts.map(async (part) => `${fileOf(part.object)} ${await uploadedBytes(db, part)}`),
  )
  const told = recordings.map(({ name, bytes }) => `${asSeen(name)} ${bytes}`)
  if (known.toSorted().join('/') === told.toSorted().join('/')) return undefined
  return {
    title: found.title,
    isPublished: found.publishedAt !== null,
    ...(await numbersInFeed(db, found.id)),
    recordings: parts.map((part) => fileOf(part.object)),
  }
}
