/** Tells a voice from a breath or a knock: whether a sound repeats itself as vocal folds do. */

const { floor, max, min, round, sqrt } = Math

/** From the lowest voice to a high one. */
const lowestHz = 70
const highestHz = 400
const windowSeconds = 0.04
const hopSeconds = 0.02
/** A window repeats itself when it is so like itself a period later; a voice, in so many of its windows. */
const leastLikeness = 0.5
const leastShare = 0.5
/** Enough to see a pitch by. */
const wantedRate = 8000

/** `samples`: one channel, a few seconds at most. */
export function isVoiced(samples: Float32Array, sampleRate: number): boolean {
  const step = max(1, floor(sampleRate / wantedRate))
  const rate = sampleRate / step
  const sound = Float32Array.from({ length: floor(samples.length / step) }, (_, i) =>
    meanOf(samples, i * step, step),
  )
  const width = min(sound.length, round(windowSeconds * rate))
  let [windows, voiced] = [0, 0]
  for (let at = 0; at + width <= sound.length; at += round(hopSeconds * rate)) {
    windows++
    if (likenessToItself(sound.subarray(at, at + width), rate) >= leastLikeness) voiced++
  }
  return windows > 0 && voiced >= leastShare * windows
}

function meanOf(samples: Float32Array, from: number, count: number): number {
  let sum = 0
  for (let i = from; i < from + count; i++) sum += samples[i]!
  return sum / count
}

/** The highest normalised autocorrelation at the periods of a voice. */
function likenessToItself(window: Float32Array, rate: number): number {
  let best = 0
  for (let lag = round(rate / highestHz); lag <= min(window.length / 2, rate / lowestHz); lag++) {
    let [both, here, there] = [0, 1e-12, 1e-12]
    for (let i = 0; i + lag < window.length; i++) {
      both += window[i]! * window[i + lag]!
      here += window[i]! * window[i]!
      there += window[i + lag]! * window[i + lag]!
    }
    best = max(best, both / sqrt(here * there))
  }
  return best
}
