// Tracks of recorders whose clocks differ: by how much is found out, and told from tracks that have nothing in common.
import { expect, test } from '@jest/globals'
import { byOtherClock } from '../../shared/audio/clock.ts'
import { driftOf } from '../../shared/restoration/clocks.ts'
import { bandMeter, type BandLevels } from '../../shared/restoration/crosstalk.ts'
import { hiss, mixed, noiseOf, rate } from './made-sounds.ts'

const seconds = 185

/** Syllables of noise, each as loud as it happens to be. */
function syllables(seed: number): Float32Array {
  const next = noiseOf(seed)
  const noise = hiss(seconds, -20, seed + 1)
  let [left, loud] = [0, 0]
  return noise.map((sample) => {
    if (left-- <= 0) [left, loud] = [(0.08 + 0.1 * Math.abs(next())) * rate, Math.max(0, next())]
    return sample * loud
  })
}

const [ada, ben] = [syllables(1), syllables(20)]
const bleeding = (own: Float32Array, other: Float32Array) =>
  mixed(
    own,
    other.map((sample) => 0.12 * sample),
    hiss(seconds, -70, 9),
  )

async function levelsOf(samples: Float32Array, drift = 0): Promise<BandLevels> {
  async function* sound() {
    for (let i = 0; i < samples.length; i += rate)
      yield await Promise.resolve([samples.subarray(i, i + rate)])
  }
  const meter = bandMeter(rate, rate / 100)
  for await (const [plane] of drift === 0 ? sound() : byOtherClock(sound(), drift)) meter.add(plane!)
  return meter.finish()
}

const alone = () => Promise.resolve()

test('A clock that runs fast is found to do so, from what both microphones hear', async () => {
  const [one, same] = [await levelsOf(bleeding(ada, ben)), await levelsOf(bleeding(ben, ada))]
  expect(await driftOf(one, same, alone)).toBe(0)
  const fast = await levelsOf(bleeding(ben, ada), -200e-6)
  const found = 1e6 * (await driftOf(one, fast, alone))
  expect(Math.abs(found - 200)).toBeLessThan(15)
})

test('Of tracks that do not hear each other nothing is said', async () => {
  expect(await driftOf(await levelsOf(ada), await levelsOf(ben), alone)).toBe(0)
})
