/** What the Podcasting 2.0 namespace asks of its tags. */
import type { z } from 'zod'
import { isMedium, isSpdx, location, recurrence } from '../settings/feed-values.ts'
import { isGroup, isRole } from '../settings/taxonomy.ts'
import { secondsOf } from '../timecode.ts'
import { childrenOf, textOf, type Element } from './feed-tree.ts'
import {
  address,
  advised,
  episode,
  isAddress,
  isDate,
  isWholeNumber,
  namespace,
  needs,
  once,
  oneOf,
  show,
  value,
  type FeedRule,
} from './feed-rule.ts'

export const podcastingRules: readonly FeedRule[] = [
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
  once('show-one-guid', 'podcast:guid', { ...show, source: namespace, remedy: 'Leave one.' }),
  ...both((of) => [
    value(
      `${of.of}-person`,
      'podcast:person',
      { ...of, source: namespace, remedy: 'Name the person; role and group come from podcasttaxonomy.com.' },
      (text, { attributes: { role, group, img, href } }) =>
        name(text) ??
        (role !== undefined && !isRole(role) ? `the taxonomy has no role "${role}".` : undefined) ??
        (group !== undefined && !isGroup(group) ? `the taxonomy has no group "${group}".` : undefined) ??
        optionalAddress(img) ??
        optionalAddress(href),
    ),
    value(
      `${of.of}-license`,
      'podcast:license',
      {
        ...of,
        source: namespace,
        remedy: 'Use an identifier of spdx.org/licenses, or add the address of its words.',
      },
      (text, { attributes: { url } }) =>
        name(text) ??
        (url === undefined
          ? isSpdx(text)
            ? undefined
            : `"${text}" is no known licence and has no address.`
          : address(url)),
    ),
    value(
      `${of.of}-location`,
      'podcast:location',
      {
        ...of,
        source: namespace,
        remedy: 'Name the place; write geo as "geo:48.2,16.4" and osm as "R113314".',
      },
      (text, { attributes: { geo, osm, rel } }) =>
        name(text) ??
        (rel === undefined ? undefined : oneOf('subject', 'creator')(rel)) ??
        fits(location.shape.geo, geo) ??
        fits(location.shape.osm, osm),
    ),
    value(
      `${of.of}-txt`,
      'podcast:txt',
      { ...of, ...advised, source: namespace, remedy: 'Shorten it.' },
      (text, { attributes: { purpose = '' } }) =>
        text.length > 4000 || purpose.length > 128
          ? 'it has more than 4000 characters, or its purpose more than 128.'
          : undefined,
    ),
    value(
      `${of.of}-podcast-image`,
      'podcast:image',
      { ...of, source: namespace, remedy: 'Name the address of a picture.' },
      (_text, { attributes: { href = '' } }) => address(href),
    ),
    value(
      `${of.of}-chat`,
      'podcast:chat',
      { ...of, source: namespace, remedy: 'Name the server and its protocol.' },
      (_text, { attributes: { server = '', protocol = '' } }) =>
        server === '' || protocol === '' ? 'it needs a server and a protocol.' : undefined,
    ),
    value(
      `${of.of}-value`,
      'podcast:value',
      { ...of, source: namespace, remedy: 'Name type, method and somebody who receives a share.' },
      (_text, { attributes: { type = '', method = '' }, children }) =>
        type === '' || method === ''
          ? 'it needs a type and a method.'
          : children.some(({ name: tag }) => tag === 'podcast:valueRecipient')
            ? undefined
            : 'nobody receives anything.',
    ),
  ]),
  value(
    'show-funding',
    'podcast:funding',
    { ...show, source: namespace, remedy: 'Name the address, and say in a few words what it is.' },
    (text, { attributes: { url = '' } }) => name(text) ?? address(url),
  ),
  value(
    'show-medium',
    'podcast:medium',
    { ...show, source: namespace, remedy: 'Use podcast, or another of the namespace’s list.' },
    (text) => (isMedium(text) ? undefined : `the namespace has no medium "${text}".`),
  ),
  value(
    'show-trailer',
    'podcast:trailer',
    { ...show, source: namespace, remedy: 'Give it a title, the address of its audio and pubdate.' },
    (text, { attributes: { url = '', pubdate = '' } }) =>
      name(text) ??
      address(url) ??
      (isDate(pubdate) ? undefined : `pubdate="${pubdate}" is no date of RFC 822.`),
  ),
  value(
    'show-update-frequency',
    'podcast:updateFrequency',
    {
      ...show,
      source: namespace,
      remedy: 'Write rrule as in "FREQ=WEEKLY;BYDAY=MO"; with COUNT, dtstart too.',
    },
    (text, { attributes: { rrule, dtstart } }) =>
      name(text) ??
      fits(recurrence, rrule) ??
      (/;COUNT=/.test(rrule ?? '') && dtstart === undefined ? 'COUNT needs dtstart.' : undefined),
  ),
  value(
    'show-podroll',
    'podcast:podroll',
    { ...show, source: namespace, remedy: 'Name each show by feedGuid.' },
    (_text, { children }) =>
      children.every(({ name: tag, attributes: { feedGuid } }) => tag === 'podcast:remoteItem' && feedGuid)
        ? undefined
        : 'a show in it has no feedGuid.',
  ),
  value(
    'show-podcast-block',
    'podcast:block',
    { ...show, source: namespace, remedy: 'Say yes or no.' },
    oneOf('yes', 'no'),
  ),
  {
    id: 'episode-soundbite',
    ...episode,
    source: namespace,
    remedy: 'Give startTime and duration in seconds, within the episode.',
    wrong: (item) => soundbiteOutside(item),
  },
  value(
    'episode-podcast-season',
    'podcast:season',
    { ...episode, source: namespace, remedy: 'Use whole numbers from 1, and a short name.' },
    (text, { attributes: { name: title = '' } }) =>
      !isWholeNumber(text)
        ? `"${text}" is no whole number from 1.`
        : title.length > 128
          ? 'its name has more than 128 characters.'
          : undefined,
  ),
  value(
    'episode-podcast-episode',
    'podcast:episode',
    { ...episode, source: namespace, remedy: 'Use a number.' },
    (text) => (/^\d+(\.\d+)?$/.test(text) ? undefined : `"${text}" is no number.`),
  ),
]

/** The same of a show and of an episode. */
function both(rules: (of: typeof show | typeof episode) => FeedRule[]): FeedRule[] {
  return [...rules(show), ...rules(episode)]
}

/** The namespace bounds what is shown. */
function name(text: string): string | undefined {
  if (text === '') return 'it is empty.'
  return text.length > 128 ? 'it has more than 128 characters.' : undefined
}

function optionalAddress(text: string | undefined): string | undefined {
  return text === undefined ? undefined : address(text)
}

function fits(schema: z.ZodType, text: string | undefined): string | undefined {
  const { success, error } = schema.safeParse(text)
  return success ? undefined : `"${text}" is none: ${error.issues[0]!.message}.`
}

function soundbiteOutside(item: Element): string | undefined {
  const length = secondsOf(textOf(item, 'itunes:duration')) ?? Infinity
  for (const { attributes } of childrenOf(item, 'podcast:soundbite')) {
    const [start, duration] = [Number(attributes['startTime'] ?? NaN), Number(attributes['duration'] ?? NaN)]
    if (!(start >= 0 && duration > 0)) return '<podcast:soundbite>: it needs a startTime and a duration.'
    if (start + duration > length + 1) return `<podcast:soundbite>: it ends after the episode does.`
  }
  return undefined
}
