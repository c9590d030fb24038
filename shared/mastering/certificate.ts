/** The loudness certificate of an episode: what the finished MP3 measures, against what was asked for. */
import { integratedLoudness, loudnessRange } from '../audio/loudness.ts'
import type { Loudness } from './programme.ts'
import type { Mp3Format } from '../codec/port.ts'
import type { RestorationReport } from '../episode/restoring.ts'
import type { Timeline } from '../timeline/timeline.ts'

export interface Certificate {
  readonly measuredOn: 'decoded-mp3'
  /** LUFS; null when nothing is loud enough to measure. For a mono file as heard from two loudspeakers. */
  readonly integratedLufs: number | null
  readonly loudnessRangeLu: number
  readonly truePeakDbtp: number | null
  readonly targetLufs: number
  readonly maxTruePeakDbtp: number
  readonly channels: 1 | 2
  /** A mono file measured as two equal channels; a meter that takes it for one reads 3.01 LU less. */
  readonly dualMono: boolean
  readonly singleChannelLufs?: number | null
  readonly durationSeconds: number
  readonly sha256: string
  readonly pass: boolean
  /** What was wrong with the recording, and what was done; absent where nobody looked. */
  readonly restoration?: RestorationReport
}

const toleranceLu = 0.2
const dualMonoLu = 10 * Math.log10(2)

export function certify(measured: {
  blocks: Float32Array
  truePeakDbtp: number
  timeline: Timeline
  sha256: string
  loudness: Loudness
  format: Mp3Format
  restoration?: RestorationReport | undefined
}): Certificate {
  const { loudness, format, timeline, restoration } = measured
  const lufs = integratedLoudness(measured.blocks)
  const dualMono = format.channels === 1
  return {
    measuredOn: 'decoded-mp3',
    integratedLufs: hundredths(lufs),
    loudnessRangeLu: hundredths(loudnessRange(measured.blocks))!,
    truePeakDbtp: hundredths(measured.truePeakDbtp),
    targetLufs: loudness.targetLufs,
    maxTruePeakDbtp: loudness.maxTruePeakDbtp,
    channels: format.channels,
    dualMono,
    ...(dualMono ? { singleChannelLufs: hundredths(lufs - dualMonoLu) } : {}),
    durationSeconds: timeline.totalSamples / timeline.sampleRate,
    sha256: measured.sha256,
    pass:
      Math.abs(lufs - loudness.targetLufs) <= toleranceLu &&
      measured.truePeakDbtp <= loudness.maxTruePeakDbtp,
    ...(restoration ? { restoration } : {}),
  }
}

const hundredths = (value: number): number | null =>
  Number.isFinite(value) ? Math.round(value * 100) / 100 : null
