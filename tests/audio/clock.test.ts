// Sound by another clock: higher or lower by the share that is said, as long as before, and the same whatever the pieces.
import { expect, test } from '@jest/globals'
import { byOtherClock } from '../../shared/audio/clock.ts'

const rate = 48_000
const toneAt = (hz: number, i: number) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rate)
const tone = (hz: number) => Float32Array.from({ length: rate }, (_, i) => toneAt(hz, i))

async function taken(samples: Float32Array, drift: number, piece: number): Promise<Float32Array> {
  async function* sound() {
    for (let i = 0; i < samples.length; i += piece)
      yield await Promise.resolve([samples.subarray(i, i + piece)])
  }
  const out: number[] = []
  for await (const [plane] of byOtherClock(sound(), drift)) out.push(...plane!)
  return Float32Array.from(out)
}

test.each([1e-4, -3e-4])(
  'Tones are taken at every 1 + %d places, and are as long as before',
  async (drift) => {
    for (const hz of [100, 15_000]) {
      const out = await taken(tone(hz), drift, 4800)
      expect(out).toHaveLength(rate)
      for (let i = 100; i < rate - 100; i += 37) expect(out[i]).toBeCloseTo(toneAt(hz, i * (1 + drift)), 4)
    }
  },
)

test('Pieces of any size give the same samples', async () => {
  const sound = tone(1234)
  expect(await taken(sound, 1e-4, 777)).toEqual(await taken(sound, 1e-4, rate))
})
