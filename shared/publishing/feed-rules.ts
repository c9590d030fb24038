/**
 * The rules of a podcast's feed, as data: what Apple, Spotify, the PSP-1 standard and the Podcasting 2.0 namespace ask of
 * it. Each rule names what is wrong, what to do, and who says so.
 */
import { registeredLanguage } from '../settings/language.ts'
import { findCategory } from '../settings/categories.ts'
import { childOf, childrenOf, textOf, type Element } from './feed-tree.ts'
import type { Severity } from './finding.ts'

export interface FeedRule {
  readonly id: string
  readonly severity: Severity
  /** Looked at once, or for every episode. */
  readonly of: 'show' | 'episode'
  readonly remedy: string
  readonly source: string
  /** What is wrong with an element; nothing when it keeps the rule. */
  readonly wrong: (element: Element, channel: Element) => string | undefined
}

const apple = 'https://podcasters.apple.com/support/823-podcast-requirements'
const appleTags = 'https://help.apple.com/itc/podcasts_connect/#/itcb54353390'
const psp1 = 'https://github.com/Podcast-Standards-Project/PSP-1-Podcast-RSS-Specification'
const namespace = 'https://podcastindex.org/namespace/1.0'
const rss = 'https://www.rssboard.org/rss-specification'
const spotify = 'https://support.spotify.com/us/creators/article/podcast-specification-doc/'

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
const isEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)
const bytesOf = (text: string): number => Buffer.byteLength(text)
const isWholeNumber = (text: string): boolean => /^[1-9]\d*$/.test(text)
const list = (values: readonly string[]): string => values.join(', ')

/** A rule that an element is there and not empty. */
const needs = (
  name: string,
  rule: Pick<FeedRule, 'of' | 'severity' | 'source' | 'remedy'>,
  value: (element: Element) => string = (element) => textOf(element, name),
): FeedRule => ({
  id: `${rule.of}-has-${name.replace(':', '-').toLowerCase()}`,
  ...rule,
  wrong: (element) => (value(element) === '' ? `There is no <${name}>, or it is empty.` : undefined),
})

/** A rule about the value of an element, where it is there. */
const value = (
  id: string,
  name: string,
  rule: Pick<FeedRule, 'of' | 'severity' | 'source' | 'remedy'>,
  wrong: (text: string, element: Element) => string | undefined,
): FeedRule => ({
  id,
  ...rule,
  wrong: (element) => {
    for (const child of childrenOf(element, name)) {
      const found = wrong(child.text, child)
      if (found !== undefined) return `<${name}>: ${found}`
    }
    return undefined
  },
})

const oneOf =
  (...allowed: readonly string[]) =>
  (text: string): string | undefined =>
    allowed.includes(text) ? undefined : `"${text}" is none of ${list(allowed)}.`
const atMost =
  (bytes: number) =>
  (text: string): string | undefined =>
    bytesOf(text) > bytes ? `it has ${bytesOf(text)} bytes; the limit is ${bytes}.` : undefined

const show = { of: 'show', severity: 'error' } as const
const episode = { of: 'episode', severity: 'error' } as const
const advised = { severity: 'warning' } as const

const imageOf = (element: Element): string => childOf(element, 'itunes:image')?.attributes['href'] ?? ''
const enclosureOf = (item: Element): Readonly<Record<string, string>> =>
  childOf(item, 'enclosure')?.attributes ?? {}
const mediaTypes = [
  ...['audio/mpeg', 'audio/x-m4a', 'audio/mp4', 'audio/aac', 'video/mp4', 'video/quicktime', 'video/x-m4v'],
  ...['application/pdf', 'application/epub+zip'],
]

const imageIsPicture = (href: string): string | undefined =>
  !isAddress(href)
    ? `"${href}" is no web address.`
    : /\.(jpe?g|png)$/i.test(new URL(href).pathname)
      ? undefined
      : 'its address does not end in .jpg or .png.'

/** RFC 822 with a year of four digits, as RSS wants it. */
const dated =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|[A-Z]{1,4})$/

export const feedRules: readonly FeedRule[] = [
  {
    id: 'rss-version',
    ...show,
    remedy: 'Write <rss version="2.0">.',
    source: rss,
    wrong: (_channel, root) =>
      root.attributes['version'] === '2.0'
        ? undefined
        : `The version is "${root.attributes['version'] ?? ''}".`,
  },
  needs('title', { ...show, source: apple, remedy: 'Set the show’s title.' }),
  needs('description', { ...show, source: apple, remedy: 'Set the show’s description.' }),
  needs('language', { ...show, source: apple, remedy: 'Set the show’s language.' }),
  needs('link', { ...show, source: rss, remedy: 'Set the show’s link to its web page.' }),
  needs(
    'itunes:category',
    { ...show, source: apple, remedy: 'Choose a category of Apple’s list.' },
    (channel) => childOf(channel, 'itunes:category')?.attributes['text'] ?? '',
  ),
  needs('itunes:explicit', { ...show, source: apple, remedy: 'Say true or false.' }),
  needs('itunes:image', { ...show, source: apple, remedy: 'Give the show a cover.' }, imageOf),
  needs('itunes:author', { ...show, ...advised, source: appleTags, remedy: 'Set the show’s author.' }),
  needs(
    'atom:link',
    { ...show, source: psp1, remedy: 'Name the feed’s own address with rel="self".' },
    (channel) =>
      childrenOf(channel, 'atom:link').find(({ attributes }) => attributes['rel'] === 'self')?.attributes[
        'href'
      ] ?? '',
  ),
  needs('podcast:guid', {
    ...show,
    ...advised,
    source: namespace,
    remedy: 'Add the UUIDv5 of the feed’s address.',
  }),
  needs('podcast:locked', {
    ...show,
    ...advised,
    source: namespace,
    remedy: 'Say whether other hosts may import it.',
  }),
  value('show-title-length', 'title', { ...show, source: appleTags, remedy: 'Shorten it.' }, atMost(255)),
  value(
    'show-description-length',
    'description',
    { ...show, source: appleTags, remedy: 'Shorten it.' },
    atMost(4000),
  ),
  value(
    'show-language',
    'language',
    { ...show, source: apple, remedy: 'Use a registered tag such as en or de-CH.' },
    (text) =>
      registeredLanguage.safeParse(text).success ? undefined : `"${text}" is no registered language.`,
  ),
  value(
    'show-explicit',
    'itunes:explicit',
    { ...show, source: apple, remedy: 'Say true or false.' },
    oneOf('true', 'false'),
  ),
  value(
    'show-type',
    'itunes:type',
    { ...show, source: appleTags, remedy: 'Say episodic or serial.' },
    oneOf('episodic', 'serial'),
  ),
  value(
    'show-category',
    'itunes:category',
    { ...show, source: appleTags, remedy: 'Choose one of Apple’s list.' },
    (_text, { attributes, children }) => {
      const inner = children.find(({ name }) => name === 'itunes:category')?.attributes['text']
      const named = [attributes['text'] ?? '', ...(inner === undefined ? [] : [inner])].join(':')
      return findCategory(named) ? undefined : `Apple has no category "${named}".`
    },
  ),
  value(
    'show-image',
    'itunes:image',
    { ...show, source: apple, remedy: 'Link to a JPEG or PNG of 1400 to 3000 pixels.' },
    (_text, { attributes }) => imageIsPicture(attributes['href'] ?? ''),
  ),
  value(
    'show-locked',
    'podcast:locked',
    { ...show, source: namespace, remedy: 'Say yes or no.' },
    oneOf('yes', 'no'),
  ),
  value(
    'show-guid',
    'podcast:guid',
    { ...show, source: namespace, remedy: 'Use the UUIDv5 of the feed’s address.' },
    (text) =>
      /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.test(text)
        ? undefined
        : `"${text}" is no UUIDv5.`,
  ),
  value(
    'show-new-feed-url',
    'itunes:new-feed-url',
    { ...show, source: appleTags, remedy: 'Name the feed’s new address.' },
    (text) => (isAddress(text) ? undefined : `"${text}" is no web address.`),
  ),
  {
    id: 'show-owner-email',
    ...show,
    ...advised,
    remedy: 'Set the owner’s e-mail: directories send a code there to prove who owns the show.',
    source: spotify,
    wrong: (channel) => {
      const email = textOf(childOf(channel, 'itunes:owner') ?? channel, 'itunes:email')
      return isEmail(email)
        ? undefined
        : email === ''
          ? 'There is no <itunes:email>.'
          : `"${email}" is no e-mail address.`
    },
  },
  {
    id: 'show-has-an-episode',
    ...show,
    remedy: 'Publish an episode, or a trailer.',
    source: apple,
    wrong: (channel) => (childOf(channel, 'item') ? undefined : 'There is no <item>.'),
  },
  {
    id: 'guids-differ',
    ...show,
    remedy: 'Give every episode a guid of its own that never changes.',
    source: apple,
    wrong: (channel) => repeated(childrenOf(channel, 'item').map((item) => textOf(item, 'guid'))),
  },
  {
    id: 'enclosures-differ',
    ...show,
    remedy: 'Give every episode an address of its own.',
    source: apple,
    wrong: (channel) => repeated(childrenOf(channel, 'item').map((item) => enclosureOf(item)['url'] ?? '')),
  },
  {
    id: 'serial-is-numbered',
    ...show,
    remedy: 'Number the episodes, or say that the show is episodic.',
    source: appleTags,
    wrong: (channel) => {
      if (textOf(channel, 'itunes:type') !== 'serial') return undefined
      const bare = childrenOf(channel, 'item').filter(
        (item) =>
          (textOf(item, 'itunes:episodeType') || 'full') === 'full' && textOf(item, 'itunes:episode') === '',
      )
      return bare.length > 0
        ? `${bare.length} full episodes of a serial show have no <itunes:episode>.`
        : undefined
    },
  },
  needs('title', { ...episode, source: apple, remedy: 'Give the episode a title.' }),
  needs('guid', { ...episode, source: apple, remedy: 'Give the episode a guid that never changes.' }),
  needs(
    'enclosure',
    { ...episode, source: apple, remedy: 'Name the audio with its address, length and type.' },
    (item) => enclosureOf(item)['url'] ?? '',
  ),
  needs('pubDate', { ...episode, source: psp1, remedy: 'Say when it was published.' }),
  needs('itunes:duration', {
    ...episode,
    ...advised,
    source: psp1,
    remedy: 'Say how long it is, in seconds.',
  }),
  needs('description', { ...episode, ...advised, source: psp1, remedy: 'Describe the episode.' }),
  value(
    'episode-title-length',
    'title',
    { ...episode, ...advised, source: appleTags, remedy: 'Shorten it.' },
    atMost(255),
  ),
  value(
    'episode-description-length',
    'description',
    { ...episode, source: appleTags, remedy: 'Shorten it; long notes go into <content:encoded>.' },
    atMost(10_000),
  ),
  {
    id: 'enclosure-address',
    ...episode,
    remedy: 'Use an absolute http or https address.',
    source: rss,
    wrong: (item) => {
      const { url = '' } = enclosureOf(item)
      return url === '' || isAddress(url) ? undefined : `"${url}" is no web address.`
    },
  },
  {
    id: 'enclosure-length',
    ...episode,
    remedy: 'Say how many bytes the file has.',
    source: rss,
    wrong: (item) => {
      const { url, length = '' } = enclosureOf(item)
      return url === undefined || isWholeNumber(length)
        ? undefined
        : `length="${length}" is no number of bytes.`
    },
  },
  {
    id: 'enclosure-type',
    ...episode,
    remedy: `Use one of ${list(mediaTypes.slice(0, 4))} for audio.`,
    source: apple,
    wrong: (item) => {
      const { url, type = '' } = enclosureOf(item)
      return url === undefined || mediaTypes.includes(type)
        ? undefined
        : `type="${type}" is none that directories take.`
    },
  },
  value(
    'episode-date',
    'pubDate',
    { ...episode, source: rss, remedy: 'Write it as in "Wed, 02 Dec 2026 06:00:00 +0000".' },
    (text) =>
      dated.test(text) && !Number.isNaN(Date.parse(text)) ? undefined : `"${text}" is no date of RFC 822.`,
  ),
  value(
    'episode-duration',
    'itunes:duration',
    { ...episode, source: psp1, remedy: 'Write whole seconds.' },
    (text) =>
      /^\d+$|^(\d+:)?[0-5]?\d:[0-5]\d$/.test(text)
        ? undefined
        : `"${text}" is neither seconds nor hours, minutes and seconds.`,
  ),
  value(
    'episode-explicit',
    'itunes:explicit',
    { ...episode, source: apple, remedy: 'Say true or false.' },
    oneOf('true', 'false'),
  ),
  value(
    'episode-type',
    'itunes:episodeType',
    { ...episode, source: appleTags, remedy: 'Say full, trailer or bonus.' },
    oneOf('full', 'trailer', 'bonus'),
  ),
  value(
    'episode-number',
    'itunes:episode',
    { ...episode, source: appleTags, remedy: 'Use whole numbers from 1.' },
    (text) => (isWholeNumber(text) ? undefined : `"${text}" is no whole number from 1.`),
  ),
  value(
    'episode-season',
    'itunes:season',
    { ...episode, source: appleTags, remedy: 'Use whole numbers from 1.' },
    (text) => (isWholeNumber(text) ? undefined : `"${text}" is no whole number from 1.`),
  ),
  value(
    'episode-image',
    'itunes:image',
    { ...episode, source: apple, remedy: 'Link to a JPEG or PNG.' },
    (_text, { attributes }) => imageIsPicture(attributes['href'] ?? ''),
  ),
  value(
    'episode-transcript',
    'podcast:transcript',
    { ...episode, source: namespace, remedy: 'Name its address and its type.' },
    (_text, { attributes: { url = '', type = '' } }) =>
      !isAddress(url)
        ? `"${url}" is no web address.`
        : oneOf(
            'text/vtt',
            'application/x-subrip',
            'application/srt',
            'application/json',
            'text/html',
            'text/plain',
          )(type),
  ),
  value(
    'episode-chapters',
    'podcast:chapters',
    { ...episode, source: namespace, remedy: 'Name its address and application/json+chapters.' },
    (_text, { attributes: { url = '', type = '' } }) =>
      !isAddress(url)
        ? `"${url}" is no web address.`
        : oneOf('application/json+chapters', 'application/json')(type),
  ),
]

/** Says which value stands there more than once; empty ones are another rule's. */
function repeated(values: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const text of values.filter((found) => found !== '')) {
    if (seen.has(text)) return `"${text}" stands there twice.`
    seen.add(text)
  }
  return undefined
}
