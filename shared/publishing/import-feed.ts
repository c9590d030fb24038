/**
 * Takes over a show from the feed it has elsewhere: its settings, and every episode under its guid and its date. Audio
 * stays where it is, or is fetched. Hides that doing it again adds only what is new, however far it came before.
 */
import type { Knex } from 'knex'
import type { Warning } from '../codes.ts'
import type { Config } from '../config.ts'
import {
  insertImported,
  knownEpisodes,
  type ImportedEpisode,
  type KnownEpisode,
} from '../db/imported-episodes.ts'
import { findPodcastNamed, lockedPodcast, type Podcast } from '../db/podcasts.ts'
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
import { mustBeSameShow } from './same-show.ts'

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
  /** The producer says that a show of that name is this one, whatever the two say. */
  readonly sameShow?: boolean | undefined
}

/** What an import would do; changes nothing. Throws as it would. */
export async function previewImport(
  show: ReadShow,
  options: ImportOptions,
  { config, withDatabase }: Publisher,
): Promise<Imported> {
  return await withDatabase(async (db) => {
    const { episodes } = show
    const slug = await nameOf(db, show, options)
    const podcast = await findPodcastNamed(db, options.userId, slug)
    if (!podcast) return { podcastId: null, podcast: slug, feedUrl: null, added: episodes.length, there: 0 }
    const feedUrl = `${config.publicBaseUrl}/${feedName(podcast.id)}`
    const added = newIn(show, await episodesThere(db, podcast, feedUrl, show, options)).length
    return { podcastId: podcast.id, podcast: slug, feedUrl, added, there: episodes.length - added }
  })
}

/** Brings the show and its new episodes into rows, in one transaction, and then into the feed. Throws Permanent `already_there` for another show of that name. */
export async function importShow(
  show: ReadShow,
  options: ImportOptions,
  tools: Publisher,
): Promise<Imported & { readonly podcastId: string }> {
  const addressOf = (podcastId: string) => `${tools.config.publicBaseUrl}/${feedName(podcastId)}`
  const { id, slug, added } = await tools.withDatabase((db) =>
    db.transaction(async (trx) => {
      const { userId } = options
      const podcast = await lockedPodcast(trx, userId, await nameOf(trx, show, options), show.settings)
      const { id, slug } = podcast
      const known = await episodesThere(trx, podcast, addressOf(id), show, options)
      const fresh = named(newIn(show, known), new Set(known.map((episode) => episode.slug)))
      await insertImported(trx, { userId, podcastId: id }, fresh)
      return { id, slug, added: fresh.length }
    }),
  )
  await swapFeed(id, tools)
  const there = show.episodes.length - added
  return { podcastId: id, podcast: slug, feedUrl: addressOf(id), added, there }
}

/** Those of the podcast, which is this show. Throws as `mustBeSameShow`. */
async function episodesThere(
  db: Knex,
  { id, slug, settings }: Podcast,
  feedUrl: string,
  show: ReadShow,
  { sameShow = false }: ImportOptions,
): Promise<KnownEpisode[]> {
  const episodes = await knownEpisodes(db, id)
  if (!sameShow) mustBeSameShow({ slug, settings, feedUrl, episodes }, show)
  return episodes
}

function newIn({ episodes }: ReadShow, known: readonly KnownEpisode[]): ImportedEpisode[] {
  const guids = new Set(known.flatMap((one) => one.guids))
  return episodes.filter(({ guid }) => !guids.has(guid))
}

/** Fetches the audio that is elsewhere yet, and says in the feed where it is now. Returns how many files came. */
export async function fetchShow(podcastId: string, tools: Publisher, signal: AbortSignal): Promise<number> {
  const fetched = await fetchAudio(podcastId, tools, signal)
  if (fetched > 0) await swapFeed(podcastId, tools)
  return fetched
}

/** As asked, or that of the show of its title; one that was begun while capitals stayed keeps its name. */
async function nameOf(
  db: Knex,
  { settings: { title } }: ReadShow,
  { userId, slug }: ImportOptions,
): Promise<string> {
  return slug ?? (await findPodcastNamed(db, userId, slugOf(title)))?.slug ?? showSlug(title)
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
