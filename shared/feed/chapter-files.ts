/**
 * Chapter marks as people write them. Hides the formats: Podcasting 2.0 JSON, WebVTT, Podlove Simple Chapters,
 * MP4Chaps, Audacity's labels, ffmpeg's metadata, cue sheets, and plain lists of times and titles.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import { readLabels } from '../labels.ts'
import { secondsOf } from '../timecode.ts'
import type { SuppliedMark } from './chapter-marks.ts'

/**
 * Reads a supplied chapters file, whatever its ending. Throws Permanent `bad_chapters` naming the line or
 * field.
 */
export function readMarks(file: string, name: string): SuppliedMark[] {
  const text = file.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  const begins = text.trimStart()
  if (begins === '') throw unusable(name, 'it is empty; write one chapter a line, as in "00:01:30 Title"')
  if (begins.startsWith('WEBVTT')) return readVtt(text, name)
  if (begins.startsWith('<')) return readXml(text, name)
  if (/^(?:\{|\[\s*[\]{])/.test(begins)) return readJson(text, name)
  if (/^;FFMETADATA/.test(begins)) return readFfmetadata(text, name)
  if (/^[ \t]*(?:TRACK[ \t]+\d+|FILE[ \t]+")/im.test(text) && /^[ \t]*INDEX[ \t]/im.test(text))
    return readCueSheet(text, name)
  const labels = readLabels(text)
  return labels?.map(({ start, text: title }) => ({ startSeconds: start, title })) ?? readLines(text, name)
}

const unusable = (name: string, what: string): Permanent =>
  new Permanent('bad_chapters', `${name} cannot be used: ${what}.`)

/** Null is as good as absent, and a number in quotes as one without. */
const text = z.string().nullish()
const chaptersFile = z.object({
  chapters: z.array(
    z.object({
      startTime: z.union([z.number(), z.string().trim().min(1).pipe(z.coerce.number())]),
      title: text,
      img: text,
      url: text,
      toc: z.boolean().nullish(),
    }),
  ),
})

function readJson(text: string, name: string): SuppliedMark[] {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (error) {
    throw unusable(name, `it is not JSON; ${(error as Error).message}`)
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
    title: title ?? '',
    url: url ?? undefined,
    image: img ?? undefined,
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
  const lines = text.split('\n')
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
      .replaceAll(/<[^<>]*>/g, '')
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

/** A time, in brackets perhaps and with a bullet before it or a dash behind, then the title and its link. */
const titleLine =
  /^(?:[-*•]\s+)?[[(]?(?<start>[\d:.,]+)[\])]?(?:\s*[-–—|:]?\s+(?<title>.*?))?(?:\s*<(?<url>[^<>\s]+)>)?$/
const numberedStart = /^CHAPTER(?<number>\d+)\s*=\s*(?<start>[\d:.,]+)$/i
const numberedTitle = /^CHAPTER(?<number>\d+)NAME\s*=\s*(?<title>.*)$/i

/** ffmpeg's metadata file: sections [CHAPTER] with TIMEBASE, START and title. */
function readFfmetadata(text: string, name: string): SuppliedMark[] {
  const [, ...sections] = text.split(/^\[CHAPTER\]\s*$/im)
  if (sections.length === 0) throw unusable(name, 'it has no section [CHAPTER]')
  return sections.map((section, i) => {
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'im').exec(section)?.[1]?.trim()
    const [over, under] = (value('TIMEBASE') ?? '1/1000000000').split('/').map(Number)
    const startSeconds = (Number(value('START') ?? NaN) * over!) / under!
    if (!Number.isFinite(startSeconds)) throw unusable(name, `[CHAPTER] ${i + 1}: its START is no number`)
    return { startSeconds, title: (value('title') ?? '').replaceAll(/\\(.)/g, '$1') }
  })
}

/** A cue sheet's tracks: TITLE and INDEX 01, in minutes, seconds and 75ths. */
function readCueSheet(text: string, name: string): SuppliedMark[] {
  const [, ...tracks] = text.split(/^[ \t]*TRACK[ \t]+\d+.*$/im)
  return tracks.map((track, i) => {
    const [, minutes, seconds, frames] =
      /^[ \t]*INDEX[ \t]+01[ \t]+(\d+):(\d\d):(\d\d)[ \t]*$/im.exec(track) ?? []
    if (frames === undefined)
      throw unusable(name, `TRACK ${i + 1}: it has no INDEX 01 as in "INDEX 01 03:25:00"`)
    const [, quoted = ''] = /^[ \t]*TITLE[ \t](.*)$/im.exec(track) ?? []
    const title = quoted.trim().replace(/^"/, '').replace(/"$/, '')
    return { startSeconds: 60 * Number(minutes) + Number(seconds) + Number(frames) / 75, title }
  })
}

/**
 * "00:01:30.500 Title <url>" line by line, or MP4Chaps' pairs of CHAPTER01= and CHAPTER01NAME=. A line that
 * begins with # is a remark.
 */
function readLines(text: string, name: string): SuppliedMark[] {
  const marks: { number?: string; startSeconds: number; title: string; url?: string | undefined }[] = []
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim().replaceAll(/\s+/g, ' ') // the patterns below look at each run of blanks anew
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
