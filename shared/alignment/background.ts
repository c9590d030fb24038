/**
 * What is background in a recording, told by its levels alone. Hides how floor and speech are found, what steady noise
 * and music change about the line between them, what is made of muted pauses, and how a gate is noticed: behind speech
 * it lets the background through for a moment, which is far louder than what is left when it has closed.
 */
const { abs, max, min } = Math

/** What is background in a recording, by its level. */
export interface Background {
  /** Levels at or under this, in hundredths of a dB, are background. */
  readonly quietBelow: number
  /** Noise or music goes on under the speech: the level tells less, and what is quiet is a pause all the more. */
  readonly isNoisy: boolean
}

/** Of the levels, what floor and speech are read from, and where between them the line is drawn. */
const floorShare = 0.1
const speechShare = 0.95
const lineShare = 0.3
/** Noise that keeps its level needs less: this far from its lowest to its floor, music has five decibels. */
const steadyLineShare = 0.15
const lowestShare = 0.02
const steady = 200
const leastMargin = 300
const mostMargin = 1200
/** Speech this far above its background stands in the clear. */
const clearRange = 3000
/** Digital silence says nothing of the background. */
const silent = -9000
/** Where pauses are muted, little but speech is left, and its softest would pass for the floor: that is so far below. */
const mutedRange = 4000

/** `levels`: by 10 ms, in hundredths of a dBFS. */
export function backgroundOf(levels: Int16Array): Background {
  const sorted = levels.filter((level) => level > silent).sort()
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? silent
  const speech = at(speechShare)
  const floor = floorBehind(pausesIn(levels, speech - pauseBelow), at(floorShare), speech)
  const isNoisy = speech - floor < clearRange
  const share = isNoisy && floor - at(lowestShare) < steady ? steadyLineShare : lineShare
  const margin = max(leastMargin, min(mostMargin, share * (speech - floor)))
  return { quietBelow: floor + margin, isNoisy }
}

/** Under speech by so much somebody pauses, and in so many frames a gate that holds for 250 ms has closed. */
const pauseBelow = 2000
const fewestPauseFrames = 35

/** The levels of each pause behind speech. */
function pausesIn(levels: Int16Array, quietest: number): Int16Array[] {
  const pauses: Int16Array[] = []
  for (let first = 0, frame = 0; frame <= levels.length; frame++) {
    if (frame < levels.length && levels[frame]! <= quietest) continue
    if (first > 0 && frame - first >= fewestPauseFrames) pauses.push(levels.subarray(first, frame))
    first = frame + 1
  }
  return pauses
}

/** Some words end as a gate closes, in a long "s": so many pauses at least, and half of all, show what is done to all. */
const fewestAlike = 8
const shareAlike = 0.5

/** The floor of speech with these pauses: `lowest`, the lowest of its levels, unless its pauses were made quieter. */
function floorBehind(pauses: readonly Int16Array[], lowest: number, speech: number): number {
  const showAll = (count: number) => count >= max(fewestAlike, shareAlike * pauses.length)
  const holds = pauses.map(holdIn).filter((hold) => hold !== undefined)
  if (showAll(holds.length)) return holds.sort((a, b) => a - b)[holds.length >> 1]!
  if (showAll(pauses.filter(isMuted).length)) return min(lowest, max(silent, speech - mutedRange))
  return lowest
}

/**
 * A gate holds what it lets through: in two halves of so many frames (hum swings within one) the lowest levels are this
 * near; then it closes by at least so much in so many frames. An echo does not do both: it falls as fast first as last.
 */
const halfHoldFrames = 5
const mostOfHold = 300
const closingFrames = 10
const leastOfClosing = 1000

/** The lowest level of the first hold in a pause behind which the level falls as a gate closes. */
function holdIn(pause: Int16Array): number | undefined {
  const lowest = (from: number, to: number) => pause.subarray(from, to).reduce((a, b) => min(a, b))
  for (let at = halfHoldFrames; at + halfHoldFrames + closingFrames <= pause.length; at++) {
    const end = at + halfHoldFrames
    const hold = lowest(at, end)
    if (abs(lowest(at - halfHoldFrames, at) - hold) > mostOfHold) continue
    if (hold - lowest(end, end + closingFrames) >= leastOfClosing) return hold
  }
  return undefined
}

const isMuted = (pause: Int16Array): boolean =>
  2 * pause.filter((level) => level <= silent).length > pause.length
