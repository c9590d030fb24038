// Music beds: where they play, how they loop and fade, and that they are out of the way while somebody
// speaks.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bedSpans, ducks, gainAt, layBed, pointsWithin } from '../../shared/show/beds.ts'
import { mixSlice } from '../../shared/mastering/mixer.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import type { MusicRule } from '../../shared/settings/segments.ts'
import type { GainPoint, TimelineSegment } from '../../shared/timeline/timeline.ts'
import { aProgramme, noise, readOnlyStore, toPcm } from '../support/audio.ts'

const sampleRate = 1000
const rule = (given: Partial<Record<keyof MusicRule, unknown>> = {}): MusicRule =>
  parseTemplate(
    JSON.stringify({ music: [{ file: 'bed.wav', fadeInSeconds: 0, fadeOutSeconds: 0, ...given }] }),
    'template',
  ).music[0]!
const segment = (type: string, startSample: number, endSample: number): TimelineSegment => ({
  type,
  startSample,
  endSample,
  title: null,
  isChapter: true,
})
const show = [
  segment('intro', 0, 5000),
  segment('content', 5000, 50_000),
  segment('commercial', 50_000, 60_000),
  segment('outro', 58_000, 70_000),
]
const bed = { source: 1, assetSamples: 10_000, gainDb: -15 }
const db = (gain: number) => 20 * Math.log10(gain)

describe('A bed', () => {
  test('plays under every unbroken run of its segments', () => {
    expect(bedSpans(rule({ under: ['intro', 'content', 'outro'] }), show, sampleRate)).toEqual([
      { startSample: 0, endSample: 50_000 },
      { startSample: 58_000, endSample: 70_000 },
    ])
    expect(bedSpans(rule({ under: ['transition'] }), show, sampleRate)).toEqual([])
  })

  test('begins and ends where its offsets say, but not before the show', () => {
    expect(bedSpans(rule({ startOffsetSeconds: -9, endOffsetSeconds: 4 }), show, sampleRate)).toEqual([
      { startSample: 0, endSample: 54_000 },
    ])
    expect(bedSpans(rule({ startOffsetSeconds: 46 }), show, sampleRate)).toEqual([])
  })

  test.each([0.333, 1 / 3, 0.0500001, 2.00001])(
    'whose crossfade is no whole number of samples is laid in whole ones, without a gap: %d s',
    (loopCrossfadeSeconds) => {
      const clips = layBed(
        rule({ loopCrossfadeSeconds, fadeInSeconds: 1 / 3, fadeOutSeconds: 0.77777 }),
        { startSample: 14_700, endSample: 441_001 },
        { ...bed, assetSamples: 132_301 },
        [{ startSample: 50_001, endSample: 60_002 }],
        44_100,
      )
      const numbers = clips.flatMap(({ outputStart, length, fadeIn, fadeOut, automation = [] }) => [
        ...[outputStart, length, fadeIn, fadeOut],
        ...automation.map(([sample]) => sample),
      ])
      expect(numbers.filter((number) => !Number.isInteger(number))).toEqual([])
      clips.slice(1).forEach(({ outputStart, fadeIn }, i) => {
        const before = clips[i]!
        expect([before.fadeOut, before.outputStart + before.length - outputStart]).toEqual([fadeIn, fadeIn])
      })
      expect(clips.at(-1)!.outputStart + clips.at(-1)!.length).toBe(441_001)
    },
  )

  // An MP3 without an Info frame says nothing of its encoder's delay: 1105 samples of silence stay in front
  // of it.
  test.each([0.05, 0.5, 2])(
    'whose asset begins with the delay of an MP3 encoder has no gap where it loops: a crossfade of %d s',
    async (loopCrossfadeSeconds) => {
      const [rate, delay, assetSamples, end] = [44_100, 1105, 5 * 44_100, 12 * 44_100]
      const asset = noise(assetSamples, -20, 1)
      asset.fill(0, 0, delay)
      const clips = layBed(
        rule({ loopCrossfadeSeconds }),
        { startSample: 0, endSample: end },
        { source: 1, assetSamples, gainDb: 0 },
        [],
        rate,
      )
      const programme = aProgramme(rate, [new Float32Array(end)], 2)
      const format = { sampleRate: rate, channels: 1, sampleFormat: 'f32le' } as const
      const timeline = {
        ...programme.timeline,
        sources: [...programme.timeline.sources, { object: 'bed', format, totalSamples: assetSamples }],
        clips,
      }
      const store = readOnlyStore({ bed: toPcm([asset], 'f32le') })
      const [heard] = await mixSlice(timeline, store, 'work', 0, end)
      const window = rate / 200
      const levels = Array.from({ length: Math.floor((end - delay) / window) - 1 }, (_, i) => {
        const from = delay + i * window
        return db(Math.sqrt(heard!.subarray(from, from + window).reduce((sum, x) => sum + x * x, 0) / window))
      })
      expect(Math.min(...levels)).toBeGreaterThan(-20 - 5)
    },
  )

  test('shorter than its span starts again across a crossfade, so that no moment is without it', () => {
    const clips = layBed(
      rule({ loopCrossfadeSeconds: 2 }),
      { startSample: 1000, endSample: 30_000 },
      bed,
      [],
      sampleRate,
    )
    expect(
      clips.map(({ outputStart, length, fadeIn, fadeOut }) => [outputStart, length, fadeIn, fadeOut]),
    ).toEqual([
      [1000, 10_000, 0, 2000],
      [9000, 10_000, 2000, 2000],
      [17_000, 10_000, 2000, 2000],
      [25_000, 5000, 2000, 0],
    ])
  })

  test('covers its span from end to end, whatever the lengths', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 20_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 80 }),
        (assetSamples, length, tenths) => {
          const span = { startSample: 77, endSample: 77 + length }
          const clips = layBed(
            rule({ loopCrossfadeSeconds: tenths / 10 }),
            span,
            { ...bed, assetSamples },
            [],
            sampleRate,
          )
          expect(clips[0]!.outputStart).toBe(77)
          expect(clips.at(-1)!.outputStart + clips.at(-1)!.length).toBe(77 + length)
          clips.forEach((clip, i) => {
            expect(clip.length).toBeLessThanOrEqual(assetSamples)
            expect(clip.fadeIn + clip.fadeOut).toBeLessThanOrEqual(Math.max(clip.length, clip.fadeIn * 2))
            if (i > 0)
              expect(clips[i - 1]!.outputStart + clips[i - 1]!.length - clip.outputStart).toBe(clip.fadeIn)
          })
        },
      ),
    )
  })

  test('with fades longer than itself has both, each shorter in proportion', () => {
    const [clip] = layBed(
      rule({ fadeInSeconds: 6, fadeOutSeconds: 3 }),
      { startSample: 0, endSample: 3000 },
      bed,
      [],
      sampleRate,
    )
    expect(clip!.automation).toEqual([
      [0, 0],
      [2000, 1],
      [3000, 0],
    ])
  })
})

describe('While somebody speaks', () => {
  const settings = rule().ducking
  const speech = [
    { startSample: 10_000, endSample: 20_000 },
    { startSample: 21_000, endSample: 25_000 },
    { startSample: 40_000, endSample: 41_000 },
  ]
  const envelope = ducks(settings, speech, sampleRate)

  test('the bed is at its depth from the first sound of a word to the last, and back within a second', () => {
    for (const { startSample, endSample } of speech)
      for (let sample = startSample; sample <= endSample; sample += 50)
        expect(db(gainAt(envelope, sample))).toBeCloseTo(-10, 6)
    expect(gainAt(envelope, 26_000)).toBe(1)
    expect(gainAt(envelope, 9700)).toBe(1)
  })

  test('it does not come up for a pause of a moment', () => {
    for (let sample = 20_000; sample <= 21_000; sample += 20)
      expect(db(gainAt(envelope, sample))).toBeCloseTo(-10, 6)
  })

  test('it never jumps: a tenth of a second changes it by no more than half its way', () => {
    for (let sample = 0; sample < 45_000; sample += 10)
      expect(Math.abs(gainAt(envelope, sample + 100) - gainAt(envelope, sample))).toBeLessThan(0.4)
  })
})

test('the part of an envelope that a stretch is given says the same there as the whole', () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  fc.assert(
    fc.property(
      fc.uniqueArray(point, { selector: ([sample]) => sample, maxLength: 12 }),
      fc.nat(5000),
      fc.integer({ min: 1, max: 2000 }),
      (given, start, length) => {
        const points: GainPoint[] = given.sort((a, b) => a[0] - b[0])
        const part = pointsWithin(points, start, start + length)
        for (let sample = start; sample < start + length; sample += 37)
          expect(gainAt(part, sample)).toBeCloseTo(gainAt(points, sample), 12)
      },
    ),
  )
})
