/**
 * Places a text in the recording in which it was said: every word to 10 ms, and what was said that the text lacks. What
 * the text's phones sound like is learned from the recording itself, which anybody's voice and microphone may have
 * made. Hides the rounds of learning, and how the windows of a long recording are placed apart, in any number of
 * processes, with the same result.
 */
import { backgroundOf } from './background.ts'
import { bestPath } from './best-path.ts'
import { nearer, nearnessOf, type FoundAt, type Nearness } from './nearness.ts'
import { statesOf, wordBehind, type Passage, type States } from './passages.ts'
import {
  emissionOf,
  hear,
  learnPhones,
  likelihoodsOf,
  nothingHeard,
  partsOfPhone,
  pauseEmission,
  untoldEmission,
  type Heard,
  type Likelihoods,
  type PhoneModels,
} from './phone-models.ts'
import { even, eveningOf, readRows, type Evening, type Rows, type Sound } from './speech-rows.ts'
import { endOf, framesPerSecond, passagesIn, startOf, windowsOf, type Told, type Window } from './windows.ts'

const { ceil, floor, max, min } = Math

/** What is learned of a recording once, for all its windows; it can be stored. */
export interface Learned {
  readonly evening: Evening
  readonly models: PhoneModels
  readonly nearness: Nearness
}

/** A word where it was found, in frames; null where its passage was not. */
export type PlacedWord = { readonly start: number; readonly end: number } | null

export interface PlacedPassage {
  readonly words: readonly PlacedWord[]
  /** The mean of what its frames are less likely than by any phone, as a logarithm: 0 at best; null where not found. */
  readonly fit: number | null
  /** Which sound was found before it that no word explains. */
  readonly untold: readonly UntoldSound[]
  /** What its words were found in: no word explains that either, should it not fit. */
  readonly under: readonly UntoldSound[]
}

/** Sound that no word explains, in frames; of which so many are loud. */
export interface UntoldSound {
  readonly start: number
  readonly end: number
  readonly loud: number
}

/** How often fitting and learning alternate. */
const rounds = 4
/** What is learned from at most, in pieces of so much. */
const mostSecondsToLearn = 480
const secondsOfLesson = 60
/** So many passages to either side are placed with a window's own, so that these are where they would be without it. */
const contextPassages = 2
/** Before the first passage and behind the last, a sentence may be said that the text lacks: so far from their place. */
const framesBeyond = 3000
/** A shorter sound is more often a badly said phone: four in five of those that nobody made are shorter. */
const leastLoudFrames = 25

/** The sound of some passages with their states. */
interface Lesson {
  readonly rows: Rows
  readonly states: States
  readonly passages: readonly Passage[]
}

/** The passages' sound, and so many frames of what lies `before` and `behind` them. */
async function open(
  sound: Sound,
  passages: readonly Passage[],
  { before, behind } = { before: 0, behind: 0 },
): Promise<Lesson> {
  const from = max(0, floor(startOf(passages[0]!)) - before)
  const to = min(sound.frames, ceil(endOf(passages.at(-1)!)) + 1 + behind)
  const rows = await readRows(
    sound,
    backgroundOf(sound.levels),
    min(from, sound.frames - 1),
    max(to, from + 1),
  )
  return { rows, states: statesOf(passages), passages }
}

/**
 * Learns a recording's phones: from all of it, or from pieces evenly spread over it; from `start`, where something is
 * known of them before.
 */
export async function learnFrom(
  sound: Sound,
  told: Told,
  signal: AbortSignal,
  start?: PhoneModels,
): Promise<Learned> {
  const { isNoisy } = backgroundOf(sound.levels)
  const pieces = windowsOf(told, secondsOfLesson)
  const stride = max(1, ceil((pieces.length * secondsOfLesson) / mostSecondsToLearn))
  const lessons: Lesson[] = []
  for (let i = 0; i < pieces.length; i += stride)
    lessons.push(await open(sound, passagesIn(told, pieces[i]!)))
  const evening = eveningOf(lessons.map(({ rows }) => rows))
  for (const { rows } of lessons) even(rows, evening)
  const found: FoundAt[] = []
  let heard = nothingHeard(told.phones)
  if (!start) for (const lesson of lessons) hearAsTold(heard, lesson)
  for (let round = 0; round < rounds; round++) {
    const models = round === 0 && start ? start : learnPhones(heard, isNoisy)
    heard = nothingHeard(told.phones)
    for (const lesson of lessons) {
      const { rows, states } = lesson
      const path = await bestPath(states, rows.first, await likelihoodsOf(models, rows, signal), signal)
      if (round === rounds - 1) found.push(...wordsIn(lesson, path).map(spanOf))
      hearPauses(heard, rows)
      for (let frame = 0; frame < rows.frames; frame++) {
        const state = path[frame]!
        if (states.wordOf[state]! < 0) continue
        hear(heard, states.emissions[state]!, rows, frame)
        if (state !== path[frame - 1]) heard.runs[states.emissions[state]!]!++
      }
    }
  }
  const learned = lessons.flatMap(({ passages }) => passages)
  return { evening, models: learnPhones(heard, isNoisy), nearness: nearnessOf(learned, found) }
}

/** How a recording is evened of which nobody knows yet where its text is. */
export async function eveningOfAll(sound: Sound, signal: AbortSignal): Promise<Evening> {
  const lesson = secondsOfLesson * framesPerSecond
  const stride = lesson * max(1, ceil(sound.frames / (mostSecondsToLearn * framesPerSecond)))
  const pieces: Rows[] = []
  for (let from = 0; from < sound.frames; from += stride) {
    pieces.push(await readRows(sound, backgroundOf(sound.levels), from, from + lesson))
    signal.throwIfAborted()
  }
  return eveningOf(pieces)
}

function hearPauses(heard: Heard, rows: Rows): void {
  for (let frame = 0; frame < rows.frames; frame++)
    if (rows.quiet[frame]) hear(heard, pauseEmission, rows, frame)
}

/** The first estimate: each part of a phone has an even share of what is loud where its passage is said to be. */
function hearAsTold(heard: Heard, { rows, passages }: Lesson): void {
  hearPauses(heard, rows)
  for (const passage of passages) {
    const parts = passage.flatMap(({ phones }) =>
      phones.flatMap((phone) => Array.from({ length: partsOfPhone }, (_, part) => emissionOf(phone, part))),
    )
    const loud: number[] = []
    const [from, to] = [startOf(passage) + slackFrames, endOf(passage) - slackFrames]
    for (let frame = max(0, ceil(from) - rows.first); frame < min(rows.frames, to - rows.first); frame++)
      if (!rows.quiet[frame]) loud.push(frame)
    loud.forEach((frame, i) => hear(heard, parts[floor((i * parts.length) / loud.length)]!, rows, frame))
  }
}

/** A passage is looked for so far before and behind where it is said to be. */
export const slackFrames = 60

/** Places a window's passages, with what was learned. */
export async function placeWindow(
  sound: Sound,
  told: Told,
  { evening, models, nearness }: Learned,
  { first, end }: Window,
  signal: AbortSignal,
): Promise<PlacedPassage[]> {
  const context = {
    first: max(0, first - contextPassages),
    end: min(told.passages.length, end + contextPassages),
  }
  const beyond = {
    before: first === 0 ? framesBeyond : 0,
    behind: end === told.passages.length ? framesBeyond : 0,
  }
  const lesson = await open(sound, nearer(passagesIn(told, context), nearness), beyond)
  const { rows, states } = lesson
  even(rows, evening)
  const likelihoods = await likelihoodsOf(models, rows, signal)
  const path = await bestPath(states, rows.first, likelihoods, signal)
  const found = foundIn(lesson, path, likelihoods)
  return found.slice(first - context.first, end - context.first)
}

/** Where each passage's words are. */
function wordsIn({ rows, states: { wordOf }, passages }: Lesson, path: Int32Array): PlacedWord[][] {
  const words: { start: number; end: number }[] = []
  path.forEach((state, i) => {
    const word = wordOf[state]!
    const frame = rows.first + i
    if (word >= 0) words[word] = { start: words[word]?.start ?? frame, end: frame + 1 }
  })
  let next = 0
  return passages.map((passage) => passage.map(() => words[next++] ?? null))
}

/** From its first word to its last. */
function spanOf(words: readonly PlacedWord[]): FoundAt {
  const [first, last] = [words[0], words.at(-1)]
  return first && last ? { start: first.start, end: last.end } : null
}

function foundIn(
  lesson: Lesson,
  path: Int32Array,
  { values, emissions: perFrame, best }: Likelihoods,
): PlacedPassage[] {
  const { wordOf, emissions, firstOf } = lesson.states
  const { first, quiet } = lesson.rows
  const words = wordsIn(lesson, path)
  const misfit = new Float64Array(firstOf.length - 1)
  const untold = new Map<number, { start: number; end: number; loud: number }[]>()
  for (let frame = 0; frame < path.length; frame++) {
    const state = path[frame]!
    const word = wordOf[state]!
    if (word >= 0) {
      misfit[word]! += values[frame * perFrame + emissions[state]!]! - best[frame]!
    } else if (emissions[state] === untoldEmission) {
      const before = wordBehind(firstOf, state)
      const spans = untold.get(before) ?? []
      untold.set(before, spans)
      let span = spans.at(-1)
      if (span?.end !== first + frame)
        spans.push((span = { start: first + frame, end: first + frame, loud: 0 }))
      span.end++
      if (!quiet[frame]) span.loud++
    }
  }
  let at = 0
  return words.map((own) => {
    const frames = own.reduce((sum, word) => sum + (word ? word.end - word.start : 0), 0)
    const wrong = misfit.subarray(at, at + own.length).reduce((sum, value) => sum + value, 0)
    const sounds = own.flatMap((_, i) => untold.get(at + i) ?? [])
    at += own.length
    if (at === misfit.length) sounds.push(...(untold.get(at) ?? []))
    return {
      words: own,
      fit: frames === 0 ? null : wrong / frames,
      untold: sounds.filter(({ loud }) => loud >= leastLoudFrames),
      under: soundUnder(own, lesson.rows),
    }
  })
}

/** The runs of words without a pause between them. */
function soundUnder(words: readonly PlacedWord[], { first, quiet }: Rows): UntoldSound[] {
  const runs: { start: number; end: number }[] = []
  for (const word of words) {
    if (!word) continue
    const last = runs.at(-1)
    if (last && word.start <= last.end) last.end = word.end
    else runs.push({ ...word })
  }
  return runs.map(({ start, end }) => {
    let loud = 0
    for (let frame = start; frame < end; frame++) if (!quiet[frame - first]) loud++
    return { start, end, loud }
  })
}
