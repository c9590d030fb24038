/**
 * What somebody else does with a show while its episodes are changed: gives it another name, upon which its feed is written.
 * Hides how, and how a feed is seen to say it.
 */
import { withDatabase } from '../shared/db/connect.ts'
import { changePodcast, findPodcast, type Podcast } from '../shared/db/podcasts.ts'
import { codeOf } from '../shared/errors.ts'
import { feedName } from '../shared/objects.ts'
import { swapFeed } from '../shared/publishing/feed-file.ts'
import { publisherOf } from '../shared/publishing/public-files.ts'
import { podcastSettings } from '../shared/settings/podcast.ts'
import type { FaultyCloud } from './cloud.ts'

export function showsOf({ services, storage }: FaultyCloud) {
  const find = async (podcastId: string): Promise<Podcast> =>
    (await withDatabase(services.config.databaseUrl, (db) => findPodcast(db, podcastId)))!

  const renameShow = async (podcastId: string): Promise<void> => {
    const { id, userId, revision, settings } = await find(podcastId)
    const renamed = { ...podcastSettings(settings), title: `Show ${revision}` }
    await withDatabase(services.config.databaseUrl, (db) =>
      changePodcast(db, { userId, id, revision, settings: renamed }),
    )
    await swapFeed(podcastId, publisherOf(services))
  }

  /** Empty when there is none. */
  const feedOf = async (podcastId: string): Promise<string> => {
    const file = storage.bucket('public').file(feedName(podcastId))
    const found = await file
      .download()
      .catch((error: unknown) => (codeOf(error) === '404' ? '' : Promise.reject(error)))
    return found.toString()
  }

  const saysItsName = async (podcastId: string): Promise<boolean> => {
    const { title } = podcastSettings((await find(podcastId)).settings)
    return (await feedOf(podcastId)).includes(`<title>${title}</title>`)
  }

  const itemsInFeed = async (podcastId: string, episodeId: string): Promise<number> => {
    const items = [...(await feedOf(podcastId)).matchAll(/<item>[\s\S]*?<\/item>/g)]
    return items.filter(([item]) => item.includes(episodeId)).length
  }

  return { renameShow, saysItsName, itemsInFeed }
}
