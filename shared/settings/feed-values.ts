/**
 * What the show and its episodes may say of themselves in the feed: people, places, licences and so on, each as the
 * Podcasting 2.0 namespace defines it (podcastindex.org/namespace/1.0). Hides its limits and its lists of names.
 */
import licences from 'spdx-license-ids/index.json' with { type: 'json' }
import { z } from 'zod'
import { isPublicAddress } from '../public-address.ts'
import { groups, isGroup, isRole } from './taxonomy.ts'

/** A link that a listener's program may open. */
export const webAddress = z.url({ protocol: /^https?$/ })
/** A short text, as the namespace bounds it. */
const label = z.string().trim().min(1).max(128)
const wholeNumber = z.number().int().positive()

export const person = z.strictObject({
  name: label,
  role: z
    .string()
    .refine(isRole, 'no role of the Podcast Taxonomy (podcasttaxonomy.com), such as host, guest or producer')
    .optional(),
  group: z
    .string()
    .refine(isGroup, `no group of the Podcast Taxonomy; there are ${groups.join(', ')}`)
    .optional(),
  img: webAddress.optional().describe('A picture.'),
  href: webAddress.optional(),
})

const spdx = new Map(licences.map((id) => [id.toLowerCase(), id.toLowerCase()]))
export const isSpdx = (id: string): boolean => spdx.has(id.toLowerCase())

/** An SPDX identifier, or a licence of one's own with the address of its words. */
export const licence = z
  .union([
    z.string().transform((name) => ({ name })),
    z.strictObject({ name: label, url: webAddress.optional() }),
  ])
  .refine(({ name, ...rest }) => isSpdx(name) || ('url' in rest && rest.url !== undefined), {
    error:
      'an identifier of spdx.org/licenses such as CC-BY-4.0, or {"name", "url"} for a licence of your own',
  })

export const location = z.strictObject({
  name: label,
  rel: z.enum(['subject', 'creator']).optional().describe('What it is about, or where it was made.'),
  geo: z
    .string()
    .regex(/^geo:-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?(,-?\d+(\.\d+)?)?(;.*)?$/, 'as in "geo:48.2082,16.3738"')
    .optional()
    .describe('RFC 5870.'),
  osm: z
    .string()
    .regex(/^[NWR]\d+(#\d+)?$/, 'as in "R113314"')
    .optional()
    .describe("OpenStreetMap's kind of object and its number."),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'a country of ISO 3166 such as "at"')
    .optional(),
})

export const funding = z.strictObject({ url: webAddress, text: label })

/** A part that stands for the episode; in seconds of the finished episode. */
export const soundbite = z.strictObject({
  start: z.number().nonnegative(),
  duration: z.number().positive(),
  title: z.string().trim().max(128).optional(),
})

const time = z.iso.datetime({ offset: true })

export const trailer = z.strictObject({
  title: label,
  url: webAddress,
  date: time,
  length: wholeNumber.optional(),
  type: z
    .string()
    .regex(/^(audio|video)\/[\w.+-]+$/, 'a media type such as audio/mpeg')
    .optional(),
  season: wholeNumber.optional(),
})

/** RFC 5545, 3.3.10. */
export const recurrence = z
  .string()
  .max(500)
  .regex(
    /^FREQ=(SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[^;]+)*$/,
    'as in "FREQ=WEEKLY;BYDAY=MO"',
  )
  .optional()

export const updateFrequency = z
  .strictObject({
    text: label,
    rrule: recurrence,
    start: z.union([time, z.iso.date()]).optional(),
    complete: z.boolean().optional(),
  })
  .refine(({ rrule = '', start }) => !/;COUNT=/.test(rrule) || start !== undefined, {
    path: ['start'],
    error: 'a rule with COUNT needs the day it starts',
  })

const mediums = [
  ...['podcast', 'music', 'video', 'film', 'audiobook', 'newsletter', 'blog', 'publisher', 'course'],
]
/** A feed of such a thing, or a list of them. */
export const isMedium = (text: string): boolean =>
  text === 'mixed' || mediums.includes(text.replace(/L$/, ''))
export const medium = z
  .string()
  .refine(isMedium, `one of ${mediums.join(', ')}, a list of them with L at its end, or mixed`)

/** UUIDs of any version: shows that moved keep what they had. */
export const podcastGuid = z.guid()

export const remoteItem = z.strictObject({
  feedGuid: podcastGuid,
  feedUrl: webAddress.optional(),
  itemGuid: z.string().min(1).max(1000).optional(),
  medium: medium.optional(),
  title: z.string().trim().min(1).max(255).optional(),
})

export const txt = z.strictObject({ text: z.string().min(1).max(4000), purpose: label.optional() })

export const chat = z.strictObject({
  server: label,
  protocol: label,
  accountId: label.optional(),
  space: label.optional(),
})

export const image = z.strictObject({
  href: webAddress,
  alt: z.string().max(1000).optional(),
  aspectRatio: z
    .string()
    .regex(/^\d+(\.\d+)?( ?\/ ?\d+(\.\d+)?)?$/, 'as in "16/9"')
    .optional(),
  width: wholeNumber.optional(),
  height: wholeNumber.optional(),
  type: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+$/, 'a media type such as image/jpeg')
    .optional(),
  purpose: label.optional(),
})

const recipient = z.strictObject({
  name: z.string().max(255).optional(),
  type: label,
  address: z.string().min(1).max(500),
  split: z.number().nonnegative(),
  customKey: z.string().max(255).optional(),
  customValue: z.string().max(1000).optional(),
  fee: z.boolean().optional(),
})

/** How listeners may pay, handed on as it is. */
export const value = z.strictObject({
  type: label,
  method: label,
  suggested: z.number().nonnegative().optional(),
  recipients: z.array(recipient).min(1).max(100),
})

/** How a directory is told to leave the show out: everybody, or the services named (podcast:block). */
export const block = z.union([z.boolean(), z.array(label).min(1).max(100)])

/**
 * What stands before every audio address, so that its downloads are counted: it answers with a redirect to the rest of
 * its path. A private or insecure one would be of no use to any listener.
 */
export const prefix = z
  .url({ protocol: /^https$/, error: 'an address that begins with https://' })
  .refine((text) => isReachable(new URL(text).hostname), 'an address that listeners can reach')
  .refine((text) => !/[?#]/.test(text), 'an address without ? and #: the audio’s own follows it')

function isReachable(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (/^[\d.]+$|:/.test(host)) return isPublicAddress(host)
  return host.includes('.') && !/(^|\.)(localhost|local|internal|home\.arpa|lan|test|invalid)$/.test(host)
}

/** Behind the prefix stands the address without "https://", as OP3 and Podtrac have it; http stays. */
export const prefixed = (before: string | undefined, url: string): string =>
  before === undefined ? url : `${before.replace(/\/*$/, '/')}${url.replace(/^https:\/\//, '')}`

export type Person = z.infer<typeof person>
export type Licence = z.infer<typeof licence>
export type Location = z.infer<typeof location>
export type Soundbite = z.infer<typeof soundbite>
