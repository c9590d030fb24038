/** What is true in the end of what listeners find. */
import { audioName, episodeName, feedName, publicFolder } from '../../shared/objects.ts'
import type { Rows } from './rows.ts'
import type { Scenario } from './scenarios.ts'
import { shortId } from './task-queue.ts'
import { mp3 } from './toys.ts'
import type { World } from './world.ts'

/** The feed names what is published and nothing else under the show's name, and every public file is what was published last. */
export async function aboutListeners(
  { store, config }: World,
  { parts }: Scenario,
  { episodes }: Rows,
): Promise<string[]> {
  const complaints: string[] = []
  const texts = await publicTexts({ store, config })
  const names = new Set(store.names())
  for (const [podcastId, own] of Map.groupBy(episodes, (one) => one.podcastId)) {
    const feed = texts.get(feedName(podcastId)) ?? ''
    const inFeed = [...feed.matchAll(/<guid[^>]*>([^<]+)<\/guid>/g)].map(([, guid]) => guid!).sort()
    const { show } = own[0]!
    const published = own.filter((one) => one.isPublished).map(({ id }) => id)
    if (inFeed.join() !== published.sort().join())
      complaints.push(
        `The feed names ${inFeed.map(shortId).join()}; published are ${published.map(shortId).join()}.`,
      )
    const title = /<channel>\s*<title>([^<]*)/.exec(feed)?.[1]
    if (show !== null && published.length > 0 && title !== show)
      complaints.push(`The feed is called ${title}, and the show ${show}.`)
  }
  for (const { id, podcastId, publishedHash, contentHash, isPublished, status, hasLiveRun } of episodes) {
    const audio = texts.get(audioName(podcastId, id))
    if (isPublished && !hasLiveRun && (status === 'cancelled' || status === 'failed'))
      complaints.push(`Episode ${shortId(id)} is in the feed, and is ${status}.`)
    if (status === 'published' && !hasLiveRun && publishedHash !== contentHash)
      complaints.push(
        `Episode ${shortId(id)} is called published, and what was made last is not in the feed.`,
      )
    if (isPublished && audio !== mp3(publishedHash!))
      complaints.push(`Listeners of ${shortId(id)} get ${audio}.`)
    for (const hash of [contentHash, publishedHash])
      if (hash !== null && !names.has(`${config.buckets.episodes}/${episodeName(id, hash, 'episode.mp3')}`))
        complaints.push(`The audio ${hash} of episode ${shortId(id)} is lost.`)
    const left = [...texts.keys()].filter((name) => name.startsWith(publicFolder(podcastId, id)))
    if (!isPublished && left.length > 0)
      complaints.push(`${left.join()} is public, and its episode is ${status}.`)
    if ('finish' in parts && !hasLiveRun && ['processing', 'publishing', 'awaiting_review'].includes(status))
      complaints.push(`Episode ${shortId(id)} is ${status}, and no run is at work.`)
  }
  return complaints
}

async function publicTexts({ store, config }: Pick<World, 'store' | 'config'>): Promise<Map<string, string>> {
  const bucket = config.buckets.public
  const found = await store.list(bucket, '')
  const read = async ({ name }: { name: string }): Promise<[string, string]> => [
    name,
    (await store.read({ bucket, name })).toString('latin1'),
  ]
  return new Map(await Promise.all(found.map(read)))
}
