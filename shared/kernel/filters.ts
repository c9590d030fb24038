/**
 * Energies after two biquads in a row. Hides that filters run side by side, in pairs, and how their coefficients and
 * states are laid out.
 */
import { doubles, groupsAtOnce, kernels, place, put, putDoubles } from './memory.ts'

/** Coefficients of a biquad, normalised to a0 = 1. */
export interface Biquad {
  readonly b0: number
  readonly b1: number
  readonly b2: number
  readonly a1: number
  readonly a2: number
}

export type Cascade = readonly [Biquad, Biquad]

/** A pair's state: x1 x2 y1 y2 and the sum, each for both. */
const stateLength = 10
const filterLength = 22

/** Below this a filter's memory is silence; cleared so that it never decays into slow denormal numbers. */
const negligible = 1e-25

/**
 * Sums of squares after a filter over one channel or two, remembering its state from call to call. The meter takes
 * as many planes as it has channels, and writes the sum of every `step` samples to `outs`, one for each, from
 * `outStart` on. The last group may be shorter. `step` is at most 8192.
 */
export function energyMeter(filter: Cascade, channels: 1 | 2) {
  const pair = layOut([filter, filter], [false, false])
  const state = new Float64Array(stateLength)
  return (
    planes: readonly Float32Array[],
    step: number,
    outs: readonly Float64Array[],
    outStart = 0,
  ): void => {
    const [left, right] = [planes[0]!, planes[channels - 1]!]
    run(pair, state, left, right, step, (group, at) => {
      for (let channel = 0; channel < channels; channel++)
        outs[channel]![outStart + group] = doubles[at + channel]!
    })
  }
}

/**
 * Two filters over each of up to two channels, with one look at the sound: of the first, the sum over a whole call;
 * of the second, the sum of every `step` samples. The meter takes one plane or two, and writes a sum of the whole
 * to `totals` and sums of the steps to `outs`, one for each plane.
 */
export function doubleEnergyMeter(whole: Cascade, stepwise: Cascade) {
  const pair = layOut([whole, stepwise], [true, false])
  const state = new Float64Array(2 * stateLength)
  return (
    planes: readonly Float32Array[],
    step: number,
    totals: Float64Array,
    outs: readonly Float64Array[],
  ): void => {
    const own = planes.length === 1 ? state.subarray(0, stateLength) : state
    run(pair, own, planes[0]!, planes.at(-1)!, step, (group, at) => {
      for (let channel = 0; channel < planes.length; channel++) {
        totals[channel] = doubles[at + 2 * channel]!
        outs[channel]![group] = doubles[at + 2 * channel + 1]!
      }
    })
  }
}

/** Two filters over one plane, with one look at the sound: the sums of every `step` samples of each. */
export function pairEnergyMeter(one: Cascade, other: Cascade) {
  const pair = layOut([one, other], [false, false])
  const state = new Float64Array(stateLength)
  return (plane: Float32Array, step: number, ofOne: Float64Array, ofOther: Float64Array): void => {
    run(pair, state, plane, plane, step, (group, at) => {
      ofOne[group] = doubles[at]!
      ofOther[group] = doubles[at + 1]!
    })
  }
}

/** A filter for each lane, as the kernels read them. A lane may go on adding from group to group. */
function layOut(lanes: readonly [Cascade, Cascade], goesOn: readonly [boolean, boolean]): Float64Array {
  const values = lanes.map(([{ b0, b1, b2, a1, a2 }, second]) => [
    ...[b0, b1, b2, a1, a2],
    ...[second.b0, second.b1, second.b2, second.a1, second.a2],
  ])
  const pair = new Float64Array(filterLength)
  values.forEach((lane, which) => lane.forEach((value, i) => (pair[2 * i + which] = value)))
  const masks = new BigInt64Array(pair.buffer)
  goesOn.forEach((on, which) => (masks[filterLength - 2 + which] = on ? -1n : 0n))
  return pair
}

/** Shows each group's sums, as an index of `doubles`; a state of two pairs runs one over each plane. */
function run(
  pair: Float64Array,
  state: Float64Array,
  left: Float32Array,
  right: Float32Array,
  step: number,
  show: (group: number, at: number) => void,
): void {
  const isTwice = state.length > stateLength
  const kernel = isTwice ? kernels.energiesTwice : kernels.energies
  const stateAt = place.parameters + 8 * filterLength
  const outLanes = isTwice ? 4 : 2
  const groups = groupsAtOnce(step)
  for (let first = stateLength - 2; first < state.length; first += stateLength)
    state.fill(0, first, first + 2)
  putDoubles(pair, place.parameters)
  putDoubles(state, stateAt)
  for (let start = 0, group = 0; start < left.length; start += groups * step, group += groups) {
    const end = Math.min(start + groups * step, left.length)
    put(left.subarray(start, end), place.left)
    if (right !== left) put(right.subarray(start, end), place.right)
    const rightAt = right === left ? place.left : place.right
    kernel(place.left, rightAt, end - start, step, place.parameters, stateAt, place.out)
    for (let i = 0; i * step < end - start; i++) show(group + i, place.out / 8 + outLanes * i)
  }
  state.set(doubles.subarray(stateAt / 8, stateAt / 8 + state.length))
  for (let lanes = 0; lanes < state.length; lanes += stateLength) forgetSilence(state, lanes)
}

/** Where both stages' memories are next to nothing. */
function forgetSilence(state: Float64Array, lanes: number): void {
  for (let at = lanes; at < lanes + 2; at++)
    if (Math.abs(state[at]!) < negligible && Math.abs(state[at + 4]!) < negligible)
      for (let value = 0; value < 4; value++) state[at + 2 * value] = 0
}
