/**
 * Measures loudness by ITU-R BS.1770-5 and loudness range by EBU Tech 3342. Works on mergeable partial
 * results, the K-weighted energy of every 100 ms: those of consecutive chunks are simply put one after the
 * other. Hides the filters' coefficients and both gates; the filters themselves run in shared/kernel/.
 */
import type { Biquad } from '../kernel/filters.ts'

/** Gating blocks are 400 ms long and start every 100 ms. */
const blocksPerWindow = 4
/** BS.1770: blocks below this loudness are silence, whatever the programme. */
const absoluteGateLufs = -70
const relativeGateLu = -10
/**
 * Tech 3342: short-term windows of 3 s, gated 20 LU below their mean, from the 10th to the 95th percentile.
 */
const shortTermBlocks = 30
const rangeGateLu = -20
const rangePercentiles = [0.1, 0.95] as const

const offsetLufs = -0.691

/** Mean square of the K-weighted channels, summed over channels → LUFS. */
export const toLufs = (energy: number): number => offsetLufs + 10 * Math.log10(energy)
const toEnergy = (lufs: number): number => 10 ** ((lufs - offsetLufs) / 10)

/**
 * Integrated loudness in LUFS; −Infinity when everything is below the absolute gate.
 * `blocks` holds the K-weighted mean square of each 100 ms, summed over channels.
 */
export function integratedLoudness(blocks: ArrayLike<number>): number {
  const windows = slidingMeans(blocks, blocksPerWindow)
  const audible = windows.filter((energy) => energy > toEnergy(absoluteGateLufs))
  if (audible.length === 0) return -Infinity
  const gate = mean(audible) * 10 ** (relativeGateLu / 10)
  const kept = audible.filter((energy) => energy > gate)
  return toLufs(mean(kept))
}

/** Loudness range in LU; 0 when there are fewer than two audible windows of 3 s. */
export function loudnessRange(blocks: ArrayLike<number>): number {
  const audible = slidingMeans(blocks, shortTermBlocks).filter(
    (energy) => energy > toEnergy(absoluteGateLufs),
  )
  if (audible.length < 2) return 0
  const gate = mean(audible) * 10 ** (rangeGateLu / 10)
  const kept = audible.filter((energy) => energy >= gate).sort()
  const at = (percentile: number) => toLufs(kept[Math.round((kept.length - 1) * percentile)]!)
  return at(rangePercentiles[1]) - at(rangePercentiles[0])
}

function slidingMeans(blocks: ArrayLike<number>, width: number): Float64Array {
  const means = new Float64Array(Math.max(0, blocks.length - width + 1))
  for (let i = 0; i < means.length; i++) {
    let sum = 0
    for (let j = i; j < i + width; j++) sum += blocks[j]!
    means[i] = sum / width
  }
  return means
}

function mean(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/**
 * The two stages of K-weighting at any sample rate, by the bilinear transform of the analogue filters
 * whose 48 kHz coefficients BS.1770-5 tabulates.
 */
export function kWeighting(sampleRate: number): readonly [Biquad, Biquad] {
  const shelfGain = 10 ** (3.999843853973347 / 20)
  const shelfBand = shelfGain ** 0.4996667741545416
  const shelfQ = 0.7071752369554196
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate)
  const shelfNorm = 1 + k / shelfQ + k * k
  const shelf = {
    b0: (shelfGain + (shelfBand * k) / shelfQ + k * k) / shelfNorm,
    b1: (2 * (k * k - shelfGain)) / shelfNorm,
    b2: (shelfGain - (shelfBand * k) / shelfQ + k * k) / shelfNorm,
    a1: (2 * (k * k - 1)) / shelfNorm,
    a2: (1 - k / shelfQ + k * k) / shelfNorm,
  }
  const passQ = 0.5003270373238773
  const p = Math.tan((Math.PI * 38.13547087602444) / sampleRate)
  const passNorm = 1 + p / passQ + p * p
  const highPass = {
    b0: 1,
    b1: -2,
    b2: 1,
    a1: (2 * (p * p - 1)) / passNorm,
    a2: (1 - p / passQ + p * p) / passNorm,
  }
  return [shelf, highPass]
}

/** A second-order Butterworth high-pass. */
export function highPass(sampleRate: number, cutoffHz: number): Biquad {
  const k = Math.tan((Math.PI * cutoffHz) / sampleRate)
  const norm = 1 + Math.SQRT2 * k + k * k
  return {
    b0: 1 / norm,
    b1: -2 / norm,
    b2: 1 / norm,
    a1: (2 * (k * k - 1)) / norm,
    a2: (1 - Math.SQRT2 * k + k * k) / norm,
  }
}
