/**
 * Takes over a show from the feed it has elsewhere: its settings, and every episode under its guid and its date. Audio
 * stays where it is, or is fetched. Hides that doing it again adds only what is new, however far it came before.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import type { Config } from '../config.ts'
import { insertImported, takenNames, type ImportedEpisode } from '../db/imported-episodes.ts'
import { findPodcastNamed, lockedPodcast } from '../db/podcasts.ts'
import { Permanent } from '../errors.ts'
import { parseFeed } from '../feed/rss.ts'
import { contentHash } from '../hash.ts'
import { assetsFolder, feedName, showSlug, slugOf } from '../objects.ts'
import { fetchPublic } from '../public-address.ts'
import type { PodcastSettings } from '../settings/podcast.ts'
import { withoutUnseen } from '../settings/unseen.ts'
import { readText } from '../text-file.ts'
import { swapFeed } from './feed-file.ts'
import { assertReadable } from './feed-tree.ts'
import { fetchAudio } from './imported-audio.ts'
import { importedEpisodes } from './imported-episode.ts'
import { importedShow } from './imported-show.ts'
import type { Publisher } from './public-files.ts'

/** The largest feed that is read: some five thousand episodes with notes. */
export const mostFeedBytes = 20 * 1024 * 1024
const mostItems = 20_000
const longestMs = 60_000

export interface ReadShow {
  readonly settings: PodcastSettings
  readonly episodes: readonly ImportedEpisode[]
  readonly warnings: readonly Warning[]
}

/** The text of a feed elsewhere, and where it came from in the end. Throws Permanent `address_refused`, `answer_too_large` or `not_found`. */
export async function fetchFeed(
  url: string,
  { allowPrivateAddresses }: Pick<Config, 'allowPrivateAddresses'>,
): Promise<{ readonly url: string; readonly text: string }> {
  const {
    url: answered,
    status,
    body,
  } = await fetchPublic(url, {
    maxBytes: mostFeedBytes,
    timeoutMs: longestMs,
    allowPrivate: allowPrivateAddresses,
  })
  if (status !== 200) throw new Permanent('not_found', `The address of the feed answers ${status}.`)
  return { url: answered, text: readText(body).text }
}

/** Reads a feed, `feedUrl` being where it was found. Throws Permanent `bad_feed`. */
export async function readShow(text: string, feedUrl?: string): Promise<ReadShow> {
  assertReadable(text, mostFeedBytes)
  const feed = await parseFeed(withoutUnseen(text))
  if (!feed) throw new Permanent('bad_feed', 'It is no RSS feed that can be read.')
  const items = feed.items?.length ?? 0
  if (items > mostItems)
    throw new Permanent('bad_feed', `The feed has ${items} items; at most ${mostItems} are imported.`)
  const show = await importedShow(feed, feedUrl)
  const { episodes, warnings } = await importedEpisodes(feed)
  return { settings: show.settings, episodes, warnings: [...show.warnings, ...warnings] }
}

export interface Imported {
  readonly podcastId: string | null
  readonly podcast: string
  readonly feedUrl: string | null
  /** How many episodes are new, and how many were there already. */
  readonly added: number
  readonly there: number
}

export interface ImportOptions {
  readonly userId: string
  /** The podcast's name; its title's when not given. */
  readonly slug?: string | undefined
}

/** What an import would do; changes nothing. */
export async function previewImport(
  { settings, episodes }: ReadShow,
  { userId, slug: asked }: ImportOptions,
  { config, withDatabase }: Publisher,
): Promise<Imported> {
  return await withDatabase(async (db) => {
    const slug = asked ?? (await nameOf(db, userId, settings.title))
    const podcast = await findPodcastNamed(db, userId, slug)
    const { guids } = podcast ? await takenNames(db, podcast.id) : { guids: new Set<string>() }
    const added = episodes.filter(({ guid }) => !guids.has(guid)).length
    const feedUrl = podcast ? `${config.publicBaseUrl}/${feedName(podcast.id)}` : null
    return { podcastId: podcast?.id ?? null, podcast: slug, feedUrl, added, there: episodes.length - added }
  })
}

/** Brings the show and its new episodes into rows, in one transaction, and then into the feed. */
export async function importShow(
  { settings, episodes }: ReadShow,
  { userId, slug: asked }: ImportOptions,
  tools: Publisher,
): Promise<Imported & { readonly podcastId: string }> {
  const { podcastId, slug, added } = await tools.withDatabase((db) =>
    db.transaction(async (trx) => {
      const slug = asked ?? (await nameOf(trx, userId, settings.title))
      const podcast = await lockedPodcast(trx, userId, slug, settings)
      const taken = await takenNames(trx, podcast.podcastId)
      const fresh = named(
        episodes.filter(({ guid }) => !taken.guids.has(guid)),
        taken.slugs,
      )
      await insertImported(trx, { userId, podcastId: podcast.podcastId }, fresh)
      return { podcastId: podcast.podcastId, slug, added: fresh.length }
    }),
  )
  await swapFeed(podcastId, tools)
  const feedUrl = `${tools.config.publicBaseUrl}/${feedName(podcastId)}`
  return { podcastId, podcast: slug, feedUrl, added, there: episodes.length - added }
}

/** Fetches the audio that is elsewhere yet, and says in the feed where it is now. Returns how many files came. */
export async function fetchShow(podcastId: string, tools: Publisher, signal: AbortSignal): Promise<number> {
  const fetched = await fetchAudio(podcastId, tools, signal)
  if (fetched > 0) await swapFeed(podcastId, tools)
  return fetched
}

/** Of the show of that title; one that was begun while capitals stayed keeps its name. */
async function nameOf(db: Knex, userId: string, title: string): Promise<string> {
  return (await findPodcastNamed(db, userId, slugOf(title)))?.slug ?? showSlug(title)
}

/** Each under its title; where that is taken, with a part of its guid's hash behind it. */
function named<T extends ImportedEpisode>(
  episodes: readonly T[],
  taken: Set<string>,
): (T & { readonly slug: string })[] {
  return episodes.map((episode) => {
    const plain = slugOf(episode.title)
    const isFree = !taken.has(plain) && plain !== assetsFolder
    const slug = isFree ? plain : `${plain.slice(0, 80)}-${contentHash(episode.guid).slice(0, 12)}`
    taken.add(slug)
    return { ...episode, slug }
  })
}
