/**
 * Words whose times cannot be: a recogniser that loses its way gives a word a start or an end far from where it was
 * said. Hides how they are told from words that are only listed in another order.
 */
import type { ReportedWord } from './words.ts'

/** No word is as long, and no two neighbours are as far out of order. */
const wildSeconds = 10
/** When more are out of order than these, it is the list that is in another order, speaker by speaker perhaps. */
const fewWild = { most: 3, share: 0.01 }

/**
 * Takes the start and the end from words that are far out of order, and the end from those that are too long to be
 * words.
 */
export function withoutWildTimes(words: readonly ReportedWord[]): ReportedWord[] {
  const trusted = words.filter(isSane)
  const risen = new Set(longestRise(trusted))
  const wild = trusted.filter((word) => !risen.has(word))
  const isOtherOrder = wild.length > Math.max(fewWild.most, fewWild.share * trusted.length)
  const anchors = words.map((word) =>
    (isOtherOrder ? isSane(word) : risen.has(word)) ? word.start : undefined,
  )
  const before = runningLast(anchors)
  const after = runningLast(anchors.toReversed()).reverse()
  return words.map((word, i) => {
    const { start, end } = word
    if (start === undefined || anchors[i] !== undefined) return word
    const reach = isSane(word) ? wildSeconds : 0
    if (!isOtherOrder && (start < (before[i] ?? -Infinity) - reach || start > (after[i] ?? Infinity) + reach))
      return { ...word, start: undefined, end: undefined }
    return isSane(word) || end === undefined ? word : { ...word, end: undefined }
  })
}

const isSane = ({ start, end }: ReportedWord): boolean =>
  start !== undefined && end !== undefined && end - start <= wildSeconds && end >= start - wildSeconds / 20

/** The last value there was, at each place. */
function runningLast(values: readonly (number | undefined)[]): (number | undefined)[] {
  let last: number | undefined
  return values.map((value) => (last = value ?? last))
}

/** The most words of which none starts before the one above it (patience sorting). */
function longestRise(words: readonly ReportedWord[]): ReportedWord[] {
  const tops: number[] = [] // of the piles, as places in the list
  const below = words.map(({ start }, i) => {
    let [low, high] = [0, tops.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (words[tops[middle]!]!.start! <= start!) low = middle + 1
      else high = middle
    }
    tops[low] = i
    return low === 0 ? undefined : tops[low - 1]
  })
  const rise: ReportedWord[] = []
  for (let at = tops.at(-1); at !== undefined; at = below[at]) rise.push(words[at]!)
  return rise.reverse()
}
