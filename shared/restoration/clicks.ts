/**
 * Clicks of a few milliseconds: found while the sound is looked at, as a roughness that comes and goes at once. Hides what
 * tells a click from a plosive.
 */
import { quantile, type Run } from './series.ts'
import { fromNext, sliding } from './sliding.ts'

/** Both ends in samples from the recording's beginning. */
export interface Click {
  readonly start: number
  readonly end: number
  /** How far it stands over what is around. */
  readonly ratio: number
}

/** Clicks within speech must stand out further than those in pauses: voices are rough by themselves. */
export const leastRatios = { pauses: 15, speech: 16, nearSpeech: 24 } as const

const cellSeconds = 0.00025
/** Everything else in cells. A look is worth its medians where three cells are that far over the means beside them. */
const worthALook = 3
const besideFrom = 8
const besideTo = 40
/** What the medians are taken of: around, and on either side further out, which count a little less. */
const medianRadius = 40
const sideRadius = 20
const sideOffset = 32
const sideShare = 0.8
const joinedCells = 6
const longestCells = 22
/** Before and after a click it is calm: there it has sunk to this share. */
const calm = { from: 3, to: 14, share: 0.2 } as const
const reach = 80
/** What clicks more often than anything does is left alone. */
const mostClicks = 100_000

/** Finds clicks in sound that comes in pieces, from sample `start` of the recording on. */
export function clickMeter(sampleRate: number, start = 0) {
  const cell = Math.max(2, Math.round(cellSeconds * sampleRate))
  const found: Click[] = []
  const held = sliding(2)
  const heldCells = sliding()
  const fromCell = fromNext(cell, start)
  let first = Math.ceil(start / cell) // the number of the first cell that is held
  let next = first + reach
  let sums = new Float64Array(0)

  const look = (cells: Float32Array): void => {
    if (sums.length <= cells.length) sums = new Float64Array(2 * cells.length)
    for (let i = 0; i < cells.length; i++) sums[i + 1] = sums[i]! + cells[i]!
    const to = first + cells.length - reach
    for (; next < to; next++) {
      if (!isWorthALook(cells, sums, next - first)) continue
      const click = clickFrom(cells, sums, next - first)
      if (!click) continue
      if (click.isClick && found.length < mostClicks) {
        const start = Math.max(0, first + click.from - 1) * cell
        found.push({ start, end: (first + click.to + 1) * cell, ratio: click.ratio })
      }
      next = first + click.to
    }
  }
  const add = (sound: Float32Array): void => {
    const rough = roughnessOf(held.append(fromCell(sound)), cell)
    held.forgetFirst(rough.length * cell)
    look(heldCells.append(rough))
    const done = Math.max(0, next - reach - first)
    heldCells.forgetFirst(done)
    first += done
  }
  return { add, finish: (): readonly Click[] => found }
}

/** The RMS of the second difference in every cell. The first two samples are those before. */
function roughnessOf(sound: Float32Array, cell: number): Float32Array {
  const rough = new Float32Array(Math.max(0, Math.floor((sound.length - 2) / cell)))
  for (let i = 0; i < rough.length; i++) {
    let sum = 0
    for (let j = i * cell + 2; j < (i + 1) * cell + 2; j++) {
      const bend = sound[j]! - 2 * sound[j - 1]! + sound[j - 2]!
      sum += bend * bend
    }
    rough[i] = Math.sqrt(sum / cell) + 1e-7
  }
  return rough
}

/** Whether three cells are far enough over the means beside them; most are not. */
function isWorthALook(cells: Float32Array, sums: Float64Array, at: number): boolean {
  const three = cells[at - 1]! + cells[at]! + cells[at + 1]!
  const before = sums[at - besideFrom]! - sums[at - besideTo]!
  const after = sums[at + besideTo]! - sums[at + besideFrom]!
  return three * (besideTo - besideFrom) >= 3 * worthALook * Math.min(before, after)
}

/** What begins at a cell, if anything does. */
function clickFrom(cells: Float32Array, sums: Float64Array, at: number) {
  const threeAt = (i: number) => (cells[i - 1]! + cells[i]! + cells[i + 1]!) / 3
  const meanOf = (from: number, to: number) => (sums[to]! - sums[from]!) / (to - from)
  const over = (i: number): number => {
    const three = threeAt(i)
    return isWorthALook(cells, sums, i) && mayStandOut(cells, i, three) ? three / backgroundAt(cells, i) : 0
  }
  let ratio = over(at)
  if (ratio < leastRatios.pauses) return undefined
  let [from, to] = [at, at + 1]
  for (let i = to; i < to + joinedCells && i < at + reach / 2; i++) {
    const more = over(i)
    if (more < leastRatios.pauses) continue
    ratio = Math.max(ratio, more)
    to = i + 1
  }
  let peak = 0
  for (let i = from; i < to; i++) peak = Math.max(peak, threeAt(i))
  const [low, high] = [backgroundAt(cells, from), backgroundAt(cells, to - 1)]
  const end = to
  while (from > at - longestCells && threeAt(from - 1) > Math.max(2 * low, 0.02 * peak)) from--
  while (to < end + longestCells && threeAt(to) > Math.max(1.6 * high, 0.02 * peak)) to++
  const beside = Math.max(meanOf(from - calm.to, from - calm.from), meanOf(to + calm.from, to + calm.to))
  return { from, to, ratio, isClick: to - from <= longestCells && beside <= calm.share * peak }
}

/** Whether it is far enough over the median around: counted, which is cheaper than the median. */
function mayStandOut(cells: Float32Array, at: number, level: number): boolean {
  const most = level / leastRatios.pauses
  let over = 0
  for (let i = Math.max(0, at - medianRadius); i <= at + medianRadius; i++) over += cells[i]! > most ? 1 : 0
  return over <= medianRadius
}

function backgroundAt(cells: Float32Array, at: number): number {
  const median = (middle: number, radius: number) =>
    quantile(cells.subarray(Math.max(0, middle - radius), middle + radius + 1), 0.5)
  const sides = Math.max(median(at - sideOffset, sideRadius), median(at + sideOffset, sideRadius))
  return Math.max(median(at, medianRadius), sideShare * sides)
}

/** Clicks closer than this are one group; a group of more is something else, and stays. */
const groupSeconds = 0.03
const mostInGroup = 20

/** Those that are to be repaired. `calmAround(run)`: how many steps of 10 ms on either side are without speech, 0 to 4. */
export function clicksToRepair(
  clicks: readonly Click[],
  where: 'pauses' | 'all' | 'off',
  sampleRate: number,
  calmAround: (run: Run) => number,
): Click[] {
  if (where === 'off') return []
  const groups: Click[][] = []
  for (const click of clicks) {
    const calm = calmAround({ from: click.start, to: click.end })
    const isInPause = calm > 3 || (calm > 1 && click.ratio > leastRatios.nearSpeech)
    if (!isInPause && (where === 'pauses' || click.ratio < leastRatios.speech)) continue
    const last = groups.at(-1)
    if (last && click.start - last.at(-1)!.end < groupSeconds * sampleRate) last.push(click)
    else groups.push([click])
  }
  return groups.filter(({ length }) => length <= mostInGroup).flat()
}
