/**
 * Chapter marks of a recording: the titles and times at which its chapters begin, as supplied beside it or
 * inside it. Hides the five formats (Podcasting 2.0 JSON, WebVTT, Podlove Simple Chapters, plain text,
 * MP4Chaps) and the repair of marks that no player would accept.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import { Permanent } from '../errors.ts'

/** As supplied; nothing is checked but that it could be read. */
export interface SuppliedMark {
  readonly startSeconds: number
  readonly title: string
  readonly url?: string | undefined
  readonly image?: string | undefined
  /** For machines only: players neither list it nor jump to it. */
  readonly isHidden?: boolean | undefined
}

/** A chapter mark that can be used: in order, apart, inside the recording, with a title. */
export interface Mark extends Omit<SuppliedMark, 'startSeconds'> {
  readonly startSample: number
  /** The file of a picture among the podcast's assets. */
  readonly picture?: string | undefined
}

/**
 * Reads a supplied chapters file, whatever its ending. Throws Permanent `bad_chapters` naming the line or
 * field.
 */
export function readMarks(file: string, name: string): SuppliedMark[] {
  const text = file.replace(/^\uFEFF/, '')
  const begins = text.trimStart()
  if (begins === '') throw unusable(name, 'it is empty; write one chapter a line, as in "00:01:30 Title"')
  if (begins.startsWith('WEBVTT')) return readVtt(text, name)
  if (begins.startsWith('<')) return readXml(text, name)
  if (/^[[{]/.test(begins)) return readJson(text, name)
  return readLines(text, name)
}

const unusable = (name: string, what: string): Permanent =>
  new Permanent('bad_chapters', `${name} cannot be used: ${what}.`)

const chaptersFile = z.object({
  chapters: z.array(
    z.object({
      startTime: z.number(),
      title: z.string().default(''),
      img: z.string().optional(),
      url: z.string().optional(),
      toc: z.boolean().optional(),
    }),
  ),
})

function readJson(text: string, name: string): SuppliedMark[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw unusable(name, `it is not JSON (${(error as Error).message})`)
  }
  const parsed = chaptersFile.safeParse(json)
  if (!parsed.success) {
    const issues = parsed.error.issues
      .slice(0, 3)
      .map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
    throw unusable(
      name,
      `${issues.join('; ')}; ` +
        'Podcasting 2.0 asks for {"version":"1.2.0","chapters":[{"startTime":90.5,"title":"…"}]}',
    )
  }
  return parsed.data.chapters.map(({ startTime, title, img, url, toc }) => ({
    startSeconds: startTime,
    title,
    url,
    image: img,
    ...(toc === false ? { isHidden: true } : {}),
  }))
}

/** Blocks of WebVTT that are no cues. */
const vttBlock = /^(?:WEBVTT|NOTE|STYLE|REGION)\b/
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
  lrm: '',
  rlm: '',
}

function readVtt(text: string, name: string): SuppliedMark[] {
  const marks: SuppliedMark[] = []
  const lines = text.split(/\r\n|\r|\n/)
  for (let at = 0; at < lines.length; at++) {
    const from = at
    while ((lines[at] ?? '').trim() !== '') at++
    const block = lines.slice(from, at)
    const timing = block.findIndex((line) => line.includes('-->'))
    if (block.length === 0 || (vttBlock.test(block[0]!) && timing < 0)) continue
    if (timing < 0)
      throw unusable(name, `line ${from + 1}: a cue without a time, "${block[0]!.slice(0, 60)}"`)
    const startSeconds = secondsOf(block[timing]!.split('-->')[0]!)
    if (startSeconds === undefined)
      throw unusable(
        name,
        `line ${from + timing + 1}: no time can be read in "${block[timing]!.slice(0, 60)}"`,
      )
    const title = block
      .slice(timing + 1)
      .join(' ')
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/&([a-z]+);/g, (whole, entity: string) => entities[entity] ?? whole)
    marks.push({ startSeconds, title })
  }
  return marks
}

const xml = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  removeNSPrefix: true,
  parseAttributeValue: false,
  htmlEntities: true,
})

function readXml(text: string, name: string): SuppliedMark[] {
  const valid = XMLValidator.validate(text)
  if (valid !== true) throw unusable(name, `line ${valid.err.line}: ${valid.err.msg.replace(/\.$/, '')}`)
  // Entities that a document declares itself could make gigabytes of a few letters.
  if (/<!DOCTYPE/i.test(text)) throw unusable(name, 'it declares a document type; leave out the DOCTYPE')
  const list = findChapters(parseXml(text, name))
  if (list === undefined) throw unusable(name, 'it has no element psc:chapters with a psc:chapter in it')
  return list.map(({ start, title = '', href, image }, i) => {
    const startSeconds = secondsOf(start ?? '')
    if (startSeconds === undefined)
      throw unusable(
        name,
        `psc:chapter ${i + 1}: its start is ${start === undefined ? 'missing' : `"${start}"`}; ` +
          'write it as in 00:01:30.500',
      )
    return { startSeconds, title, url: href, image }
  })
}

function parseXml(text: string, name: string): unknown {
  try {
    return xml.parse(text)
  } catch (error) {
    throw unusable(name, `it is not XML that can be taken apart (${(error as Error).message})`)
  }
}

const simpleChapter = z
  .object({ start: z.string(), title: z.string(), href: z.string(), image: z.string() })
  .partial()

/** The chapters wherever they stand: alone, or in the item of a feed. */
function findChapters(node: unknown): z.infer<typeof simpleChapter>[] | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  for (const [element, value] of Object.entries(node as Record<string, unknown>)) {
    if (element === 'chapters' && typeof value === 'object' && value !== null && 'chapter' in value) {
      return [value.chapter].flat().map((chapter) => simpleChapter.catch({}).parse(chapter))
    }
    const found = findChapters(value)
    if (found) return found
  }
  return undefined
}

const titleLine = /^(?<start>[\d:.,]+)(?:\s+(?<title>.*?))?(?:\s*<(?<url>[^<>\s]+)>)?$/
const numberedStart = /^CHAPTER(?<number>\d+)\s*=\s*(?<start>[\d:.,]+)$/i
const numberedTitle = /^CHAPTER(?<number>\d+)NAME\s*=\s*(?<title>.*)$/i

/**
 * "00:01:30.500 Title <url>" line by line, or MP4Chaps' pairs of CHAPTER01= and CHAPTER01NAME=. A line that
 * begins with # is a remark.
 */
function readLines(text: string, name: string): SuppliedMark[] {
  const marks: { number?: string; startSeconds: number; title: string; url?: string | undefined }[] = []
  text.split(/\r\n|\r|\n/).forEach((raw, i) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return
    const named = numberedTitle.exec(line)?.groups
    const owner = named && marks.findLast(({ number }) => number === named['number'])
    if (named && owner) {
      owner.title = named['title']!
      return
    }
    const {
      number,
      start = '',
      title = '',
      url,
    } = (titleLine.exec(line) ?? numberedStart.exec(line))?.groups ?? {}
    const startSeconds = secondsOf(start)
    if (startSeconds === undefined)
      throw unusable(
        name,
        `line ${i + 1}: "${line.slice(0, 60)}" does not begin with a time as in 00:01:30.500`,
      )
    marks.push({ startSeconds, title, url, ...(number === undefined ? {} : { number }) })
  })
  return marks.map(({ startSeconds, title, url }) => ({ startSeconds, title, url }))
}

const clock = /^(?:(?:(?<hours>\d{1,4}):)?(?<minutes>\d{1,3}):)?(?<seconds>\d{1,6}(?:[.,]\d{1,9})?)$/

/**
 * Seconds of "01:02:03.500", "62:03" or "3723.5" (normal play time, RFC 2326); undefined for anything else.
 */
function secondsOf(text: string): number | undefined {
  const { hours, minutes, seconds } = clock.exec(text.trim())?.groups ?? {}
  if (seconds === undefined) return undefined
  const [h, m, s] = [Number(hours ?? 0), Number(minutes ?? 0), Number(seconds.replace(',', '.'))]
  const isClock = (minutes === undefined || s < 60) && (hours === undefined || m < 60)
  return isClock ? 3600 * h + 60 * m + s : undefined
}

/** As many as a tag's table of contents can name beside the show's own segments. */
export const mostMarks = 200
const longestTitle = 255
const graphemes = new Intl.Segmenter()

/**
 * Marks put in order at whole samples, without what no player would accept; `remarks` says what was done, for
 * the producer.
 */
export function repairMarks(
  supplied: readonly SuppliedMark[],
  { sampleRate, totalSamples }: { readonly sampleRate: number; readonly totalSamples: number },
): { marks: Mark[]; remarks: string[] } {
  const placed = supplied.map(({ startSeconds, ...mark }) => ({
    ...mark,
    startSample: Math.round(startSeconds * sampleRate),
  }))
  const inside = placed.filter(({ startSample }) => startSample >= 0 && startSample < totalSamples)
  const ordered = inside.toSorted((a, b) => a.startSample - b.startSample)
  const apart = ordered.filter(({ startSample }, i) => startSample !== ordered[i - 1]?.startSample)
  const few = apart.slice(0, mostMarks)
  const untitled = few.filter(({ title }) => onOneLine(title) === '').length
  const remarks = [
    count(placed.length - inside.length, 'mark', 'outside of the recording, left out'),
    ...(ordered.some((mark, i) => mark !== inside[i]) ? ['the marks were not in order'] : []),
    count(ordered.length - apart.length, 'mark', 'at the time of another, left out'),
    count(apart.length - few.length, 'mark', `beyond the limit of ${mostMarks}, left out`),
    count(untitled, 'mark', 'without a title, numbered'),
  ].filter((remark) => remark !== '')
  const marks = few.map(({ startSample, title, url, image, isHidden }, i) => ({
    startSample,
    title: onOneLine(title) || `Chapter ${i + 1}`,
    ...webAddress('url', url),
    ...webAddress('image', image),
    ...pictureFile(image),
    ...(isHidden ? { isHidden } : {}),
  }))
  return { marks, remarks }
}

const count = (number: number, one: string, what: string): string =>
  number === 0 ? '' : `${number} ${one}${number === 1 ? '' : 's'} ${what}`

/** Players show a title in one line, and XML cannot hold what is never seen. */
const onOneLine = (title: string): string =>
  Array.from(graphemes.segment(title.replaceAll(/[\s\p{Cc}\p{Cs}\uFFFE\uFFFF]+/gu, ' ').trim()))
    .filter(({ index, segment }) => index + segment.length <= longestTitle)
    .map(({ segment }) => segment)
    .join('')

/** A link that a player may open; anything else is none. */
function webAddress<K extends 'url' | 'image'>(key: K, text: string | undefined): { [P in K]?: string } {
  const url = URL.parse(text?.trim() ?? '')
  const isUsable = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href.length <= 2000
  return (isUsable ? { [key]: url.href } : {}) as { [P in K]?: string }
}

/** An image without an address is a file among the assets. */
const isFile = (image: string): boolean => /^[^/\\:]{1,200}\.(?:jpe?g|png)$/i.test(image)
const pictureFile = (image: string | undefined): { picture?: string } =>
  image !== undefined && isFile(image) ? { picture: image } : {}

/** The pictures that marks name, each once. */
export const picturesIn = (marks: readonly SuppliedMark[]): string[] => [
  ...new Set(marks.flatMap(({ image }) => (image !== undefined && isFile(image) ? [image] : []))),
]
