/**
 * Where in noise somebody may be speaking, frame by frame. Hides how speech is told from noise that changes: what stands
 * out is speech when it is periodic, or near something that is, or when a detector of voices says so.
 */
import { bandOf, exceeding, type Band } from '../kernel/cells.ts'
import type { Cells, NoiseFloor } from './noise-floor.ts'
import { voicingMeter } from './periodicity.ts'
import type { OthersTurn } from './turns.ts'

/**
 * A frame stands out where this share of its cells is so many times the noise, or where the cells of a voice's harmonics
 * are on average: a hum, or the end of a vowel, has few harmonics and may be loud.
 */
const presentShare = 0.08
const presentRatio = 4
const presentHz = [90, 8000] as const
/** Where the harmonics of a voice are. */
const voicedHz = [70, 1220] as const
const leastVoicing = 0.5
/** Of the cells there, where it may be a voice at all. */
const leastVoicedShare = 0.3
/** Work of some 10 ms at most. */
const framesBetweenTurns = 128

/** In seconds: how long something must last to count, and how far what it says goes. */
const leastSeconds = 0.03
const leastVoicedSeconds = 0.06
const besideVoiceSeconds = 0.13
const beforeSeconds = 0.085
const afterSeconds = 0.16

/** The detector's voice, from so long before to so long after, is believed from this likelihood on. */
const leastLikelihood = 0.15
const behindVoiceSeconds = 0.16
const aheadOfVoiceSeconds = 0.08
/** Doubts no further apart than twice this are settled in one go: it takes the detector as long to begin anew. */
const togetherSeconds = 0.3

interface Scale {
  readonly framesPerSecond: number
  readonly hzPerBin: number
}

interface Frames {
  readonly from: number
  readonly to: number
}

/** How likely a voice sounds in frames `from` to `to`, a value each. */
export type VoiceIn = (from: number, to: number) => Promise<Float32Array>

/** 1 where somebody may speak, 0 in a pause, between them at their edges; a value for each of the frames `own`. */
export async function speechShares(
  cells: Cells,
  ratios: Float32Array,
  looked: Frames,
  noise: NoiseFloor,
  scale: Scale,
  own: Frames,
  voiceIn: VoiceIn,
  othersTurn: OthersTurn,
): Promise<Float32Array> {
  const { stride, bins } = cells
  const count = looked.to - looked.from
  const [band, low] = [presentHz, voicedHz].map((hz) => bandOf(hz, scale.hzPerBin, bins)) as [Band, Band]
  const over = exceeding(ratios, stride, presentRatio, band, low)
  const shares = Float32Array.from({ length: count }, (_, i) => over[2 * i]! / (band[1] - band[0]))
  const lowRatios = Float32Array.from({ length: count }, (_, i) =>
    meanOf(ratios, i * stride + low[0], i * stride + low[1]),
  )
  const voiced = new Uint8Array(count)
  const pitched = voicedHz.map((hz) => Math.min(bins, Math.round(hz / scale.hzPerBin))) as [number, number]
  const voicing = voicingMeter(pitched, scale.hzPerBin)
  const floor = new Float32Array(pitched[1])
  const excess = new Float32Array(pitched[1] - pitched[0])
  for (let frame = 0; frame < count; frame++) {
    if (frame % framesBetweenTurns === 0) await othersTurn()
    const lowShare = over[2 * frame + 1]! / (low[1] - low[0])
    const isWide = shares[frame]! >= presentShare / 2 && lowShare >= leastVoicedShare
    if (!isWide && lowRatios[frame]! < presentRatio) continue
    noise.at(looked.from + frame, floor)
    const row = (looked.from + frame - cells.first) * stride
    for (let k = pitched[0]; k < pitched[1]; k++)
      excess[k - pitched[0]] = Math.max(0, cells.powers[row + k]! - 2 * floor[k]!)
    if (voicing(excess) > leastVoicing) voiced[frame] = 1
  }
  const frames = (seconds: number) => Math.round(seconds * scale.framesPerSecond)
  const hits = Uint8Array.from(shares, (_, i) =>
    meanOfThree(shares, i) > presentShare || meanOfThree(lowRatios, i) > presentRatio ? 1 : 0,
  )
  dropShort(voiced, frames(leastVoicedSeconds))
  dropShort(hits, frames(leastSeconds))
  const nearVoice = widened(voiced, frames(besideVoiceSeconds), frames(besideVoiceSeconds))
  // the detector is asked only where it matters: what stands out without a voice beside it
  const doubted = hits.map((hit, i) => (hit && !nearVoice[i] ? 1 : 0))
  doubted.fill(0, 0, Math.max(0, own.from - looked.from - frames(afterSeconds) - 2))
  doubted.fill(0, own.to - looked.from + frames(beforeSeconds) + 2)
  const joined = widened(doubted, frames(togetherSeconds), frames(togetherSeconds))
  for (const [from, to] of runsOf(joined)) {
    const [first, last] = [doubted.indexOf(1, from), doubted.lastIndexOf(1, to - 1)]
    const [ahead, behind] = [frames(aheadOfVoiceSeconds), frames(behindVoiceSeconds)]
    const voice = await voiceIn(looked.from + first - behind, looked.from + last + 1 + ahead)
    for (let i = first; i <= last; i++) {
      const around = voice.subarray(Math.max(0, i - first), i - first + behind + ahead + 1)
      if (doubted[i] && !around.some((likelihood) => likelihood > leastLikelihood)) hits[i] = 0
    }
  }
  dropShort(hits, frames(leastSeconds))
  const open = widened(hits, frames(beforeSeconds), frames(afterSeconds))
  const bell = [1, 2, 3, 4, 3, 2, 1]
  return Float32Array.from({ length: own.to - own.from }, (_, i) => {
    const at = own.from - looked.from + i
    let sum = 0
    bell.forEach((weight, j) => (sum += weight * open[Math.max(0, Math.min(count - 1, at + j - 3))]!))
    return sum / 16
  })
}

const meanOfThree = (values: Float32Array, at: number): number =>
  meanOf(values, Math.max(0, at - 1), Math.min(values.length, at + 2))

const meanOf = (values: Float32Array, from: number, to: number): number => {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum / (to - from)
}

function* runsOf(flags: Uint8Array): Generator<readonly [number, number]> {
  for (let i = 0; i < flags.length; i++) {
    if (!flags[i]) continue
    let end = i + 1
    while (end < flags.length && flags[end]) end++
    yield [i, end]
    i = end
  }
}

function dropShort(flags: Uint8Array, least: number): void {
  for (const [from, to] of [...runsOf(flags)]) if (to - from < least) flags.fill(0, from, to)
}

function widened(flags: Uint8Array, before: number, after: number): Uint8Array {
  const wide = new Uint8Array(flags.length)
  for (const [from, to] of runsOf(flags))
    wide.fill(1, Math.max(0, from - before), Math.min(flags.length, to + after))
  return wide
}
