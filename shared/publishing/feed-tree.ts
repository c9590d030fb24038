/**
 * Reads an RSS feed for its checker: elements under the names that their namespaces have by convention, whatever prefix
 * a feed gives them. Hides the parser, and bounds what is read.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { Permanent } from '../errors.ts'

export interface Element {
  /** With its namespace's usual prefix: `title`, `itunes:image`, `podcast:guid`. */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** Of the element itself, without surrounding space. */
  readonly text: string
}

/** By identifier. Feeds are parsed by these, never by the prefix they happen to use. */
const prefixes: Readonly<Record<string, string>> = {
  'http://www.itunes.com/dtds/podcast-1.0.dtd': 'itunes',
  'https://podcastindex.org/namespace/1.0': 'podcast',
  'https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md': 'podcast',
  'http://www.w3.org/2005/atom': 'atom',
  'http://purl.org/rss/1.0/modules/content/': 'content',
  'http://podlove.org/simple-chapters': 'psc',
}

/** Apple reads no more of a feed than this. */
const mostBytes = 50 * 1024 * 1024

type Raw = Readonly<Record<string, unknown>>

/**
 * Throws Permanent `bad_feed` saying where the text is no XML. Without a document type nothing in it can grow when it
 * is read: entities that stand for others are declared there.
 */
export function assertReadable(text: string, most: number): void {
  if (Buffer.byteLength(text) > most)
    throw new Permanent('bad_feed', `The feed is larger than ${most} bytes, which is the limit.`)
  if (/<!DOCTYPE/i.test(text))
    throw new Permanent(
      'bad_feed',
      'It declares a document type, which no feed needs; leave out the DOCTYPE.',
    )
  if (!/^\s*</.test(text))
    throw new Permanent('bad_feed', 'It is no feed: it does not begin with "<", as XML does.')
  const checked = XMLValidator.validate(text)
  if (checked === true) return
  const { msg, line, col } = checked.err
  throw new Permanent('bad_feed', `Line ${line}, column ${col}: ${msg}`)
}

/** The `rss` element. Throws Permanent `bad_feed` saying where the text is no XML, or that it is no RSS. */
export function readFeed(text: string): Element {
  assertReadable(text, mostBytes)
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    trimValues: true,
    processEntities: true,
    htmlEntities: false,
  })
  const root = (parser.parse(text) as Raw[]).find((node) => 'rss' in node)
  if (!root) throw new Permanent('bad_feed', 'It is no RSS feed: its first element is not <rss>.')
  return element(root, new Map())
}

function element(raw: Raw, outer: ReadonlyMap<string, string>): Element {
  const written = Object.keys(raw).find((key) => key !== ':@')!
  const attributes = (raw[':@'] ?? {}) as Record<string, string>
  const spaces = new Map(outer)
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith('xmlns:')) spaces.set(key.slice(6), prefixes[value.toLowerCase()] ?? key.slice(6))
  const [prefix, local] = written.includes(':') ? written.split(':', 2) : ['', written]
  const inner = raw[written] as Raw[]
  return {
    name: prefix ? `${spaces.get(prefix) ?? prefix}:${local}` : local!,
    attributes,
    children: inner.filter((node) => !('#text' in node)).map((node) => element(node, spaces)),
    text: inner
      .flatMap((node) => ('#text' in node ? [String(node['#text'])] : []))
      .join('')
      .trim(),
  }
}

export const childrenOf = ({ children }: Element, name: string): readonly Element[] =>
  children.filter((child) => child.name === name)
export const childOf = (parent: Element, name: string): Element | undefined => childrenOf(parent, name)[0]
export const textOf = (parent: Element, name: string): string => childOf(parent, name)?.text ?? ''
