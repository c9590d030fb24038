/** What is true in the end of objects: of those that were made, and of those that were deleted. */
import { deletedBefore, type Rows } from './rows.ts'
import { shortId } from './task-queue.ts'
import type { World } from './world.ts'

/** What a step made is there, and what is there belongs to a step. */
export function aboutObjects({ store, config, stolen }: World, { runs, steps }: Rows): string[] {
  const names = new Set(store.names())
  const purged = new Set(runs.filter(({ isPurged }) => isPurged).map(({ id }) => id))
  const { work } = config.buckets
  const lost = steps
    .filter(({ made, runId }) => made !== null && !purged.has(runId) && !names.has(`${work}/${made}`))
    .filter(({ made, reused }) => reused || !stolen.has(`${work}/${made}`))
    .map(({ step, made }) => `${made} of ${step} is lost.`)
  const named = new Set([...steps.flatMap(({ inputKey }) => inputKey ?? []), ...runs.map(({ id }) => id)])
  const stray = [...names]
    .filter((name) => name.startsWith(`${work}/`) && !named.has(name.split('/')[3]!))
    .map((name) => `${name} belongs to nobody.`)
  return [...lost, ...stray]
}

/** Nothing is left in a folder that was to be emptied, but what was uploaded afterwards. */
export async function aboutDeletions({ database, store, config }: World): Promise<string[]> {
  const gone = await database.rows<{
    userId: string
    episodeId: string | null
    podcastId: string | null
    askedAt: Date
  }>(
    `SELECT user_id AS "userId", episode_id AS "episodeId", podcast_id AS "podcastId", asked_at AS "askedAt" FROM deletions`,
  )
  const complaints: string[] = []
  for (const { episodeId, podcastId } of gone) {
    if (episodeId === null || podcastId === null) continue
    const left = store.names().filter((name) => name.includes(episodeId))
    if (left.length > 0) complaints.push(`${left.join()} is left of a deleted episode.`)
    const rows = await database.rows('SELECT 1 FROM episodes WHERE id = $1', [episodeId])
    if (rows.length > 0) complaints.push(`Episode ${shortId(episodeId)} is deleted and is there.`)
  }
  const everything = gone.filter(({ episodeId, podcastId }) => episodeId === null && podcastId === null)
  if (everything.length === 0) return complaints
  const asked = await deletedBefore({ database })
  const [user] = await database.rows('SELECT 1 FROM users')
  const uploads = (await store.list(config.buckets.uploads, '')).filter(
    ({ createdAt }) => createdAt.getTime() < asked,
  )
  if (uploads.length > 0)
    complaints.push(`${uploads.map(({ name }) => name).join()} is left of a deleted user.`)
  const rest = store.names().filter((name) => !name.startsWith(`${config.buckets.uploads}/`))
  if (!user && rest.length > 0) complaints.push(`${rest.join()} is left of a deleted user.`)
  return complaints
}
