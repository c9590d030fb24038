// The whole mastering chain on something like speech, with ffmpeg as the judge of what came out.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { integratedLoudness, toLufs } from '../../shared/audio/loudness.ts'
import {
  applyGains,
  limiterGains,
  limiterStep,
  limiterSupportSamples,
} from '../../shared/mastering/limiter.ts'
import { chooseGain, measureChunk, type GainTrial } from '../../shared/mastering/gain.ts'
import { ceilingDb } from '../../shared/mastering/programme.ts'
import { mixSlice } from '../../shared/mastering/mixer.ts'
import { mp3Codec } from '../../shared/codec/choose.ts'
import { frameOffsets, samplesPerFrame } from '../../shared/audio/mp3-frames.ts'
import type { Mp3Format } from '../../shared/codec/port.ts'
import { frameCount, inputCompensation } from '../../shared/mastering/mp3.ts'
import { fromDb, peaks } from '../../shared/audio/true-peak.ts'
import {
  aProgramme,
  conversation,
  decodeFile,
  ebur128,
  renderAll,
  speechLike,
  withFile,
  type Measured,
  type Programme,
} from '../support/audio.ts'

const never = new AbortController().signal
const loudness = { targetLufs: -16, maxTruePeakDbtp: -1 }
/** A meter that takes a mono file for one channel reads this much less. */
const dualMonoLu = 10 * Math.log10(2)

/** `measure` for every chunk, then `level`. */
async function choose(
  { timeline, location }: Programme,
  estimateDb: number,
  format: Mp3Format,
): Promise<number> {
  const chunks: GainTrial[][] = []
  for (let chunk = 0; chunk < timeline.chunkStarts.length; chunk++)
    chunks.push(await measureChunk(timeline, location, chunk, estimateDb, ceilingDb(loudness, format)))
  const trials = chunks[0]!.map(({ gainDb }, i) => ({
    gainDb,
    blocks: Float32Array.from(chunks.flatMap((trial) => [...trial[i]!.blocks])),
  }))
  return chooseGain(trials, loudness.targetLufs)!
}

/** The programme mixed and limited in one piece, as the encoder is fed. */
async function limitedWhole(
  { timeline, location }: Programme,
  gainDb: number,
  format: Mp3Format,
): Promise<Float32Array[]> {
  const end = Math.ceil((timeline.totalSamples + limiterSupportSamples) / limiterStep) * limiterStep
  const sides = await mixSlice(timeline, location.storage, location.bucket, 0, end)
  const mix =
    format.channels === 1 && sides.length === 2
      ? [sides[0]!.map((sample, i) => (sample + sides[1]![i]!) / 2)]
      : sides
  const [ceiling, gain] = [fromDb(ceilingDb(loudness, format)), fromDb(gainDb)]
  const highest = new Float32Array(end / limiterStep)
  for (const plane of mix) {
    const own = new Float32Array(highest.length)
    peaks(plane, 0, end, limiterStep, ceiling / gain, own)
    own.forEach((peak, i) => (highest[i] = peak > highest[i]! ? peak : highest[i]!))
  }
  const gains = limiterGains(highest, gain, ceiling)
  for (const plane of mix) applyGains(plane, 0, end, gains, 0, gain * inputCompensation(format.bitrateKbps))
  return mix.length < format.channels ? [mix[0]!, mix[0]!] : mix
}

async function serialEncode(planes: readonly Float32Array[], format: Mp3Format): Promise<Buffer[]> {
  const whole = await (await mp3Codec()).encode([planes], format, never)
  return framesOf(whole)
}

function framesOf(bytes: Buffer): Buffer[] {
  const offsets = frameOffsets(bytes)
  return offsets.slice(1).map((end, i) => bytes.subarray(offsets[i], end))
}

/** Where `heard` lies in `reference`: the lag, within ±40 samples, of the highest correlation. */
function lagOf(heard: Float32Array, reference: Float32Array, from: number, length: number): number {
  let best = { lag: NaN, sum: -Infinity }
  for (let lag = -40; lag <= 40; lag++) {
    let sum = 0
    for (let i = from; i < from + length; i++) sum += heard[i + lag]! * reference[i]!
    if (sum > best.sum) best = { lag, sum }
  }
  return best.lag
}

/** The first in chunks of the usual length, the others in two shorter ones. */
const cases = [
  { sampleRate: 48000, channels: 2, bitrateKbps: 128, seconds: 90, seed: 7 },
  { sampleRate: 44100, channels: 2, bitrateKbps: 64, seconds: 26, seed: 1 },
  { sampleRate: 48000, channels: 2, bitrateKbps: 96, seconds: 26, seed: 2 },
  { sampleRate: 44100, channels: 2, bitrateKbps: 192, seconds: 26, seed: 3 },
  { sampleRate: 48000, channels: 1, bitrateKbps: 64, seconds: 26, seed: 4 },
  { sampleRate: 44100, channels: 1, bitrateKbps: 96, seconds: 26, seed: 5 },
  { sampleRate: 48000, channels: 1, bitrateKbps: 128, seconds: 26, seed: 6 },
  { sampleRate: 44100, channels: 1, bitrateKbps: 192, seconds: 26, seed: 8 },
] as const

/** Whole frames that are whole tenths of a second as well, and after which 44.1 kHz pads its frames as from the start. */
const shortFrames = { 44100: 490, 48000: 500 }
const inChunks = ({ timeline, location }: Programme, chunkStarts: readonly number[]): Programme => ({
  timeline: { ...timeline, chunkStarts },
  location,
})

describe.each(cases)(
  'Speech at $bitrateKbps kb/s, $channels channel(s), $sampleRate Hz',
  ({ seconds, seed, ...format }) => {
    const { sampleRate, channels, bitrateKbps } = format
    let programme: Programme
    let rendered: Awaited<ReturnType<typeof renderAll>>
    let limited: Float32Array[]
    let measured: Measured

    beforeAll(async () => {
      const whole = aProgramme(
        sampleRate,
        channels === 2 ? conversation(sampleRate, seconds, seed) : [speechLike(sampleRate, seconds, seed)],
        channels,
      )
      const { chunkStarts } = whole.timeline
      programme =
        chunkStarts.length > 1 ? whole : inChunks(whole, [0, shortFrames[sampleRate] * samplesPerFrame])
      const gainDb = await choose(programme, 6, format)
      rendered = await renderAll(programme, gainDb, loudness, format)
      limited = await limitedWhole(programme, gainDb, format)
      measured = await withFile(rendered.file, (file) => ebur128(['-i', file]))
    })

    test('is heard at −16 LUFS, and nowhere over −1 dBTP', () => {
      const integratedLufs = measured.integratedLufs + (channels === 1 ? dualMonoLu : 0)
      expect(Math.abs(integratedLufs - loudness.targetLufs)).toBeLessThanOrEqual(0.2)
      expect(measured.truePeakDbtp).toBeLessThanOrEqual(loudness.maxTruePeakDbtp)
    })

    test('measures itself as ffmpeg measures it', () => {
      const blocks = rendered.chunks.flatMap((chunk) => [...chunk.blocks])
      const mono = channels === 1 ? dualMonoLu : 0
      expect(integratedLoudness(blocks)).toBeCloseTo(measured.integratedLufs + mono, 1)
      expect(Math.max(...rendered.chunks.map(({ truePeakDbtp }) => truePeakDbtp))).toBeCloseTo(
        measured.truePeakDbtp,
        1,
      )
      const momentary = blocks
        .slice(3)
        .map((_, i) => toLufs((blocks[i]! + blocks[i + 1]! + blocks[i + 2]! + blocks[i + 3]!) / 4))
      expect(momentary.length).toBe(Math.floor((programme.timeline.totalSamples / sampleRate) * 10) - 3)
      const apart = momentary.map((lufs, i) =>
        lufs < -60 ? 0 : Math.abs(lufs - mono - measured.momentaryLufs[i + 3]!),
      )
      expect(Math.max(...apart)).toBeLessThan(0.1)
    })

    test('is the serial encode of the limited mix, byte for byte', async () => {
      expect(rendered.chunks.map(({ loweredDb }) => loweredDb)).toEqual(rendered.chunks.map(() => 0))
      const serial = await serialEncode(limited, format)
      const frames = framesOf(rendered.frames)
      expect(frames.length).toBe(frameCount(programme.timeline.totalSamples))
      expect(frames.flatMap((frame, i) => (frame.equals(serial[i]!) ? [] : [i]))).toEqual([])
    })

    test('plays without a gap: as long as the mix to the sample, and in time with it', async () => {
      const planes = await decodeFile(rendered.file, sampleRate, channels)
      expect(planes.map((plane) => plane.length)).toEqual(planes.map(() => programme.timeline.totalSamples))
      const seam = programme.timeline.chunkStarts[1]!
      for (const at of [sampleRate, seam - sampleRate / 2, planes[0]!.length - 2 * sampleRate]) {
        planes.forEach((plane, side) => expect(lagOf(plane, limited[side]!, at, sampleRate)).toBe(0))
      }
    })

    test('tells players its length and bit rate', async () => {
      const [duration, kbps] = await withFile(rendered.file, durationAndBitrate)
      expect(duration).toBeCloseTo(programme.timeline.totalSamples / sampleRate, 1)
      expect(kbps).toBeCloseTo(bitrateKbps, -1)
    })
  },
)

async function durationAndBitrate(file: string): Promise<[seconds: number, kbps: number]> {
  const { format } = JSON.parse(
    await ffprobe(['-of', 'json', '-show_entries', 'format=duration,bit_rate', file], never),
  ) as {
    format: Record<string, string>
  }
  return [Number(format['duration']), Number(format['bit_rate']) / 1000]
}
