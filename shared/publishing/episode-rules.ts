/** What Apple, RSS and the PSP-1 standard ask of an episode. */
import {
  address,
  advised,
  apple,
  appleTags,
  atMost,
  enclosureOf,
  episode,
  imageIsPicture,
  isAddress,
  isDate,
  isWholeNumber,
  list,
  needs,
  oneOf,
  psp1,
  rss,
  value,
  type FeedRule,
} from './feed-rule.ts'

const mediaTypes = [
  ...['audio/mpeg', 'audio/x-m4a', 'audio/mp4', 'audio/aac', 'video/mp4', 'video/quicktime', 'video/x-m4v'],
  ...['application/pdf', 'application/epub+zip'],
]

export const episodeRules: readonly FeedRule[] = [
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
    (text) => (isDate(text) ? undefined : `"${text}" is no date of RFC 822.`),
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
    'episode-link',
    'link',
    { ...episode, source: rss, remedy: 'Use an absolute http or https address.' },
    address,
  ),
  value(
    'episode-notes-length',
    'content:encoded',
    { ...episode, ...advised, source: apple, remedy: 'Shorten the show notes.' },
    atMost(250_000),
  ),
  value(
    'episode-notes-markup',
    'content:encoded',
    { ...episode, ...advised, source: appleTags, remedy: 'Use paragraphs, lists and links.' },
    (text) => {
      const tag = /<(script|style|iframe|object|embed|form|input)\b/i.exec(text)?.[1]
      return tag === undefined ? undefined : `applications do not show <${tag.toLowerCase()}>.`
    },
  ),
  value(
    'episode-block',
    'itunes:block',
    { ...episode, ...advised, source: appleTags, remedy: 'Say Yes, or leave it out.' },
    (text) => oneOf('yes', 'no')(text.toLowerCase()),
  ),
]
