// A text placed in the recording in which it was said: as the command does it from files, and window by window as the
// step does.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { align } from '../../local/cli/align.ts'
import { hearAll } from '../../shared/alignment/hear.ts'
import { decodeLesson, encodeLesson } from '../../shared/alignment/learned-file.ts'
import { pronounce } from '../../shared/alignment/phones.ts'
import { learnFrom, placeWindow, type PlacedPassage } from '../../shared/alignment/placing.ts'
import { cuesIn, toldOf } from '../../shared/alignment/told.ts'
import { windowsOf } from '../../shared/alignment/windows.ts'
import { codeOf } from '../../shared/errors.ts'
import { said, type SaidRecording } from '../support/recordings.ts'

const sentences = [
  'Once more we walk along the river on a cold and windy day.',
  'The water has come up to the second step of the stairs.',
  'Nobody is out but an old man with two brown dogs.',
  'He says that it was higher when he was a child.',
  'We believe him, for he has a photograph of it.',
  'Then the rain begins, and all of us go home.',
]
const { signal } = new AbortController()
let talk: SaidRecording
let words: { text: string; start: number; end: number; cue: number }[]
let dir: string

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-align-'))
  talk = await said(...sentences.flatMap((sentence) => [sentence, 0.4]))
  writeFileSync(path.join(dir, 'talk.wav'), talk.wav)
  let cue = 1
  words = (JSON.parse(talk.words) as { words: Omit<(typeof words)[0], 'cue'>[] }).words.map((word) => ({
    ...word,
    cue: word.text.endsWith('.') ? cue++ : cue,
  }))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  writeFileSync(path.join(dir, name), text)
  return path.join(dir, name)
}
const clock = (seconds: number): string => new Date(1000 * Math.max(0, seconds)).toISOString().slice(11, 23)
const captions = (first = 0, end = sentences.length): string =>
  `WEBVTT\n\n${sentences
    .map((text, i) => {
      const own = words.filter(({ cue }) => cue === i + 1)
      const [start, end] = [own[0]!.start - 0.2, own.at(-1)!.end + 0.2]
      return `${clock(start)} --> ${clock(end)}\n${text.replace(' ', '  ')} —\n`
    })
    .slice(first, end)
    .join('\n')}`

describe('The command', () => {
  const run = (text: string, recording = 'talk.wav') =>
    align(path.join(dir, recording), text, undefined, signal)

  test('gives every word of captions in their order, the first of each where it is heard, and marks beside them', async () => {
    const { words: placed, cues, untold, seconds } = await run(file('talk.vtt', captions()))
    expect(seconds).toBeCloseTo(talk.seconds, 1)
    expect(placed.map(({ text }) => text)).toEqual(sentences.flatMap((text) => [...text.split(' '), '—']))
    expect(cues.map(({ placed: is }) => is)).toEqual(sentences.map(() => true))
    for (const [i, { start }] of cues.entries())
      expect(Math.abs(start! - words.find(({ cue }) => cue === i + 1)!.start)).toBeLessThan(0.05)
    expect(placed.filter(({ start, end }) => start === null || end! < start)).toEqual([])
    expect(untold).toEqual([])
  })

  test('finds what is said just before its first caption, and behind its last', async () => {
    const { cues, untold } = await run(file('middle.vtt', captions(1, -1)))
    expect(cues[0]!.start! - untold[0]!.start).toBeGreaterThan(1)
    expect(untold.at(-1)!.end - cues.at(-1)!.end!).toBeGreaterThan(1)
  })

  test.each([
    ['a text without a word', 'empty.vtt', 'WEBVTT\n', 'bad_words_file'],
    ['a text that is none', 'talk.json', '{"version":7}', 'bad_words_file'],
  ])('refuses %s', async (_what, name, text, code) => {
    expect(codeOf(await run(file(name, text)).catch((error: unknown) => error))).toBe(code)
  })

  test('refuses a recording that is none', async () => {
    file('talk.mp3', 'not a sound')
    expect(codeOf(await run(file('talk.vtt', captions()), 'talk.mp3').catch((error: unknown) => error))).toBe(
      'not_audio',
    )
  })
})

test('Windows that are placed apart, in any order and by another process, are where they are together', async () => {
  const text = words.map((word) => ({
    ...word,
    ...{ start: 100 * word.start, end: 100 * word.end, language: word.cue % 2 === 0 ? 'en' : 'en-GB' },
  }))
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream
  async function* pieces() {
    yield talk.wav.subarray(44)
  }
  const sound = await hearAll(pieces(), { sampleRate: 48_000, channels: 1, sampleFormat: 's16le' })
  const pronunciation = await pronounce(text, signal)
  const told = toldOf(text, cuesIn(text), 'cues', pronunciation, sound.frames)
  const learned = await learnFrom(sound, told, signal)
  const windows = windowsOf(told, 6)
  const together: PlacedPassage[] = []
  for (const window of windows) together.push(...(await placeWindow(sound, told, learned, window, signal)))
  const file = encodeLesson({ learned, pronunciation }, text)
  const stored = decodeLesson(file)
  const ofBefore = decodeLesson(file.replaceAll(/"en(-GB)? /g, '"')) // a version before knew no languages
  expect(ofBefore.pronunciation.of(text[0]!)).toEqual(pronunciation.of(text[0]!))
  const again = toldOf(text, cuesIn(text), 'cues', stored.pronunciation, sound.frames)
  const apart: PlacedPassage[][] = []
  for (const [i, window] of [...windows.entries()].reverse())
    apart[i] = await placeWindow(sound, again, stored.learned, window, signal)
  expect(windows.length).toBeGreaterThan(1)
  expect(apart.flat()).toEqual(together)
  expect(together.map((passage) => passage.words.length)).toEqual(
    sentences.map((one) => one.split(' ').length),
  )
})

test('Who is told to stop stops', async () => {
  const stopped = AbortSignal.abort(new Error('stop'))
  await expect(
    align(path.join(dir, 'talk.wav'), file('talk.vtt', captions()), 'en', stopped),
  ).rejects.toThrow('stop')
})
