/**
 * Fits an episode to the length that its template wants: pauses are tightened, evenly and no further than
 * allowed, and a warning says what was done. Speech is never sped up. Hides the search for how much is just
 * enough.
 */
import type { Warning } from '../codes.ts'
import { Permanent } from '../errors.ts'
import type { LengthSettings } from '../settings/settings.ts'
import { minutesOf } from '../timecode.ts'

/** How long pauses may be and what longer ones become, in seconds. */
export interface PauseLimits {
  readonly maxPauseSeconds: number
  readonly targetPauseSeconds: number
}

/** Searching further would save less than a tenth of a second an hour. */
const steps = 12

export interface Fitted<T> {
  readonly result: T
  /** What the producer should know; undefined when the length was right as it was. */
  readonly remark: Warning | undefined
}

/**
 * Lays the episode out with the loosest pauses that meet `softMaxSeconds`, or the tightest allowed ones when
 * none do. `layOut` is told the limits (undefined: as they are). Throws Permanent `over_length` or
 * `under_length` outside of the hard limits.
 */
export function fitLength<T>(
  wanted: LengthSettings,
  usual: PauseLimits,
  layOut: (limits: PauseLimits | undefined) => T,
  secondsOf: (result: T) => number,
): Fitted<T> {
  const loose = layOut(undefined)
  const before = secondsOf(loose)
  const longest = Math.min(wanted.softMaxSeconds ?? Infinity, wanted.hardMaxSeconds ?? Infinity)
  if (before <= longest) return checkShort(wanted, loose, before)
  const result = tightenUntil(
    (tightness) => layOut(between(usual, wanted, tightness)),
    (found) => secondsOf(found) <= longest,
  )
  const after = secondsOf(result)
  if (after > (wanted.hardMaxSeconds ?? Infinity)) {
    throw new Permanent(
      'over_length',
      `The episode would be ${minutesOf(after)} long, ` +
        `with pauses as tight as length.tightest… allows (${minutesOf(before)} before). ` +
        `length.hardMaxSeconds is ${minutesOf(wanted.hardMaxSeconds!)}. Cut something, or allow more.`,
    )
  }
  const message =
    after > longest
      ? `The episode is ${minutesOf(after)} long, longer than the wanted ${minutesOf(longest)}, ` +
        `though its pauses were tightened as far as allowed (from ${minutesOf(before)}).`
      : `Pauses were tightened to bring the episode from ${minutesOf(before)} to ${minutesOf(after)}; ` +
        `wanted were at most ${minutesOf(longest)}.`
  return { result, remark: { code: after > longest ? 'longer_than_wanted' : 'pauses_tightened', message } }
}

function checkShort<T>(wanted: LengthSettings, result: T, seconds: number): Fitted<T> {
  if (seconds < (wanted.hardMinSeconds ?? 0)) {
    throw new Permanent(
      'under_length',
      `The episode would be ${minutesOf(seconds)} long; ` +
        `length.hardMinSeconds is ${minutesOf(wanted.hardMinSeconds!)}.`,
    )
  }
  const isShort = seconds < (wanted.softMinSeconds ?? 0)
  const message =
    `The episode is ${minutesOf(seconds)} long, ` +
    `shorter than the wanted ${minutesOf(wanted.softMinSeconds ?? 0)}.`
  return { result, remark: isShort ? { code: 'shorter_than_wanted', message } : undefined }
}

/** The result of the least tightness (0 to 1) that is enough; of 1 when none is. */
function tightenUntil<T>(layOut: (tightness: number) => T, isEnough: (result: T) => boolean): T {
  let [low, high] = [0, 1]
  let best = layOut(1)
  if (!isEnough(best)) return best
  for (let step = 0; step < steps; step++) {
    const middle = (low + high) / 2
    const result = layOut(middle)
    if (isEnough(result)) [best, high] = [result, middle]
    else low = middle
  }
  return best
}

function between(
  usual: PauseLimits,
  { tightestMaxPauseSeconds, tightestTargetPauseSeconds }: LengthSettings,
  tightness: number,
): PauseLimits {
  const towards = (from: number, to: number) => from + (Math.min(from, to) - from) * tightness
  return {
    maxPauseSeconds: towards(usual.maxPauseSeconds, tightestMaxPauseSeconds),
    targetPauseSeconds: towards(usual.targetPauseSeconds, tightestTargetPauseSeconds),
  }
}
