/** Finds what somebody meant who wrote a name almost right. */

/** Names are compared so far: none is longer. */
const longestName = 60

/** The name that is written most like `wanted`; undefined when none is like it at all. */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  const distances = names.map((name) => ({
    name,
    distance: distanceBetween(name.toLowerCase(), wanted.toLowerCase()),
  }))
  const [best] = distances.toSorted((a, b) => a.distance - b.distance)
  return best && best.distance <= mostSlips(wanted) ? best.name : undefined
}

/** In a short word two are another word. */
const mostSlips = ({ length }: string): number =>
  length < 5 ? Math.min(1, length - 1) : Math.max(2, length / 3)

/**
 * How many letters must be put in, left out, changed, or swapped with the next (Damerau and Levenshtein, none swapped
 * twice); `b` is cut where no name is so long.
 */
function distanceBetween(a: string, b: string): number {
  const target = b.slice(0, longestName)
  let before: number[] = []
  let row = Array.from({ length: target.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= target.length; j++) {
      const isSwap = a[i - 1] === target[j - 2] && a[i - 2] === target[j - 1]
      next[j] = Math.min(
        next[j - 1]! + 1,
        row[j]! + 1,
        row[j - 1]! + (a[i - 1] === target[j - 1] ? 0 : 1),
        isSwap ? before[j - 2]! + 1 : Infinity,
      )
    }
    before = row
    row = next
  }
  return row[target.length]!
}
