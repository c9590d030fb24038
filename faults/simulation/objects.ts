/** What is true in the end of objects: of those that were made, and of those that were deleted. */
import { deletedBeforeMs, isOfEverything, type Rows } from './rows.ts'
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
export async function aboutDeletions({ store, config }: World, rows: Rows): Promise<string[]> {
  const complaints: string[] = []
  for (const { episodeId, podcastId } of rows.deletions) {
    if (episodeId === null || podcastId === null) continue
    const left = store.names().filter((name) => name.includes(episodeId))
    if (left.length > 0) complaints.push(`${left.join()} is left of a deleted episode.`)
    if (rows.episodes.some(({ id }) => id === episodeId))
      complaints.push(`Episode ${shortId(episodeId)} is deleted and is there.`)
  }
  if (!rows.deletions.some(isOfEverything)) return complaints
  const askedMs = deletedBeforeMs(rows)
  const uploads = (await store.list(config.buckets.uploads, '')).filter(
    ({ createdAt }) => createdAt.getTime() < askedMs,
  )
  if (uploads.length > 0)
    complaints.push(`${uploads.map(({ name }) => name).join()} is left of a deleted user.`)
  const rest = store.names().filter((name) => !name.startsWith(`${config.buckets.uploads}/`))
  const isUserThere = rows.filled.some(({ name }) => name === 'users')
  if (!isUserThere && rest.length > 0) complaints.push(`${rest.join()} is left of a deleted user.`)
  return complaints
}
