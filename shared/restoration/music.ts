/**
 * Where there is music and not speech, by level and tones: speech falls to its floor many times a second,
 * music does not, and noise that does not either has no tones. Hides windows, votes and what becomes of short stretches.
 */
import { clearShortRuns, gapsOf, movingMean, quantile, runsOf, toDb } from './series.ts'

/** In steps of 10 ms: a window, and from one to the next. */
const windowSteps = 250
const hopSteps = 25
/** Of a window of music less than this share lies `dipDb` under its loud moments, and the range is small. */
const mostDips = 0.13
const dipDb = 12
const mostRangeDb = 14
/** So much over the recording's floor, and over silence. */
const leastOverFloorDb = 12
const leastLevelDb = -55
const floorShare = 0.08
/** In windows: half of those that vote, the shortest music, and the longest gap within. */
const votes = 4
const shortestWindows = 12
const gapWindows = 8
/** Music begins and ends where it is quiet for 100 ms, no further away than this. */
const edgeSteps = 300
const quietOverFloorDb = 8

/** A flag for every step. `powers`: K-weighted mean squares of each; `tonality`: the share of tones at a step. */
export function musicFlags(powers: Float32Array, tonality: (step: number) => number): Uint8Array {
  const levels = new Float64Array(powers.length)
  for (let i = 0; i < levels.length; i++) levels[i] = toDb(powers[i]!) - 0.691
  const floor = quantile(levels, floorShare)
  const count = Math.ceil(levels.length / hopSteps)
  const looks = Uint8Array.from({ length: count }, (_, i) =>
    isTonal(tonality, i * hopSteps) && looksLikeMusic(levels, i * hopSteps, floor) ? 1 : 0,
  )
  const voted = looks.map((_, i) => {
    const around = looks.subarray(Math.max(0, i - votes), i + votes + 1)
    return 2 * around.reduce((sum, look) => sum + look, 0) > around.length ? 1 : 0
  })
  for (const { from, to } of gapsOf(voted))
    if (to - from < gapWindows && from > 0 && to < count) voted.fill(1, from, to)
  clearShortRuns(voted, shortestWindows)
  const flags = new Uint8Array(levels.length)
  for (const { from, to } of runsOf(voted))
    flags.fill(1, Math.max(0, (from - 0.5) * hopSteps), Math.min(levels.length, (to - 0.5) * hopSteps))
  return reachedOut(flags, powers, floor)
}

function looksLikeMusic(levels: Float64Array, middle: number, floor: number): boolean {
  const window = levels.subarray(Math.max(0, middle - windowSteps / 2), middle + windowSteps / 2)
  const loud = quantile(window, 0.9)
  if (loud <= Math.max(floor + leastOverFloorDb, leastLevelDb)) return false
  const dips = window.reduce((sum, level) => sum + (level < loud - dipDb ? 1 : 0), 0) / window.length
  return dips < mostDips && loud - quantile(window, 0.1) < mostRangeDb
}

/** In most of the window's looks, tones are so much of the sound. */
const leastTones = 0.25

function isTonal(tonality: (step: number) => number, middle: number): boolean {
  const looks = windowSteps / hopSteps
  let tonal = 0
  for (let i = 0; i < looks; i++) if (tonality(middle + (i - 5) * hopSteps) >= leastTones) tonal++
  return 2 * tonal >= looks
}

/** To the next quiet moment on either side. */
function reachedOut(flags: Uint8Array, powers: Float32Array, floor: number): Uint8Array {
  const loud = movingMean(powers, 5).map((power) => (toDb(power) - 0.691 > floor + quietOverFloorDb ? 1 : 0))
  const wide = flags.slice()
  for (const { from, to } of runsOf(flags)) {
    let start = from
    while (start > 0 && from - start < edgeSteps && loud[start - 1]) start--
    let end = to
    while (end < flags.length && end - to < edgeSteps && loud[end]) end++
    wide.fill(1, start, end)
  }
  return wide
}
