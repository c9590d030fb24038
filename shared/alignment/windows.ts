/**
 * How a long text is divided into windows that are placed apart, and when a text's words are looked for in so much sound
 * that this would have no end. Pure.
 */
import { gapStates, type Passage } from './passages.ts'
import { partsOfPhone } from './phone-models.ts'

export const framesPerSecond = 100

/** A text as it is placed: its passages, and how many phones they have between them. */
export interface Told {
  readonly passages: readonly Passage[]
  readonly phones: number
}

/** Passages that are placed together: those from `first` up to `end`. */
export interface Window {
  readonly first: number
  readonly end: number
}

/** A window holds about so much. */
const secondsOfWindow = 180

/** Windows of a few minutes, divided where the text leaves the most time. */
export const windowsOf = (told: Told, seconds = secondsOfWindow): Window[] => {
  const windows: Window[] = []
  const { passages } = told
  for (let first = 0; first < passages.length;) {
    const end = endOfWindow(passages, first, seconds * framesPerSecond)
    windows.push({ first, end })
    first = end
  }
  return windows
}

/** The widest gap between two thirds and four thirds of a window's length. */
function endOfWindow(passages: readonly Passage[], first: number, frames: number): number {
  const began = startOf(passages[first]!)
  let best = first + 1
  let widest = -Infinity
  for (let i = first + 1; i < passages.length; i++) {
    const length = endOf(passages[i - 1]!) - began
    if (length > (4 / 3) * frames) return best
    const gap = startOf(passages[i]!) - endOf(passages[i - 1]!)
    if (length < (2 / 3) * frames) best = i + 1
    else if (gap > widest) [best, widest] = [i, gap]
  }
  return passages.length
}

/** Steps of the search through one window: an ordinary one takes a fiftieth. */
const mostSteps = 400_000_000

/** Whether its words are looked for in so much sound each that the search would have no end: one caption of an hour. */
export const isTooWide = (told: Told): boolean =>
  windowsOf(told).some(({ first, end }) => {
    const words = told.passages.slice(first, end).flat()
    const steps = words.reduce(
      (sum, { phones, from, to }) => sum + (to - from) * (phones.length * partsOfPhone + gapStates),
      0,
    )
    return steps > mostSteps
  })

export const startOf = (passage: Passage): number => passage[0]!.from
export const endOf = (passage: Passage): number => passage.at(-1)!.to

export const passagesIn = ({ passages }: Told, { first, end }: Window): Passage[] =>
  passages.slice(first, end)
