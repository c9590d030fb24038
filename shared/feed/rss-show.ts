/** The show in its feed: every element of the channel but its episodes. Hides which namespace says what. */
import { createHash } from 'node:crypto'
import { findCategory } from '../settings/categories.ts'
import type { PodcastSettings } from '../settings/podcast.ts'
import { sharedElements } from './rss-values.ts'

/** The namespace Podcasting 2.0 sets for feed identifiers. */
const podcastNamespace = 'ead4c236-bf58-58c6-a2c6-a6b28d128cb6'

/** UUIDv5 of the feed's URL without scheme and trailing slashes (Podcasting 2.0, `podcast:guid`). */
export function podcastGuid(feedUrl: string): string {
  const name = feedUrl.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')
  const hash = createHash('sha1')
    .update(Buffer.from(podcastNamespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export function channel(feedUrl: string, settings: PodcastSettings, image: string | undefined) {
  return {
    title: settings.title,
    description: settings.description,
    link: settings.link ?? feedUrl,
    language: canonicalLanguage(settings.language),
    copyright: settings.copyright,
    generator: 'Spool',
    atom: { links: [{ href: feedUrl, rel: 'self', type: 'application/rss+xml' }] },
    itunes: itunes(settings, image),
    podcast: podcasting(feedUrl, settings),
  }
}

function itunes(settings: PodcastSettings, image: string | undefined) {
  const { author, email, explicit, type, newFeedUrl, complete, block } = settings
  return {
    author,
    explicit,
    type,
    categories: categoriesOf([settings.category, ...settings.categories]),
    image,
    newFeedUrl,
    owner: email === undefined ? undefined : { name: author, email },
    // only "Yes" means something
    complete: complete ? true : undefined,
    block: block === true ? true : undefined,
  }
}

function podcasting(feedUrl: string, settings: PodcastSettings) {
  const { email, guid, locked, funding, trailers, medium, updateFrequency, podroll, block } = settings
  return {
    guid: guid ?? podcastGuid(feedUrl),
    locked: { value: locked, owner: email },
    fundings: funding.map(({ url, text: display }) => ({ url, display })),
    trailers: trailers.map(({ title: display, date, ...rest }) => ({
      display,
      pubDate: new Date(date),
      ...rest,
    })),
    medium,
    updateFrequency: updateFrequency && frequencyOf(updateFrequency),
    podroll: podroll.length === 0 ? undefined : { remoteItems: podroll },
    blocks: blocksOf(block),
    ...sharedElements(settings),
  }
}

const frequencyOf = ({ text, start, ...rest }: NonNullable<PodcastSettings['updateFrequency']>) => ({
  display: text,
  dtstart: start === undefined ? undefined : new Date(start),
  ...rest,
})

/** Of everybody, or of the services named. */
function blocksOf(block: PodcastSettings['block']): { value: boolean; id?: string }[] {
  if (typeof block === 'boolean') return block ? [{ value: true }] : []
  return block.map((id) => ({ value: true, id }))
}

/** As registered: "en-UK" is "en-GB". */
function canonicalLanguage(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? tag
  } catch {
    return tag
  }
}

/**
 * Each once, subcategories inside their categories; what was stored before the list was checked stays as it is.
 */
function categoriesOf(texts: readonly string[]): { text: string; categories: { text: string }[] }[] {
  const found = new Map<string, Set<string>>()
  for (const text of texts) {
    const { name, subcategory } = findCategory(text) ?? { name: text }
    const inner = found.get(name) ?? new Set()
    if (subcategory !== undefined) inner.add(subcategory)
    found.set(name, inner)
  }
  return [...found].map(([text, inner]) => ({
    text,
    categories: [...inner].map((subcategory) => ({ text: subcategory })),
  }))
}
