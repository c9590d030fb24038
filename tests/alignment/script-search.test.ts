// A script without times in a recording that is longer than what is searched at once, read by a voice that nobody has heard.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { align } from '../../local/cli/align.ts'
import { recordingRate } from '../../samples/recording.ts'
import { said, wavOf } from '../support/recordings.ts'

const who = ['The old man', 'A tall nurse', 'My sister', 'Our neighbour', 'Every child']
const does = [
  'has forgotten',
  'will never sell',
  'once painted',
  'had to wash',
  'complained about',
  'borrowed',
]
const what = ['two brown dogs', 'a letter from Spain', 'some very good cheese', 'the map of the harbour']
const when = [
  'before it rained.',
  'at five in the morning.',
  'behind the church.',
  'again and again.',
  'today.',
]
const sentences = Array.from({ length: 30 }, (_, i) =>
  [who, does, what, when].map((some) => some[(i + Math.floor(i / some.length)) % some.length]).join(' '),
)
/** Each sentence is heard so often, the order another one each time. */
const strides = [1, 7, 11, 13, 17]

let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-script-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('A script is found from its beginning to its end', async () => {
  const { order, starts } = await longTalk(path.join(dir, 'talk.wav'))
  writeFileSync(path.join(dir, 'talk.txt'), order.map((i) => sentences[i]).join('\n'))
  const placed = await align(
    path.join(dir, 'talk.wav'),
    path.join(dir, 'talk.txt'),
    'en',
    new AbortController().signal,
  )
  expect(placed.seconds).toBeGreaterThan(450)
  const off = placed.cues.map(({ start }, i) => Math.abs((start ?? Infinity) - starts[i]!))
  expect(Math.max(...off)).toBeLessThan(0.1)
})

/** Writes a recording of the sentences, and tells their order and when each begins, in seconds. */
async function longTalk(file: string): Promise<{ order: number[]; starts: number[] }> {
  const talk = await said(...sentences)
  const { words } = JSON.parse(talk.words) as { words: { text: string; start: number }[] }
  const own = sentences.map((text) => words.splice(0, text.split(' ').length)[0]!.start)
  const edges = [...own.map((start) => start - 0.15), talk.seconds]
  const at = (seconds: number): number => 44 + 2 * Math.round(seconds * recordingRate)
  const order = strides.flatMap((stride) => sentences.map((_, i) => (i * stride) % sentences.length))
  const pieces: Buffer[] = []
  const starts: number[] = []
  let bytes = 0
  for (const i of order) {
    const piece = talk.wav.subarray(at(edges[i]!), at(edges[i + 1]!))
    starts.push(own[i]! - edges[i]! + bytes / (2 * recordingRate))
    pieces.push(piece)
    bytes += piece.length
  }
  writeFileSync(file, wavOf(Buffer.concat(pieces), recordingRate))
  return { order, starts }
}
