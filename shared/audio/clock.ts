/**
 * Sound whose recorder's clock ran fast or slow, as it would be by another clock. Hides the filter that tells what lies between
 * two samples, and that every sample comes out the same whatever the pieces.
 */
import { concatenated } from './pcm.ts'

type Planes = readonly Float32Array[]

/** Samples on either side that a value is told from, and places between two samples that filters are laid out for. */
const reach = 24
const phases = 1024
/** Kaiser's window: ripples of 90 dB below. */
const beta = 9

const taps = layOut()

/**
 * The sound taken at every `1 + drift`th place, as many samples as went in: what is missing at the end is silence, what is
 * too much is left out. `drift` is the share by which the recorder's clock was too fast.
 */
export async function* byOtherClock(sound: AsyncIterable<Planes>, drift: number): AsyncGenerator<Planes> {
  let held: Float32Array[] = []
  let [first, taken, given] = [-reach, 0, 0] // places of held[…][0], and how many samples came and went
  const next = (to: number): Planes => {
    const count = Math.max(0, to - given)
    const out = held.map((plane) => {
      const samples = new Float32Array(count)
      for (let i = 0; i < count; i++) samples[i] = valueAt(plane, (given + i) * (1 + drift) - first)
      return samples
    })
    given += count
    const keep = Math.max(0, Math.floor(given * (1 + drift)) - reach - first)
    held = held.map((plane) => plane.slice(keep))
    first += keep
    return out
  }
  for await (const planes of sound) {
    if (held.length === 0) held = planes.map(() => new Float32Array(reach))
    held = held.map((plane, channel) => concatenated(Float32Array, [plane, planes[channel]!]))
    taken += planes[0]!.length
    const told = Math.floor((taken - reach - 1) / (1 + drift))
    if (Math.min(told, taken) > given) yield next(Math.min(told, taken))
  }
  const silence = new Float32Array(2 * reach + Math.ceil(Math.max(0, drift) * taken))
  held = held.map((plane) => concatenated(Float32Array, [plane, silence]))
  if (taken > given) yield next(taken)
}

function valueAt(samples: Float32Array, place: number): number {
  const left = Math.floor(place)
  const between = (place - left) * phases
  const phase = Math.floor(between)
  const share = between - phase
  const [a, b] = [phase * 2 * reach, (phase + 1) * 2 * reach]
  let sum = 0
  for (let k = 0; k < 2 * reach; k++)
    sum += samples[left - reach + 1 + k]! * (taps[a + k]! + share * (taps[b + k]! - taps[a + k]!))
  return sum
}

/** A row of filter taps for every phase, and one more. */
function layOut(): Float64Array {
  const bessel = (x: number): number => {
    let [sum, term] = [1, 1]
    for (let k = 1; k < 40; k++) sum += term *= (x / (2 * k)) ** 2
    return sum
  }
  return Float64Array.from({ length: (phases + 1) * 2 * reach }, (_, i) => {
    const x = (i % (2 * reach)) - reach + 1 - Math.floor(i / (2 * reach)) / phases
    const window = bessel(beta * Math.sqrt(Math.max(0, 1 - (x / reach) ** 2))) / bessel(beta)
    return x === 0 ? 1 : (window * Math.sin(Math.PI * x)) / (Math.PI * x)
  })
}
