/**
 * Finds where each word of a transcript really begins and ends in the sound. Speech recognisers are 50 to 150
 * ms off, which is as long as a filler word. But a recording in which a thousand words stand about where they
 * are said teaches what each acoustic unit sounds like in it, and that tells where each word must be. Hides
 * the rounds of this learning, and how a recogniser's constant lag is told from its random errors.
 */
import { frameSamples, type Analysis } from '../audio/analysis.ts'
import type { Listen } from './listen.ts'
import { extractAll, type Features } from './features.ts'
import {
  learn,
  unitCount,
  pause,
  tally,
  type UnitInventory,
  type LetterModels,
  type Tally,
} from './acoustic-model.ts'
import { fit, layOut, wordsIn, type FoundWord, type Trellis } from './forced-alignment.ts'
import { listeningSpans } from './listening-spans.ts'
import { checkTiming } from '../words/timing.ts'
import type { Transcript, Word } from '../words/words.ts'

/** A word, and what is known of its edges when they were looked for in the sound; in samples. */
export interface AlignedWord extends Word {
  readonly edges?: {
    /** How far from where it was reported. */
    readonly startMoved: number
    readonly endMoved: number
    /** Standard deviations: how sure the edges are. */
    readonly startDoubt: number
    readonly endDoubt: number
    /** Both are no further from where they were reported than this recogniser errs. */
    readonly isCredible: boolean
  }
}

export interface AlignedTranscript extends Transcript {
  readonly words: readonly AlignedWord[]
}

/** Which words are wanted, and which of them are no words but hesitations; as places in the list of words. */
export interface Wanted {
  readonly words: readonly number[]
  readonly hesitations: ReadonlySet<number>
}

/** With fewer words nothing can be learned. */
const fewestWords = 30
/**
 * How often fitting and learning alternate before the wanted words are fitted, and how much speech is learned
 * from at most: more of either changes nothing.
 */
const rounds = 4
const mostFramesToLearn = 180 * 100
/**
 * Standard deviation of reported edges: what is assumed of a recogniser that could not be checked, and the
 * least and most that is believed.
 */
const usualDeviationSeconds = 0.06
const leastDeviationSeconds = 0.02
const mostDeviationSeconds = 0.1
/** Nine in ten of normally distributed errors are less than so many standard deviations. */
const nineInTen = 1.645
/** Words that so many frames are between have a pause between them; so many edges beside one tell a lag. */
const pauseFrames = 8
const fewestEdges = 40
/** An edge found further from where it was expected is not that word's. */
const credibleDeviations = 2.2
/** So many spans are fitted before the event loop gets its turn. */
const fittedAtOnce = 8
/**
 * So many words are aligned at a time, with what was learned around them, so that a day of speech needs no
 * more memory than an hour.
 */
const learnedAtOnce = 400

/**
 * The transcript with the wanted words, and those beside them, at their times in the sound. It stays as it is
 * where the sound tells nothing: when there is no background, when there are too few words, and where the
 * words are not those that were said.
 */
export async function alignWords(
  transcript: Transcript,
  analysis: Analysis,
  wanted: Wanted,
  listen: Listen,
): Promise<AlignedTranscript> {
  const { words, exactTimes } = transcript
  if (!exactTimes || words.length < fewestWords || !Number.isFinite(analysis.quietBelowDb)) return transcript
  const deviation = deviationOf(transcript, analysis)
  const aligned: AlignedWord[] = [...words]
  const places = [...new Set(wanted.words)].sort((a, b) => a - b)
  for (let i = 0; i < places.length; i += learnedAtOnce) {
    const some = { ...wanted, words: places.slice(i, i + learnedAtOnce) }
    for (const [place, word] of await alignSome(words, analysis, some, deviation, listen))
      aligned[place] = word
  }
  return { ...transcript, words: inOrder(aligned) }
}

/**
 * By how much a recogniser is late throughout, in frames, and how much any edge errs besides: a standard
 * deviation.
 */
interface Habits {
  readonly lag: number
  readonly deviation: number
}

async function alignSome(
  words: readonly Word[],
  analysis: Analysis,
  wanted: Wanted,
  deviation: number,
  listen: Listen,
): Promise<Map<number, AlignedWord>> {
  const inventory: UnitInventory = new Map()
  const speakers = [...new Set(words.map(({ speaker }) => speaker))]
  const spans = listeningSpans(words, analysis, wanted.words)
  const features = await extractAll(
    spans,
    { words, speakers, hesitations: wanted.hesitations, analysis },
    inventory,
    listen,
  )
  const lessons = lessonsFrom(features)
  const newTally = () => tally(unitCount(inventory), speakers.length)
  let habits: Habits = { lag: 0, deviation }
  let taught = newTally()
  for (const one of lessons) teachAsReported(one, taught)
  for (let round = 1; round <= rounds; round++) {
    const models = learn(taught)
    taught = newTally()
    habits = habitsOf(await fitAll(lessons, models, habits, taught), deviation)
  }
  const placed = await fitAll(
    features.filter(({ span }) => span.isWanted),
    learn(taught),
    habits,
  )
  return new Map(placed.map((one) => [one.place, aligned(one, words[one.place]!, habits, analysis)]))
}

/** A part of the features, evenly chosen: enough to learn from. */
function lessonsFrom(features: readonly Features[]): Features[] {
  const frames = features.reduce((sum, { span }) => sum + span.frames, 0)
  const stride = Math.max(1, Math.floor(frames / mostFramesToLearn))
  return features.filter((_, i) => i % stride === 0)
}

/** Finds the words of spans that the models fit; what is found there is taught to `taught`. */
async function fitAll(
  features: readonly Features[],
  models: LetterModels,
  habits: Habits,
  taught?: Tally,
): Promise<Placed[]> {
  const placed: Placed[] = []
  for (const [i, one] of features.entries()) {
    if (i % fittedAtOnce === 0) await new Promise(setImmediate) // heartbeats go on
    const trellis = trellisOf(one, habits)
    const shares = fit(trellis, models, one.rows, one.speakers)
    if (!shares) continue
    if (taught) teach(one, trellis, shares, taught)
    placed.push(...placedIn(one, trellis, shares))
  }
  return placed
}

/**
 * The first estimate: background is pause, and each unit has an even part of its word where that was
 * reported.
 */
function teachAsReported(
  { span: { frames }, reported, rows, speakers, quiet }: Features,
  taught: Tally,
): void {
  for (let i = 0; i < frames; i++) if (quiet[i]) taught.add(speakers[i]!, pause, rows, i, 1)
  for (const { start, end, units } of reported) {
    const length = Math.max(end - start, 2)
    for (let i = Math.max(0, Math.ceil(start)); i < Math.min(frames, start + length); i++) {
      const unit = units[Math.floor(((i - start) / length) * units.length)]!
      if (!quiet[i]) taught.add(speakers[i]!, unit, rows, i, 1)
    }
  }
}

/** A share of a frame smaller than this teaches nothing. */
const leastShare = 0.01

/** In a gap, only background counts as pause. */
function teach(
  { rows, speakers, quiet }: Features,
  { frames, steps, units, wordOf }: Trellis,
  shares: Float64Array,
  taught: Tally,
): void {
  for (let i = 0, at = 0; i < frames; i++) {
    for (let step = 0; step < steps; step++, at++) {
      if (shares[at]! > leastShare && (wordOf[step]! >= 0 || quiet[i]))
        taught.add(speakers[i]!, units[step]!, rows, i, shares[at]!)
    }
  }
}

/** The span's words about where such a recogniser's words really are. */
function trellisOf(
  { span: { frames, opens, closes }, reported }: Features,
  { lag, deviation }: Habits,
): Trellis {
  const words = reported.map(({ start, end, units }) => ({ start: start - lag, end: end - lag, units }))
  return layOut({ words, frames, opens, closes, deviation })
}

/** A word where it was found, in frames of the recording, and by how much it was reported late. */
interface Placed extends FoundWord {
  readonly place: number
  readonly startLate: number
  readonly endLate: number
}

/** The words of a span where they were found, but those that it begins or ends inside of. */
function placedIn({ span, reported }: Features, trellis: Trellis, shares: Float64Array): Placed[] {
  const { first, firstFrame, opens, closes } = span
  return wordsIn(trellis, shares).flatMap((found, i) => {
    if ((opens && i === 0) || (closes && i === reported.length - 1)) return []
    const late = { startLate: reported[i]!.start - found.start, endLate: reported[i]!.end - found.end }
    return [
      { ...found, ...late, place: first + i, start: firstFrame + found.start, end: firstFrame + found.end },
    ]
  })
}

/**
 * Measured at the edges beside a pause, which cannot be mistaken: units that were learned a little too late
 * are also found a little too late.
 */
function habitsOf(placed: readonly Placed[], deviation: number): Habits {
  const isApart = (before: Placed | undefined, after: Placed | undefined) =>
    before !== undefined && after?.place === before.place + 1 && after.start - before.end >= pauseFrames
  const atPauses = placed.flatMap((one, i) => [
    ...(isApart(placed[i - 1], one) ? [one.startLate] : []),
    ...(isApart(one, placed[i + 1]) ? [one.endLate] : []),
  ])
  const late =
    atPauses.length >= fewestEdges
      ? atPauses
      : placed.flatMap(({ startLate, endLate }) => [startLate, endLate])
  return { lag: median(late), deviation }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

function aligned(
  { start, end, startLate, endLate, startDoubt, endDoubt }: Placed,
  word: Word,
  habits: Habits,
  { format }: Analysis,
): AlignedWord {
  const frame = frameSamples(format.sampleRate)
  const { lag, deviation } = habits
  return {
    ...word,
    startSample: Math.round(start * frame),
    endSample: Math.round(end * frame),
    edges: {
      startMoved: Math.round(-startLate * frame),
      endMoved: Math.round(-endLate * frame),
      startDoubt: startDoubt * frame,
      endDoubt: endDoubt * frame,
      isCredible:
        Math.max(Math.abs(startLate - lag), Math.abs(endLate - lag)) <= credibleDeviations * deviation,
    },
  }
}

/**
 * Removes overlaps: a word that was not found is shortened by neighbours that were, and an earlier found word
 * by the next, when two windows disagree.
 */
function inOrder(words: readonly AlignedWord[]): AlignedWord[] {
  let from = 0
  return words.map((word, i) => {
    const next = words[i + 1]?.edges ? words[i + 1]!.startSample : Infinity
    const startSample = Math.max(from, word.edges ? word.startSample : Math.min(word.startSample, next))
    const endSample = Math.max(startSample, Math.min(word.endSample, next))
    from = endSample
    return { ...word, startSample, endSample }
  })
}

/** By how much reported edges err, in frames: a standard deviation. */
function deviationOf(transcript: Transcript, analysis: Analysis): number {
  const { errorSamples } = checkTiming(transcript, analysis)
  const seconds = errorSamples / analysis.format.sampleRate / nineInTen
  const believed = Number.isFinite(seconds)
    ? Math.min(mostDeviationSeconds, Math.max(leastDeviationSeconds, seconds))
    : usualDeviationSeconds
  return (believed * analysis.format.sampleRate) / frameSamples(analysis.format.sampleRate)
}
