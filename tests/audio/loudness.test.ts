// Loudness against EBU Tech 3341 (cases 1 to 5), Tech 3342 (cases 1 to 4) and ffmpeg's own meter.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { integratedLoudness, kWeighting, loudnessRange, toLufs } from '../../shared/audio/loudness.ts'
import { energyMeter } from '../../shared/kernel/filters.ts'
import { add, conversation, ebur128Of, noise, speechLike, tone, tones } from '../support/audio.ts'

/** The partials of some channels: K-weighted mean square of each whole 100 ms, summed over channels. */
function blocksOf(sampleRate: number, planes: readonly Float32Array[], split = planes[0]!.length): number[] {
  const step = sampleRate / 10
  const blocks = new Float64Array(Math.ceil(planes[0]!.length / step))
  for (const plane of planes) {
    const meter = energyMeter(kWeighting(sampleRate), 1)
    const own = new Float64Array(blocks.length)
    for (let at = 0; at < plane.length; at += split)
      meter([plane.subarray(at, at + split)], step, [own], at / step)
    own.forEach((energy, i) => (blocks[i]! += energy / step))
  }
  return [...blocks].slice(0, Math.floor(planes[0]!.length / step))
}

const steps = (...parts: readonly (readonly [seconds: number, db: number])[]) =>
  parts.map(([seconds, db]) => ({ seconds, db }))

describe.each([48000, 44100])('At %d Hz', (sampleRate) => {
  test.each([
    { number: 1, parts: steps([20, -23]), lufs: -23 },
    { number: 2, parts: steps([20, -33]), lufs: -33 },
    { number: 3, parts: steps([10, -36], [60, -23], [10, -36]), lufs: -23 },
    { number: 4, parts: steps([10, -72], [10, -36], [60, -23], [10, -36], [10, -72]), lufs: -23 },
    { number: 5, parts: steps([20, -26], [20.1, -20], [20, -26]), lufs: -23 },
  ])('EBU Tech 3341 case $number has $lufs LUFS', ({ parts, lufs }) => {
    const side = tones(sampleRate, parts)
    expect(Math.abs(integratedLoudness(blocksOf(sampleRate, [side, side])) - lufs)).toBeLessThanOrEqual(0.1)
  })

  test.each([
    { number: 1, parts: steps([20, -20], [20, -30]), range: 10 },
    { number: 2, parts: steps([20, -20], [20, -15]), range: 5 },
    { number: 3, parts: steps([20, -40], [20, -20]), range: 20 },
    { number: 4, parts: steps([20, -50], [20, -35], [20, -20], [20, -35], [20, -50]), range: 15 },
  ])('EBU Tech 3342 case $number has a range of $range LU', ({ parts, range }) => {
    const side = tones(sampleRate, parts)
    expect(Math.abs(loudnessRange(blocksOf(sampleRate, [side, side])) - range)).toBeLessThanOrEqual(1)
  })

  test.each([
    { what: 'a voice', planes: () => [speechLike(sampleRate, 20, 1)] },
    { what: 'a conversation in stereo', planes: () => conversation(sampleRate, 20, 2) },
    {
      what: 'hum, hiss and a whistle',
      planes: () => [
        add(tone(sampleRate, 12, 50, -20), tone(sampleRate, 12, 9000, -40), noise(sampleRate * 12, -35, 3)),
      ],
    },
  ])("agrees with ffmpeg's ebur128 on $what", async ({ planes }) => {
    const sound = planes()
    const theirs = await ebur128Of(sampleRate, sound)
    const blocks = blocksOf(sampleRate, sound)
    expect(Math.abs(integratedLoudness(blocks) - theirs.integratedLufs)).toBeLessThan(0.1)
    expect(Math.abs(loudnessRange(blocks) - theirs.loudnessRangeLu)).toBeLessThan(1)
  })

  test('a full-scale tone of 997 Hz in one channel reads −3.01 LUFS', () => {
    const [block] = blocksOf(sampleRate, [tone(sampleRate, 1, 997, 0)]).slice(-1)
    expect(toLufs(block!)).toBeCloseTo(-3.01, 1)
  })
})

describe('Partials', () => {
  const sampleRate = 48000
  const planes = conversation(sampleRate, 10, 5)
  const whole = blocksOf(sampleRate, planes)

  test('of any chunks on the 100 ms grid are the partials of the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (blocks) => {
        expect(blocksOf(sampleRate, planes, (blocks * sampleRate) / 10)).toEqual(whole)
      }),
      { numRuns: 15 },
    )
  })

  test('put end to end have the loudness of the whole after a warm-up of half a second each', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 6, max: 99 }), { maxLength: 5 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), 100]
        const chunks = edges.slice(1).map((end, i) => {
          const warmUp = Math.min(5, edges[i]!)
          const slice = planes.map((plane) =>
            plane.subarray(((edges[i]! - warmUp) * sampleRate) / 10, (end * sampleRate) / 10),
          )
          return blocksOf(sampleRate, slice).slice(warmUp)
        })
        expect(integratedLoudness(chunks.flat())).toBeCloseTo(integratedLoudness(whole), 4)
        expect(loudnessRange(chunks.flat())).toBeCloseTo(loudnessRange(whole), 3)
      }),
      { numRuns: 15 },
    )
  })
})

describe('Silence', () => {
  test('has no loudness and no range', () => {
    expect(integratedLoudness(new Float32Array(100))).toBe(-Infinity)
    expect(integratedLoudness([])).toBe(-Infinity)
    expect(loudnessRange(new Float32Array(100))).toBe(0)
  })

  test('and everything under −70 LUFS does not count', () => {
    const loud = Array.from({ length: 1000 }, () => 0.01)
    expect(integratedLoudness([...loud, ...Array.from({ length: 500 }, () => 1e-9)])).toBeCloseTo(
      toLufs(0.01),
      1,
    )
  })

  test('shorter than a gating block is nothing to measure', () => {
    expect(integratedLoudness([0.1, 0.1, 0.1])).toBe(-Infinity)
    expect(integratedLoudness([0.1, 0.1, 0.1, 0.1])).toBeCloseTo(-10.69, 2)
  })
})
