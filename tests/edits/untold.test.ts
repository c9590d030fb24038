// Hesitations that nobody wrote down: what of a sound without words is cut.
import { expect, test } from '@jest/globals'
import { analyser } from '../../shared/audio/analysis.ts'
import { hesitationsAmong } from '../../shared/edits/untold.ts'
import { add, noise, toPcm, tone } from '../support/audio.ts'

const sampleRate = 16_000
const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const

/** Half a second of silence around hums of so many seconds, which are so many seconds apart. */
async function cutIn(seconds: readonly number[], apart: number): Promise<number[][]> {
  const pause = new Float32Array(apart * sampleRate)
  const hums = seconds.flatMap((length) => [tone(sampleRate, length, 150, -20), pause])
  const around = new Float32Array(sampleRate / 2)
  const parts = [around, ...hums, around]
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const sound = new Float32Array(length)
  parts.reduce((at, part) => (sound.set(part, at), at + part.length), 0)
  const heard = add(sound, noise(length, -70, 1))
  const bytes = toPcm([heard], format.sampleFormat)
  const gather = analyser(format)
  for (let at = 0; at < bytes.length; at += gather.blockBytes)
    gather.add(bytes.subarray(at, at + gather.blockBytes))
  const edits = await hesitationsAmong(
    [{ startSample: sampleRate / 2, endSample: length - sampleRate / 2, confidence: 1 }],
    gather.finish(),
    { enabled: true, untold: 'cut' } as Parameters<typeof hesitationsAmong>[2],
    ({ startSample, endSample }) => Promise.resolve(heard.subarray(startSample, endSample)),
  )
  return edits.map((edit) => [edit.startSample / sampleRate, edit.endSample / sampleRate])
}

test('A hum is cut, but for its outermost hundredth of a second', async () => {
  expect(await cutIn([0.5], 0)).toEqual([[0.51, 0.99]])
})

test('Of two sounds that silence parts, the longer one is the hesitation: the other may end a word', async () => {
  expect(await cutIn([0.3, 0.5], 0.06)).toEqual([[0.87, 1.36]])
})

test('A voice’s soft edges count as it, though they do not rise above the background', async () => {
  expect(await cutIn([0.24], 0.03)).toEqual([[0.51, 0.74]])
  expect(await cutIn([0.15], 0.12)).toEqual([])
  expect(await cutIn([0.23], 0)).toEqual([])
})
