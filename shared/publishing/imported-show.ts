/** A show's settings from the channel of a feed that is imported. Hides what has no place in them, and names it. */
import type { Warning } from '../codes.ts'
import type { ParsedFeed } from '../feed/rss.ts'
import { podcastGuid } from '../feed/rss-show.ts'
import { cleanNotes, notesAsText } from '../feed/show-notes.ts'
import { findCategory } from '../settings/categories.ts'
import { usablePodcast, type PodcastSettings } from '../settings/podcast.ts'
import { defined, sharedValues, unread } from './imported-values.ts'

const mostDescriptionCharacters = 4000
/** Apple shows so many besides the first. */
const furtherCategories = 2

const readOfChannel = [
  ...['title', 'link', 'description', 'language', 'copyright', 'managingEditor', 'image', 'items'],
  ...['itunes', 'podcast', 'atom', 'generator', 'pubDate', 'lastBuildDate', 'docs'],
]
const readOfItunes = [
  ...['image', 'categories', 'explicit', 'author', 'title', 'type', 'block', 'complete', 'owner'],
  ...['summary', 'subtitle'],
]
const readOfPodcasting = [
  ...['locked', 'fundings', 'persons', 'locations', 'trailers', 'license', 'guid', 'values', 'medium'],
  ...['images', 'blocks', 'txts', 'podroll', 'updateFrequency', 'chat'],
]

/** `feedUrl`: where the feed was read, of which its guid is made when it names none. */
export async function importedShow(
  feed: ParsedFeed,
  feedUrl: string | undefined,
): Promise<{ settings: PodcastSettings; warnings: Warning[] }> {
  const { itunes = {}, podcast = {}, atom } = feed
  const categories = categoriesOf(itunes.categories)
  const self = atom?.links?.find(({ rel }) => rel === 'self')?.href ?? feedUrl
  const { settings, refused } = usablePodcast(
    defined({
      title: feed.title ?? itunes.title,
      description: await textOf(feed.description ?? itunes.summary ?? itunes.subtitle),
      language: feed.language,
      author: itunes.author ?? itunes.owner?.name ?? feed.managingEditor?.name,
      email: itunes.owner?.email ?? podcast.locked?.owner ?? feed.managingEditor?.email,
      link: feed.link,
      imageUrl: itunes.image ?? feed.image?.url,
      category: categories[0],
      categories: categories.slice(1, 1 + furtherCategories),
      explicit: itunes.explicit,
      type: itunes.type?.toLowerCase(),
      copyright: feed.copyright,
      complete: itunes.complete,
      block: blockOf(feed),
      guid: podcast.guid ?? (self === undefined ? undefined : podcastGuid(self)),
      locked: podcast.locked?.value,
      funding: podcast.fundings?.map(({ url, display }) => ({ url, text: display ?? 'Support the show' })),
      trailers: podcast.trailers?.map(trailerOf),
      medium: podcast.medium,
      updateFrequency: podcast.updateFrequency && frequencyOf(podcast.updateFrequency),
      podroll: podcast.podroll?.remoteItems,
      ...sharedValues(podcast),
    }),
  )
  return { settings, warnings: [...lockedWarning(podcast), ...notKept(feed, refused, categories)] }
}

type Podcasting = NonNullable<ParsedFeed['podcast']>

const lockedWarning = ({ locked }: Podcasting): Warning[] =>
  locked?.value === true
    ? [
        {
          code: 'feed_locked',
          message: 'The feed asks other hosts not to import it; go on only if it is yours.',
        },
      ]
    : []

function notKept(
  feed: ParsedFeed,
  refused: readonly { field: string; why: string }[],
  categories: readonly string[],
): Warning[] {
  const names = [
    ...unread(feed, readOfChannel, ''),
    ...unread(feed.itunes, readOfItunes, 'itunes:'),
    ...unread(feed.podcast, readOfPodcasting, 'podcast:'),
  ]
  const messages = [
    ...refused.map(({ field, why }) => `The show's ${field} is not kept: ${why}.`),
    ...categories.slice(1 + furtherCategories).map((name) => `The category "${name}" is one too many.`),
    ...(names.length === 0 ? [] : [`Of the show, these have no place here: ${names.join(', ')}.`]),
  ]
  return messages.map((message) => ({ code: 'import_not_kept', message }))
}

async function textOf(description: string | undefined): Promise<string | undefined> {
  if (description === undefined) return undefined
  return await notesAsText((await cleanNotes(description)).html, mostDescriptionCharacters)
}

/** "Parent:Child" where there is a child; as they are called today. */
function categoriesOf(given: NonNullable<ParsedFeed['itunes']>['categories']): string[] {
  const named = (given ?? []).flatMap(({ text = '', categories = [] }) =>
    categories.length === 0 ? [text] : categories.map((inner) => `${text}:${inner.text ?? ''}`),
  )
  const known = named.filter((text) => findCategory(text) !== undefined)
  return [...new Set(known.length > 0 ? known : named.slice(0, 1))]
}

function blockOf({ itunes, podcast }: ParsedFeed): boolean | string[] | undefined {
  if (itunes?.block === true) return true
  const blocks = (podcast?.blocks ?? []).filter(({ value }) => value === true)
  if (blocks.some(({ id }) => id === undefined)) return true
  const ids = blocks.flatMap(({ id }) => (id === undefined ? [] : [id]))
  return ids.length === 0 ? undefined : ids
}

const trailerOf = ({ display, pubDate, ...rest }: NonNullable<Podcasting['trailers']>[number]) => ({
  title: display,
  date: isoOf(pubDate),
  ...rest,
})

const frequencyOf = ({ display, dtstart, ...rest }: NonNullable<Podcasting['updateFrequency']>) =>
  defined({ text: display, start: isoOf(dtstart), ...rest })

const isoOf = (date: string | undefined): string | undefined => {
  const time = new Date(date ?? NaN)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
