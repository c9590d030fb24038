// Tracks of recorders whose clocks differ: by how much is found out, and told from tracks that have nothing in common.
import { expect, test } from '@jest/globals'
import { driftOf } from '../../shared/restoration/clocks.ts'
import { bandCount, type BandLevels } from '../../shared/restoration/crosstalk.ts'
import { noiseOf } from './made-sounds.ts'

const stepsPerMinute = 6000

/** The power of somebody's bands, step by step: syllables, each as loud as it happens to be, and turns of some seconds. */
function voice(minutes: number, seed: number): Float32Array {
  const next = noiseOf(seed)
  const steps = minutes * stepsPerMinute + 100
  const powers = new Float32Array(steps * bandCount)
  for (let step = 0, isTurn = false; step < steps; isTurn = !isTurn)
    for (const end = step + 300 + 200 * next(); step < end && step < steps;) {
      const loud = Array.from({ length: bandCount }, () => (isTurn ? Math.max(0, next()) ** 2 : 0))
      for (let left = 8 + 10 * Math.abs(next()); left > 0 && step < steps; left--, step++)
        powers.set(loud, step * bandCount)
    }
  return powers
}

/** What a microphone hears of its own voice and, a little later, of the other, by a clock that is too fast by `drift`. */
function heard(own: Float32Array, other: Float32Array, minutes: number, drift = 0): BandLevels {
  const at = (powers: Float32Array, place: number, band: number) => {
    const left = Math.max(0, Math.floor(place))
    const [a, b] = [powers[left * bandCount + band]!, powers[(left + 1) * bandCount + band]!]
    return a + (place - left) * (b - a)
  }
  return Int16Array.from({ length: minutes * stepsPerMinute * bandCount }, (_, i) => {
    const [step, band] = [Math.floor(i / bandCount) * (1 - drift), i % bandCount]
    return 1000 * Math.log10(at(own, step, band) + 0.015 * at(other, Math.max(0, step - 0.8), band) + 1e-6)
  })
}

const alone = () => Promise.resolve()
const ppmOf = async (one: BandLevels, other: BandLevels) => 1e6 * (await driftOf(one, other, alone))
const [ada, ben] = [voice(12, 1), voice(12, 20)]

test('A clock that runs fast or slow is found to do so, from what both microphones hear', async () => {
  for (const ppm of [100, -80])
    expect(Math.abs((await ppmOf(heard(ada, ben, 12), heard(ben, ada, 12, 1e-6 * ppm))) - ppm)).toBeLessThan(
      5,
    )
  expect(await ppmOf(heard(ada, ben, 12), heard(ben, ada, 12))).toBe(0)
})

test('A few minutes tell no drift from who sits where', async () => {
  expect(await ppmOf(heard(ada, ben, 3), heard(ben, ada, 3, 80e-6))).toBe(0)
})

test('Of tracks that do not hear each other nothing is said', async () => {
  const nobody = new Float32Array(ada.length)
  expect(await ppmOf(heard(ada, nobody, 12), heard(ben, nobody, 12, 100e-6))).toBe(0)
})
