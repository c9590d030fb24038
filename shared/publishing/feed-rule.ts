/**
 * How a rule of a feed is written: what it is about, what is wrong when it is broken, what to do, and who says so. Hides
 * the few shapes that most rules have.
 */
import { childrenOf, childOf, textOf, type Element } from './feed-tree.ts'
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

/** Who says so. */
export const apple = 'https://podcasters.apple.com/support/823-podcast-requirements'
export const appleTags = 'https://help.apple.com/itc/podcasts_connect/#/itcb54353390'
export const psp1 = 'https://github.com/Podcast-Standards-Project/PSP-1-Podcast-RSS-Specification'
export const namespace = 'https://podcastindex.org/namespace/1.0'
export const rss = 'https://www.rssboard.org/rss-specification'
export const spotify = 'https://support.spotify.com/us/creators/article/podcast-specification-doc/'

export const isAddress = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
export const isEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)
export const isWholeNumber = (text: string): boolean => /^[1-9]\d*$/.test(text)
/** RFC 822 with a year of four digits, as RSS wants it. */
export const isDate = (text: string): boolean => dated.test(text) && !Number.isNaN(Date.parse(text))
const dated =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|[A-Z]{1,4})$/
export const list = (values: readonly string[]): string => values.join(', ')

type Kind = Pick<FeedRule, 'of' | 'severity' | 'source' | 'remedy'>

/** A rule that an element is there and not empty. */
export const needs = (
  name: string,
  rule: Kind,
  value: (element: Element) => string = (element) => textOf(element, name),
): FeedRule => ({
  id: `${rule.of}-has-${name.replace(':', '-').toLowerCase()}`,
  ...rule,
  wrong: (element) => (value(element) === '' ? `There is no <${name}>, or it is empty.` : undefined),
})

/** A rule about the value of an element, wherever it is there. */
export const value = (
  id: string,
  name: string,
  rule: Kind,
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

/** A rule that an element is there once at most. */
export const once = (id: string, name: string, rule: Kind): FeedRule => ({
  id,
  ...rule,
  wrong: (element) => {
    const { length } = childrenOf(element, name)
    return length > 1 ? `There are ${length} <${name}>; applications read one.` : undefined
  },
})

export const oneOf =
  (...allowed: readonly string[]) =>
  (text: string): string | undefined =>
    allowed.includes(text) ? undefined : `"${text}" is none of ${list(allowed)}.`
const bytesOf = (text: string): number => Buffer.byteLength(text)
export const atMost =
  (bytes: number) =>
  (text: string): string | undefined =>
    bytesOf(text) > bytes ? `it has ${bytesOf(text)} bytes; the limit is ${bytes}.` : undefined
export const address = (text: string): string | undefined =>
  isAddress(text) ? undefined : `"${text}" is no web address.`

export const show = { of: 'show', severity: 'error' } as const
export const episode = { of: 'episode', severity: 'error' } as const
export const advised = { severity: 'warning' } as const

export const imageOf = (element: Element): string =>
  childOf(element, 'itunes:image')?.attributes['href'] ?? ''
export const enclosureOf = (item: Element): Readonly<Record<string, string>> =>
  childOf(item, 'enclosure')?.attributes ?? {}
export const imageIsPicture = (href: string): string | undefined =>
  !isAddress(href)
    ? `"${href}" is no web address.`
    : /\.(jpe?g|png)$/i.test(new URL(href).pathname)
      ? undefined
      : 'its address does not end in .jpg or .png.'

/** Says which value stands there more than once; empty ones are another rule's. */
export function repeated(values: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const text of values.filter((found) => found !== '')) {
    if (seen.has(text)) return `"${text}" stands there twice.`
    seen.add(text)
  }
  return undefined
}
