/** Arithmetic on series of values at even steps in time: runs, quantiles, means, minima and bells. */

/** A growing series of numbers, in four bytes each. */
export function growingSeries() {
  let values = new Float32Array(4096)
  let length = 0
  return {
    push: (value: number): void => {
      if (length === values.length) {
        const larger = new Float32Array(2 * length)
        larger.set(values)
        values = larger
      }
      values[length++] = value
    },
    values: (): Float32Array => values.slice(0, length),
  }
}

export const toDb = (power: number): number => 10 * Math.log10(Math.max(power, 1e-20))
export const toPower = (db: number): number => 10 ** (db / 10)

/** The value under which `share` (0…1) of the series lies; straight between two. NaN of nothing. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const { length } = values
  const some = values instanceof Float32Array ? values.slice() : Float64Array.from(values)
  const place = share * (length - 1)
  const left = Math.floor(place)
  const low = length > longestSelected ? some.sort()[left] : select(some, left)
  if (low === undefined) return NaN
  let next = Infinity
  for (let i = left + 1; i < length; i++) next = Math.min(next, some[i]!)
  return left + 1 < length ? low + (place - left) * (next - low) : low
}

/** Longer ones are sorted, which takes about as long whatever they hold. */
const longestSelected = 1024

/** The value at a place when all are sorted; then none before it is larger, none behind it smaller (Hoare, 1961). */
function select(values: Float32Array | Float64Array, place: number): number | undefined {
  let [from, to] = [0, values.length - 1]
  while (from < to) {
    const pivot = values[(from + to) >> 1]!
    let [i, j] = [from, to]
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const value = values[i]!
      values[i++] = values[j]!
      values[j--] = value
    }
    if (place <= j) to = j
    else if (place >= i) from = i
    else break
  }
  return values[place]
}

export interface Run {
  readonly from: number
  /** The first one that is not in it any more. */
  readonly to: number
}

/** Where flags are set on end. */
export function runsOf(flags: Uint8Array): Run[] {
  const runs: Run[] = []
  for (let i = 0; i < flags.length; i++) {
    if (!flags[i]) continue
    let to = i + 1
    while (to < flags.length && flags[to]) to++
    runs.push({ from: i, to })
    i = to
  }
  return runs
}

/** Where they are not set on end. */
export const gapsOf = (flags: Uint8Array): Run[] => runsOf(flags.map((flag) => 1 - flag))

export const clearShortRuns = (flags: Uint8Array, least: number): void =>
  runsOf(flags).forEach(({ from, to }) => to - from < least && flags.fill(0, from, to))

/** Runs that begin earlier and end later. */
export function widened(flags: Uint8Array, before: number, after: number): Uint8Array {
  const wide = new Uint8Array(flags.length)
  for (const { from, to } of runsOf(flags))
    wide.fill(1, Math.max(0, from - before), Math.min(flags.length, to + after))
  return wide
}

/** Means over `2 · radius + 1` values, as far as there are any. */
export function movingMean(values: ArrayLike<number>, radius: number): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!
  const means = new Float64Array(values.length)
  for (let i = 0; i < means.length; i++) {
    const from = Math.max(0, i - radius)
    const to = Math.min(means.length, i + radius + 1)
    means[i] = (sums[to]! - sums[from]!) / (to - from)
  }
  return means
}

/** Maxima over `2 · radius + 1` values, as far as there are any. */
export function movingMaximum(values: ArrayLike<number>, radius: number): Float64Array {
  const out = new Float64Array(values.length)
  const queue = new Int32Array(values.length) // of falling values, by place
  let [head, tail] = [0, 0]
  for (let i = 0, next = 0; i < values.length; i++) {
    for (; next < values.length && next <= i + radius; next++) {
      while (tail > head && values[queue[tail - 1]!]! <= values[next]!) tail--
      queue[tail++] = next
    }
    while (queue[head]! < i - radius) head++
    out[i] = values[queue[head]!]!
  }
  return out
}

export function movingMinimum(values: ArrayLike<number>, radius: number): Float64Array {
  const turned = new Float64Array(values.length)
  for (let i = 0; i < turned.length; i++) turned[i] = -values[i]!
  return movingMaximum(turned, radius).map((value) => -value)
}

/** Smoothed by a bell of `sigma` steps; the ends go on as they are. */
export function smoothed(values: ArrayLike<number>, sigma: number): Float64Array {
  const radius = Math.ceil(4 * sigma)
  const bell = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  )
  const total = bell.reduce((sum, value) => sum + value, 0)
  return Float64Array.from({ length: values.length }, (_, i) => {
    let sum = 0
    for (let k = 0; k < bell.length; k++)
      sum += bell[k]! * values[Math.max(0, Math.min(values.length - 1, i + k - radius))]!
    return sum / total
  })
}
