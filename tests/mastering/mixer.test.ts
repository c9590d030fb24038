// The mixer: any slice is the slice of the whole, and no join clicks.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { arrangeShow } from '../../shared/show/arrange.ts'
import { keepAllBut, overlapBefore } from '../../shared/timeline/ledger.ts'
import { mixSlice } from '../../shared/mastering/mixer.ts'
import type { PcmFormat } from '../../shared/audio/pcm.ts'
import { clipsOf, type Timeline } from '../../shared/timeline/timeline.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { toEditList } from '../../shared/edits/edits.ts'
import { aProgramme, noise, readOnlyStore, speechLike, toPcm, tone } from '../support/audio.ts'

const sampleRate = 48000
const bytesOf = (plane: Float32Array) => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength)

/**
 * A voice in mono, 16 bit, between an intro in stereo floats and a quiet outro in stereo, with cuts every
 * second.
 */
function aShow() {
  const intro = [noise(30_000, -20, 1), noise(30_000, -22, 2)]
  const voice = [speechLike(sampleRate, 12, 3)]
  const outro = [tone(sampleRate, 0.6, 330, -30), tone(sampleRate, 0.6, 440, -30)]
  const source = (
    object: string,
    channels: 1 | 2,
    sampleFormat: PcmFormat['sampleFormat'],
    totalSamples: number,
    integratedLufs: number | null,
  ) => ({
    object,
    file: `${object}.wav`,
    format: { sampleRate, channels, sampleFormat },
    totalSamples,
    integratedLufs,
    speech: [],
  })
  const cuts = Array.from({ length: 10 }, (_, i) => ({
    kind: i % 2 === 0 ? ('filler' as const) : ('pause' as const),
    startSample: 20_000 + i * 50_000,
    endSample: 32_000 + i * 50_000,
  }))
  const edits = toEditList(
    cuts.map((cut) => ({ ...cut, text: '', detector: 'test', score: 1, reason: '' })),
    sampleRate,
  )
  const timeline = arrangeShow({
    recording: source('voice', 1, 's16le', voice[0]!.length, -20),
    assets: [source('intro', 2, 'f32le', 30_000, -18), source('outro', 2, 's16le', 28_800, null)],
    spoken: new Map(),
    music: [],
    segments: parseTemplate(
      JSON.stringify({
        segments: ['intro', 'outro'].map((type) => ({
          type,
          source: { kind: 'static', file: `${type}.wav` },
        })),
      }),
      'template',
    ).segments,
    edits,
    outputChannels: 2,
  })
  const storage = readOnlyStore({
    intro: toPcm(intro, 'f32le'),
    voice: toPcm(voice, 's16le'),
    outro: toPcm(outro, 's16le'),
  })
  return { timeline, storage, intro, voice, outro }
}

describe('A show of three sources', () => {
  const { timeline, storage, intro, voice, outro } = aShow()
  const mix = (start: number, end: number) => mixSlice(timeline, storage, 'work', start, end)

  test('sounds the same to the bit in any slices', async () => {
    const whole = await mix(0, timeline.totalSamples)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -5000, max: timeline.totalSamples }),
        fc.integer({ min: 1, max: 200_000 }),
        async (start, length) => {
          const slice = await mix(start, start + length)
          whole.forEach((_, side) => {
            const plane = slice[side] ?? slice[0]! // one channel for both sides where all is mono
            const expected = new Float32Array(length)
            expected.set(
              whole[side]!.subarray(Math.max(0, start), Math.max(0, start + length)),
              Math.min(length, Math.max(0, -start)),
            )
            expect(bytesOf(plane).equals(bytesOf(expected))).toBe(true)
          })
        },
      ),
      { numRuns: 40 },
    )
  })

  test('has the intro first, at the level of the voice', async () => {
    const [left, right] = await mix(0, 30_000)
    const gain = 10 ** (-2 / 20) // −18 LUFS levelled to the recording's −20
    for (const at of [1000, 15_000, 29_000]) {
      expect(left![at]).toBeCloseTo(intro[0]![at]! * gain, 6)
      expect(right![at]).toBeCloseTo(intro[1]![at]! * gain, 6)
    }
  })

  test('has the mono voice on both sides, sample for sample', async () => {
    const [left, right] = await mix(29_000, 50_000)
    for (const at of [100, 10_000, 17_000]) {
      expect(Math.abs(left![1000 + at]! - voice[0]![at]!)).toBeLessThanOrEqual(0.5 / 32768)
      expect(right![1000 + at]).toBe(left![1000 + at])
    }
  })

  test('has one channel where only the mono voice sounds, the same sample for sample', async () => {
    const [both, alone] = [await mix(29_000, 50_000), await mix(30_000, 50_000)]
    expect(both.length).toBe(2)
    expect(alone.length).toBe(1)
    expect(alone[0]).toEqual(both[0]!.subarray(1000))
  })

  test('ends with the outro as it is when its loudness is unknown, and is silent outside', async () => {
    const { startSample } = timeline.segments.at(-1)!
    const [left, right] = await mix(startSample, timeline.totalSamples + 100)
    expect(left![14_000]).toBeCloseTo(outro[0]![14_000]!, 4)
    expect(right![14_000]).toBeCloseTo(outro[1]![14_000]!, 4)
    expect(left!.subarray(28_800).every((sample) => sample === 0)).toBe(true)
    expect((await mix(-50, 0))[0]!.every((sample) => sample === 0)).toBe(true)
  })
})

describe('A programme', () => {
  test.each(['s16le', 'f32le'] as const)(
    'without edits is its %s source, sample for sample',
    async (sampleFormat) => {
      const planes = [noise(5000, -12, 1), noise(5000, -15, 2)]
      const { timeline, location } = aProgramme(sampleRate, planes, 2, sampleFormat)
      const mixed = await mixSlice(timeline, location.storage, location.bucket, 0, 5000)
      const grid = (sample: number) =>
        sampleFormat === 'f32le' ? sample : Math.round(sample * 32768) / 32768 + 0
      mixed.forEach((plane, side) => expect(plane).toEqual(planes[side]!.map(grid)))
    },
  )

  test('of mono sources only has one channel', async () => {
    const { timeline, location } = aProgramme(sampleRate, [noise(500, -12, 1)], 2)
    expect((await mixSlice(timeline, location.storage, location.bucket, 0, 500)).length).toBe(1)
  })
})

describe('A join', () => {
  const crossfade = 1440
  /** Cut where it hurts most: wherever the cut happens to fall. */
  async function joined(sound: Float32Array, startSample: number, endSample: number, overlap = crossfade) {
    const ledger = keepAllBut([{ startSample, endSample }], sound.length, 0, () => overlap)
    const sources = [
      {
        object: 'sound',
        format: { sampleRate, channels: 1, sampleFormat: 'f32le' } as const,
        totalSamples: sound.length,
      },
    ]
    const total = sound.length - (endSample - startSample) - overlapBefore(ledger, 1)
    const timeline: Timeline = {
      version: 1,
      sampleRate,
      outputChannels: 1,
      totalSamples: total,
      chunkStarts: [0],
      sources,
      clips: clipsOf(ledger, 0, 0),
      segments: [],
      ledger,
      inserted: [],
      answers: {},
    }
    const [mixed] = await mixSlice(
      timeline,
      readOnlyStore({ sound: toPcm([sound], 'f32le') }),
      'work',
      0,
      total,
    )
    return { mixed: mixed!, join: ledger[1]!.outputStart }
  }
  const steepest = (samples: Float32Array) =>
    samples.slice(1).reduce((most, sample, i) => Math.max(most, Math.abs(sample - samples[i]!)), 0)
  const rms = (samples: Float32Array) =>
    Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

  test.each([
    { what: 'a low tone', sound: () => tone(sampleRate, 2, 100, -6) },
    { what: 'a high tone', sound: () => tone(sampleRate, 2, 3000, -6) },
    { what: 'a voice', sound: () => speechLike(sampleRate, 2, 4) },
    { what: 'noise', sound: () => noise(2 * sampleRate, -20, 5) },
  ])('of $what has no step that the sound itself does not have', async ({ sound }) => {
    const plane = sound()
    for (let shift = 0; shift < 480; shift += 37) {
      const { mixed, join } = await joined(plane, 30_000 + shift, 50_000 + 2 * shift)
      const around = mixed.subarray(join - 200, join + crossfade + 200)
      // two equal sounds in phase add up to √2
      expect(steepest(around)).toBeLessThanOrEqual(Math.SQRT2 * 1.01 * steepest(plane))
    }
  })

  test('without a crossfade would have clicked', async () => {
    const low = tone(sampleRate, 2, 100, -6)
    const { mixed } = await joined(low, 30_120, 50_000, 0)
    expect(steepest(mixed)).toBeGreaterThan(20 * steepest(low))
  })

  test('keeps the power of noise through the crossfade', async () => {
    const { mixed, join } = await joined(noise(3 * sampleRate, -20, 6), 60_000, 80_000, 4800)
    const during = mixed.subarray(join, join + 4800)
    expect(20 * Math.log10(rms(during) / rms(mixed.subarray(0, 48_000)))).toBeCloseTo(0, 0)
    for (let i = 0; i < 4; i++)
      expect(Math.abs(20 * Math.log10(rms(during.subarray(i * 1200, (i + 1) * 1200)) / 0.1))).toBeLessThan(
        0.8,
      )
  })
})
