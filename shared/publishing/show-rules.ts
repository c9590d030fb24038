/** What Apple, Spotify, RSS and the PSP-1 standard ask of a show. */
import { registeredLanguage } from '../settings/language.ts'
import { findCategory } from '../settings/categories.ts'
import { childOf, childrenOf, textOf, type Element } from './feed-tree.ts'
import {
  address,
  advised,
  apple,
  appleTags,
  atMost,
  enclosureOf,
  imageIsPicture,
  imageOf,
  isEmail,
  needs,
  oneOf,
  psp1,
  repeated,
  rss,
  show,
  spotify,
  value,
  type FeedRule,
} from './feed-rule.ts'

/** Empty where there is none to compare: a trailer and a bonus may have the number of the episode they belong to. */
function numberOf(item: Element): string {
  const [type, season, number] = ['episodeType', 'season', 'episode'].map((name) =>
    textOf(item, `itunes:${name}`),
  )
  if (number === '' || (type !== '' && type !== 'full')) return ''
  return `${season === '' ? '' : `season ${season}, `}episode ${number}`
}

/** The first two that have one number. */
function sameNumber(items: readonly Element[]): string | undefined {
  const titles = new Map<string, string>()
  for (const item of items) {
    const [number, title] = [numberOf(item), textOf(item, 'title')]
    if (titles.has(number)) return `"${titles.get(number)!}" and "${title}" are both ${number}.`
    if (number !== '') titles.set(number, title)
  }
  return undefined
}

/** Where a feed says that it is; empty where it does not. */
export const ownAddress = (channel: Element): string =>
  childrenOf(channel, 'atom:link').find(({ attributes }) => attributes['rel'] === 'self')?.attributes[
    'href'
  ] ?? ''

export const showRules: readonly FeedRule[] = [
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
  needs(
    'itunes:image',
    {
      ...show,
      source: apple,
      remedy: 'Give the show a cover (cover.jpg beside podcast.json, or imageUrl in it).',
    },
    imageOf,
  ),
  needs('itunes:author', { ...show, ...advised, source: appleTags, remedy: 'Set the show’s author.' }),
  needs(
    'atom:link',
    { ...show, source: psp1, remedy: 'Name the feed’s own address with rel="self".' },
    ownAddress,
  ),
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
    'show-new-feed-url',
    'itunes:new-feed-url',
    { ...show, source: appleTags, remedy: 'Name the feed’s new address.' },
    address,
  ),
  {
    id: 'show-owner-email',
    ...show,
    ...advised,
    remedy:
      'Set the owner’s e-mail (email in podcast.json): directories send a code there to prove who owns the show.',
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
  {
    id: 'numbers-differ',
    ...show,
    ...advised,
    remedy: 'Give every full episode of a season a number of its own.',
    source: appleTags,
    wrong: (channel) => sameNumber(childrenOf(channel, 'item')),
  },
  value(
    'show-complete',
    'itunes:complete',
    { ...show, ...advised, source: appleTags, remedy: 'Say Yes, or leave it out.' },
    (text) => oneOf('yes')(text.toLowerCase()),
  ),
  value(
    'show-block',
    'itunes:block',
    { ...show, ...advised, source: appleTags, remedy: 'Say Yes, or leave it out.' },
    (text) => oneOf('yes', 'no')(text.toLowerCase()),
  ),
  value(
    'show-copyright',
    'copyright',
    { ...show, ...advised, source: psp1, remedy: 'Name the owner alone: "Ada and Ben".' },
    (text) => (/\bcopyright\b|©|\(c\)/i.test(text) ? `"${text}" says again what the tag says.` : undefined),
  ),
]
