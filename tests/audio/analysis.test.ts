// What one pass over a recording finds: levels, clipping, channels that are the same, and where somebody
// speaks.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeAnalysis, encodeAnalysis } from '../../shared/audio/analysis-file.ts'
import { analyser, findSpeech, type Analysis, type Span } from '../../shared/audio/analysis.ts'
import { quietestNear } from '../../shared/audio/quiet.ts'
import type { PcmFormat } from '../../shared/audio/pcm.ts'
import { add, amplitude, conversation, ebur128Of, noise, speechLike, tone, toPcm } from '../support/audio.ts'

const sampleRate = 48000

function analyse(
  planes: readonly Float32Array[],
  sampleFormat: PcmFormat['sampleFormat'] = 'f32le',
  rate = sampleRate,
): Analysis {
  const gather = analyser({ sampleRate: rate, channels: planes.length === 1 ? 1 : 2, sampleFormat })
  const bytes = toPcm(planes, sampleFormat)
  for (let at = 0; at < bytes.length; at += gather.blockBytes)
    gather.add(bytes.subarray(at, at + gather.blockBytes))
  return gather.finish()
}

/** One second of a voice, one second without, and so on. */
const bursts: readonly Span[] = [1, 3, 5, 7].map((second) => ({
  startSample: second * sampleRate,
  endSample: (second + 1) * sampleRate,
}))
function burstsOfSpeech(levelDb: number): Float32Array {
  const out = new Float32Array(9 * sampleRate)
  bursts.forEach(({ startSample }, i) => out.set(speechLike(sampleRate, 1, i + 1, levelDb), startSample))
  return out
}

const ms = (samples: number): number => (samples / sampleRate) * 1000

function expectBursts(speech: readonly Span[]): void {
  expect(speech.length).toBe(bursts.length)
  speech.forEach(({ startSample, endSample }, i) => {
    expect(Math.abs(ms(startSample - bursts[i]!.startSample))).toBeLessThanOrEqual(100)
    expect(Math.abs(ms(endSample - bursts[i]!.endSample))).toBeLessThanOrEqual(100)
  })
}

describe('Speech is found', () => {
  const steady = (db: number) => noise(9 * sampleRate, db, 9)
  const hum = tone(sampleRate, 9, 50, -24)

  test.each([
    { what: 'in a silent room', sound: () => add(burstsOfSpeech(-20), steady(-90)) },
    { what: 'at a ratio of 40 dB to steady noise', sound: () => add(burstsOfSpeech(-20), steady(-60)) },
    { what: 'at 30 dB', sound: () => add(burstsOfSpeech(-20), steady(-50)) },
    { what: 'at 20 dB', sound: () => add(burstsOfSpeech(-20), steady(-40)) },
    { what: 'when it is very quiet', sound: () => add(burstsOfSpeech(-50), steady(-85)) },
    { what: 'between gaps of digital silence', sound: () => burstsOfSpeech(-20) },
    { what: 'over hum of 50 Hz louder than itself', sound: () => add(burstsOfSpeech(-28), steady(-65), hum) },
    {
      what: 'on a large DC offset',
      sound: () => add(burstsOfSpeech(-20), steady(-60)).map((sample) => sample + 0.2),
    },
  ])('$what', ({ sound }) => {
    expectBursts(analyse([sound()]).speech)
  })

  test('in stereo when only one side speaks', () => {
    expectBursts(analyse([steady(-60), add(burstsOfSpeech(-20), steady(-60))]).speech)
  })

  test('with its floor and level as they are', () => {
    const { noiseFloorDb, speechLevelDb, quietBelowDb } = analyse([add(burstsOfSpeech(-20), steady(-60))])
    expect(noiseFloorDb).toBeCloseTo(-60, -0.5)
    expect(Math.abs(speechLevelDb + 17)).toBeLessThan(5)
    expect(quietBelowDb).toBeGreaterThan(noiseFloorDb + 3)
    expect(quietBelowDb).toBeLessThan(speechLevelDb - 15)
  })
})

describe('Steady sound', () => {
  test.each([
    { what: 'a tone', sound: tone(sampleRate, 5, 440, -20) },
    { what: 'noise', sound: noise(5 * sampleRate, -30, 1) },
  ])('such as $what is one span of sound without any quiet in it', ({ sound }) => {
    const { speech, quietBelowDb } = analyse([sound])
    expect(speech).toEqual([{ startSample: 0, endSample: sound.length }])
    expect(quietBelowDb).toBe(-Infinity)
  })

  test('music that trembles and beats is one span too', () => {
    const chord = add(
      tone(sampleRate, 5, 220, -24),
      tone(sampleRate, 5, 277, -24),
      tone(sampleRate, 5, 331.3, -24),
    )
    const { speech } = analyse([chord.map((sample, i) => sample * (1 + 0.25 * Math.sin(i / 3000)))])
    expect(speech.length).toBe(1)
    expect(speech[0]!.startSample).toBeLessThan(0.05 * sampleRate)
    expect(speech[0]!.endSample).toBeGreaterThan(4.95 * sampleRate)
  })

  test('silence has no speech, and no loudness', () => {
    const { speech, integratedLufs, noiseFloorDb } = analyse([new Float32Array(sampleRate)])
    expect(speech).toEqual([])
    expect(integratedLufs).toBe(-Infinity)
    expect(noiseFloorDb).toBe(-100)
  })
})

describe('An analysis', () => {
  test.each([
    { rate: 48000, sampleFormat: 's16le' },
    { rate: 44100, sampleFormat: 'f32le' },
  ] as const)(
    'counts samples, blocks and frames whatever the length ($rate Hz, $sampleFormat)',
    ({ rate, sampleFormat }) => {
      for (const length of [1, 441, 4800, 4801, 50_003]) {
        const { totalSamples, blocks, levels, waveform } = analyse(
          [noise(length, -20, 1), noise(length, -20, 2)],
          sampleFormat,
          rate,
        )
        expect(totalSamples).toBe(length)
        expect(blocks.length).toBe(Math.ceil((length / rate) * 10))
        expect(levels.length).toBe(Math.ceil((length / rate) * 100))
        expect(waveform.length).toBe(2 * levels.length)
      }
    },
  )

  test.each([
    { what: 'a voice in mono', planes: () => [speechLike(sampleRate, 10, 1)], monoLu: 3.01 },
    { what: 'a conversation in stereo', planes: () => conversation(sampleRate, 10, 2), monoLu: 0 },
  ])('has the loudness that ffmpeg finds: $what', async ({ planes, monoLu }) => {
    const sound = planes()
    expect(analyse(sound).integratedLufs).toBeCloseTo(
      (await ebur128Of(sampleRate, sound)).integratedLufs + monoLu,
      1,
    )
  })

  test('knows two equal channels from two different ones', () => {
    const voice = speechLike(sampleRate, 2, 1)
    const late = voice.map((sample, i) => (i > sampleRate ? sample * 0.999 : sample))
    expect(analyse([voice]).isMonaural).toBe(true)
    expect(analyse([voice, voice]).isMonaural).toBe(true)
    expect(analyse([voice, new Float32Array(voice.length)]).isMonaural).toBe(false)
    expect(analyse([voice, late]).isMonaural).toBe(false)
    expect(analyse([voice, voice]).integratedLufs).toBeCloseTo(analyse([voice]).integratedLufs, 6)
    expect(analyse([voice, late]).integratedLufs).toBeCloseTo(analyse([voice]).integratedLufs, 1)
    expect(analyse([voice, new Float32Array(voice.length)]).integratedLufs).toBeCloseTo(
      analyse([voice]).integratedLufs - 3.01,
      2,
    )
  })

  test('counts samples at full scale, and keeps the highest peak', () => {
    const hot = tone(sampleRate, 1, 997, 6).map((sample) => Math.max(-1, Math.min(1, sample)))
    const { clippedSamples, peak } = analyse([hot], 's16le')
    expect(clippedSamples).toBe(hot.filter((sample) => Math.abs(sample) >= 0.9999).length)
    expect(peak).toBeCloseTo(1, 4)
    expect(analyse([tone(sampleRate, 1, 997, -6)]).clippedSamples).toBe(0)
    expect(analyse([tone(sampleRate, 1, 997, 6)]).peak).toBeCloseTo(amplitude(6), 2)
  })

  test('comes back from its bytes as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30_000 }), fc.constantFrom(-Infinity, -20), (length, db) => {
        const analysis = analyse([db === -Infinity ? new Float32Array(length) : noise(length, db, length)])
        expect(decodeAnalysis(encodeAnalysis(analysis))).toEqual(analysis)
        const odd = Buffer.concat([Buffer.alloc(3), encodeAnalysis(analysis)]).subarray(3)
        expect(decodeAnalysis(odd)).toEqual(analysis)
      }),
      { numRuns: 30 },
    )
  })
})

describe('The quietest place near', () => {
  const levels = (values: readonly number[]): Analysis => ({
    ...analyse([new Float32Array(480)]),
    levels: Int16Array.from(values),
    totalSamples: values.length * 480,
  })

  test('a sample is the middle of the quietest frame in reach', () => {
    expect(quietestNear(levels([-1000, -2000, -5000, -2000, -1000, -9000]), 1000, 1500, 0, 2880)).toBe(
      2 * 480 + 240,
    )
    expect(quietestNear(levels([-3000, -3000, -3000, -3000, -3000]), 1230, 2000, 0, 2400)).toBe(2 * 480 + 240)
  })

  test('never lies outside its bounds, nor out of reach', () => {
    const frames = fc.array(fc.integer({ min: -10_000, max: 0 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(
        frames,
        fc.nat(30_000),
        fc.nat(4000),
        fc.nat(30_000),
        fc.nat(30_000),
        (values, sample, reach, a, b) => {
          const total = values.length * 480
          const [low, high] = [Math.min(a, b, total), Math.min(Math.max(a, b), total)]
          const inside = Math.min(high, Math.max(low, sample))
          const found = quietestNear(levels(values), inside, reach, low, high)
          expect(found).toBeGreaterThanOrEqual(low)
          expect(found).toBeLessThanOrEqual(high)
          expect(Math.abs(found - inside)).toBeLessThanOrEqual(reach)
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('a click is not speech, and two words a breath apart are one span', () => {
  const loud: [from: number, to: number][] = [
    [100, 103],
    [300, 360],
    [375, 440],
  ]
  const levels = Int16Array.from({ length: 600 }, (_, i) =>
    loud.some(([from, to]) => i >= from && i < to) ? -2000 : -6000,
  )
  expect(findSpeech(levels, sampleRate, 600 * 480).speech).toEqual([
    { startSample: 297 * 480, endSample: 443 * 480 },
  ])
})
