/** The sample that ships with the project: its words file tells the truth about its audio. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from '@jest/globals'
import { collect, ffmpeg } from '../../shared/audio/ffmpeg.ts'
import { toPlanar } from '../../shared/audio/pcm.ts'
import { episodeSchema } from '../../shared/settings/episode.ts'
import { parsePodcast, podcastSchema } from '../../shared/settings/podcast.ts'
import { parseTemplate, templateSchema } from '../../shared/settings/settings.ts'

interface TimedWord {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly speaker: string
}

const sampleRate = 48_000
const roomToneDb = -58
const fillers = /^(um|uh|er|hmm)$/
const pathOf = (name: string) => fileURLToPath(new URL(`../../samples/${name}`, import.meta.url))

let audio: Float32Array
let words: TimedWord[]

beforeAll(async () => {
  audio = (await decode('conversation.flac', sampleRate, 1))[0]!
  words = (JSON.parse(await readFile(pathOf('conversation.words.json'), 'utf8')) as { words: TimedWord[] })
    .words
})

test('the conversation lasts between 60 and 90 seconds', () => {
  expect(audio.length / sampleRate).toBeGreaterThan(60)
  expect(audio.length / sampleRate).toBeLessThan(90)
})

test('words follow each other without overlap, to the end of the recording', () => {
  const edges = words.flatMap(({ start, end }) => [start, end])
  expect(edges).toEqual(edges.toSorted((a, b) => a - b))
  expect(words.filter(({ start, end }) => end - start < 0.03)).toEqual([])
  expect(edges.at(-1)).toBeLessThan(audio.length / sampleRate)
})

test('every word is heard over the room tone', () => {
  expect(words.filter(({ start, end }) => levelDb(start, end) < roomToneDb + 15)).toEqual([])
})

test('between the words of a pause there is only the room tone', () => {
  for (const pause of pauses()) expect(levelDb(pause.start, pause.end)).toBeLessThan(roomToneDb + 1)
})

test('beside a pause a word begins and ends within 20 ms of where its sound does', () => {
  const tooEarly = pauses().filter(({ end }) => levelDb(end, end + 0.02) < roomToneDb + 5)
  const tooLate = pauses().filter(({ start }) => levelDb(start - 0.02, start) < roomToneDb + 5)
  expect({ tooEarly, tooLate }).toEqual({ tooEarly: [], tooLate: [] })
  for (const { start, end } of pauses()) {
    expect(levelDb(start + 0.02, start + 0.1)).toBeLessThan(roomToneDb + 5)
    expect(levelDb(end - 0.1, end - 0.02)).toBeLessThan(roomToneDb + 5)
  }
})

test('there are at least five pauses of 1.8 to 4 seconds, and none longer', () => {
  const lengths = pauses().map(({ start, end }) => end - start)
  expect(lengths.filter((seconds) => seconds > 1.79).length).toBeGreaterThanOrEqual(5)
  expect(Math.max(...lengths)).toBeLessThan(4)
})

test('there are at least eight fillers: starting or inside a sentence, beside a pause, after an "s"', () => {
  const said = words
    .map((word, i) => ({ text: bare(word), word, before: words[i - 1], after: words[i + 1] }))
    .filter(({ text }) => fillers.test(text))
  expect(said.length).toBeGreaterThanOrEqual(8)
  expect(said.some(({ word }) => /^[A-Z]/.test(word.text))).toBe(true)
  expect(
    said.some(({ word, after }) => word.text.endsWith(',') && after && after.start - word.end < 0.3),
  ).toBe(true)
  expect(said.some(({ word, after }) => after && after.start - word.end > 1.7)).toBe(true)
  expect(
    said.some(({ word, before }) => before && bare(before).endsWith('s') && word.start === before.end),
  ).toBe(true)
})

test('both speakers are heard, Ben quieter than Ada', () => {
  const mean = (speaker: string) => {
    const levels = words
      .filter((word) => word.speaker === speaker)
      .map(({ start, end }) => levelDb(start, end))
    return levels.reduce((sum, level) => sum + level, 0) / levels.length
  }
  expect(mean('Ada') - mean('Ben')).toBeGreaterThan(3)
})

test.each(['music', 'intro', 'outro'])('%s.flac begins and ends in silence and never clips', async (name) => {
  for (const plane of await decode(`${name}.flac`, 44_100, 2)) {
    expect(Math.abs(plane[0]!)).toBeLessThan(0.001)
    expect(Math.abs(plane.at(-1)!)).toBeLessThan(0.001)
    expect(plane.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)).toBeLessThan(0.9)
  }
})

test('the template and the podcast file are ones that Spool accepts', async () => {
  const template = parseTemplate(await readFile(pathOf('template.json'), 'utf8'), 'template.json')
  expect(template.segments.map(({ type }) => type)).toEqual([
    'intro',
    'transition',
    'content',
    'commercial',
    'outro',
  ])
  expect(parsePodcast(await readFile(pathOf('podcast.json'), 'utf8'), 'podcast.json').title).toBe(
    'The Spool Sample Show',
  )
})

test.each([
  ['template', templateSchema],
  ['podcast', podcastSchema],
  ['episode', episodeSchema],
])('the schema beside %s.json is that of what Spool accepts', async (document, schema) => {
  expect(JSON.parse(await readFile(pathOf(`${document}.schema.json`), 'utf8'))).toEqual(schema())
})

const bare = ({ text }: TimedWord) => text.toLowerCase().replaceAll(/[^a-z]/g, '')

/** Where nobody speaks for at least a second. */
function pauses(): { start: number; end: number }[] {
  const gaps = words.slice(1).map(({ start }, i) => ({ start: words[i]!.end, end: start }))
  return gaps.filter(({ start, end }) => end - start >= 1)
}

function levelDb(startSeconds: number, endSeconds: number): number {
  const span = audio.subarray(Math.round(startSeconds * sampleRate), Math.round(endSeconds * sampleRate))
  return 10 * Math.log10(span.reduce((sum, sample) => sum + sample * sample, 0) / span.length)
}

async function decode(name: string, sampleRate: number, channels: 1 | 2): Promise<Float32Array[]> {
  const decoding = ffmpeg(
    ['-i', pathOf(name), '-f', 's16le', '-ar', `${sampleRate}`, '-ac', `${channels}`, 'pipe:1'],
    AbortSignal.timeout(600_000),
  )
  const [bytes] = await Promise.all([collect(decoding.stdout), decoding.ended])
  return toPlanar(bytes, { sampleRate, channels, sampleFormat: 's16le' })
}
