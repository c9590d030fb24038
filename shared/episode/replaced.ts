/**
 * Whether a recording would take the place of another one, or of a version that waits for a decision, told before it is sent.
 * Hides how two recordings are compared of which one is not there yet.
 */
import type { Knex } from 'knex'
import { numbersInFeed } from '../db/feed-episodes.ts'
import { listEpisodes } from '../db/listed-episodes.ts'
import { uploadedBytes } from '../db/media-items.ts'
import { lastFinishedRunOf, liveRunOf, type Run } from '../db/runs.ts'
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
  readonly recordings: readonly Coming[]
}

interface Coming {
  readonly name: string
  readonly bytes: number
  /** Of its content, in base64; undefined where that is not told. Asked for only where it decides. */
  readonly md5?: (() => Promise<string | undefined>) | undefined
}

/** A file that an episode is made of. */
interface Made {
  readonly file: string
  readonly bytes: number | undefined
  readonly md5: string
}

/** Undefined where no episode of that name is finished, or it is made of the same. */
export async function whatIsReplaced(
  db: Knex,
  { userId, podcast, episode, recordings }: Replacing,
): Promise<Replaced | undefined> {
  const names = { podcast: asSeen(podcast), slug: asSeen(episode) }
  const [found] = await listEpisodes(db, { userId, limit: 1, after: undefined }, names)
  const made = found && (await lastFinishedRunOf(db, found.id))
  if (!made) return undefined
  const parts = await partsOf(db, made)
  const isPublished = found.publishedAt !== null
  if (await isSame(parts, recordings, isPublished)) return undefined
  return {
    ...{ title: found.title, isPublished },
    ...(await numbersInFeed(db, found.id)),
    recordings: parts.map(({ file }) => file),
  }
}

async function partsOf(db: Knex, { context }: Pick<Run, 'context'>): Promise<Made[]> {
  const known = ['recordingObject', 'recordingGeneration', 'recordingHash', 'recordings'] as const
  const { recordings, ...single } = readContext(context, ...known)
  const { recordingObject: object, recordingGeneration: generation, recordingHash: contentHash } = single
  const parts = recordings.length > 0 ? recordings : [{ object, generation, contentHash }]
  return await Promise.all(
    parts.map(async (part) => ({
      ...{ file: fileOf(part.object), md5: part.contentHash },
      bytes: await uploadedBytes(db, part),
    })),
  )
}

/** By names and sizes; what listeners have, where sizes are the same, by the content, if that is told. */
async function isSame(
  made: readonly Made[],
  coming: readonly Coming[],
  isPublished: boolean,
): Promise<boolean> {
  const sizes = [made, coming].map((files) => files.map(({ bytes }) => String(bytes)))
  if (!areSame(sizes[0]!, sizes[1]!)) return false
  const contents = isPublished ? await Promise.all(coming.map(async ({ md5 }) => await md5?.())) : []
  if (isPublished && contents.every((one) => one !== undefined))
    return areSame(
      made.map(({ md5 }) => md5),
      contents,
    )
  return areSame(
    made.map(({ file, bytes }) => `${file} ${bytes}`),
    coming.map(({ name, bytes }) => `${asSeen(name)} ${bytes}`),
  )
}

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.toSorted().join('/') === others.toSorted().join('/')

export interface AtWork {
  /** A version waits for its producer, whose place a newer one takes. */
  readonly waits: boolean
  /** A version is being made of these recordings already, by their names and sizes. */
  readonly isBeingMade: boolean
}

/** Of the version that is not finished; neither where there is none. */
export async function whatIsAtWork(
  db: Knex,
  { userId, podcast, episode, recordings }: Replacing,
): Promise<AtWork> {
  const live = await liveRunOf(db, userId, asSeen(podcast), asSeen(episode))
  const waits = live?.status === 'awaiting_review'
  if (!live || waits) return { waits, isBeingMade: false }
  return { waits, isBeingMade: await isSame(await partsOf(db, live), recordings, false) }
}
