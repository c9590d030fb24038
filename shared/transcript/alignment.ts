/**
 * Finds where words really begin and end. Recognisers are 50 to 150 ms off, and a filler is no longer than that; but a recording in which a
 * thousand words stand about where they are said teaches what each letter sounds like in it, and that tells where each word must be.
 * Hides which passages are listened to, and how the learning goes round.
 */
import { cepstra, cepstrumSize } from '../audio/cepstra.ts'
import { frameSamples, type Analysis } from '../audio/analysis.ts'
import type { Listen } from '../audio/listen.ts'
import { learn, pause, soundsOf, tally, type Alphabet, type Tally } from './letters.ts'
import { fit, layOut, wordsIn, type FoundWord, type Passage } from './passage.ts'
import { checkTiming } from './timing.ts'
import type { Transcript, Word } from './words.ts'

/** A word, and what is known of its edges when they were looked for in the sound; in samples. */
export interface AlignedWord extends Word {
  readonly edges?: {
    /** How far from where it was reported. */
    readonly startMoved: number
    readonly endMoved: number
    /** Standard deviations: how sure the edges are. */
    readonly startDoubt: number
    readonly endDoubt: number
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

/** So many words to either side of a wanted one are fitted with it. */
const contextWords = 2
const mostWordsInPassage = 24
/** A reported silence this long parts passages. */
const partingSeconds = 0.5
/** This much is listened to beyond a passage's reported ends. */
const marginSeconds = 0.3
/** With less to learn from than this, more is listened to; with fewer words nothing can be learned. */
const fewestSecondsToLearn = 60
const fewestWords = 30
/** Fits and learns so often; more changes nothing. */
const rounds = 3
/** Standard deviation of reported edges: what is assumed of a recogniser that could not be checked, and the least and most that is believed. */
const usualDeviationSeconds = 0.06
const leastDeviationSeconds = 0.02
const mostDeviationSeconds = 0.1
/** Nine in ten of normally distributed errors are less than so many standard deviations. */
const nineInTen = 1.645
/** Passages that are read at the same time. */
const readAtOnce = 8

/** A stretch of words, as places in the list, and of frames. */
interface Stretch {
  readonly first: number
  readonly last: number
  readonly firstFrame: number
  readonly frames: number
  /** It begins inside its first word; it ends inside its last. */
  readonly opens: boolean
  readonly closes: boolean
  readonly isWanted: boolean
}

/** A stretch that was listened to. */
interface Heard {
  readonly stretch: Stretch
  readonly passage: Passage
  readonly rows: Float32Array
  /** Who speaks, by frame. */
  readonly speakers: Uint8Array
  /** Which frames are background. */
  readonly quiet: Uint8Array
}

/**
 * The transcript with the wanted words, and those beside them, where the sound has them. It stays as it is where the sound tells nothing: when
 * there is no background, when there are too few words, and where the words are others than were said.
 */
export async function alignWords(transcript: Transcript, analysis: Analysis, wanted: Wanted, listen: Listen): Promise<AlignedTranscript> {
  const { words, exactTimes } = transcript
  if (!exactTimes || words.length < fewestWords || !Number.isFinite(analysis.quietBelowDb)) return transcript
  const deviation = deviationOf(transcript, analysis)
  const aligned: AlignedWord[] = [...words]
  const places = [...new Set(wanted.words)].sort((a, b) => a - b)
  for (let i = 0; i < places.length; i += learnedAtOnce) {
    const some = { ...wanted, words: places.slice(i, i + learnedAtOnce) }
    for (const [place, word] of await alignSome(words, analysis, some, deviation, listen)) aligned[place] = word
  }
  return { ...transcript, words: inOrder(aligned) }
}

async function alignSome(words: readonly Word[], analysis: Analysis, wanted: Wanted, deviation: number, listen: Listen): Promise<Map<number, AlignedWord>> {
  const alphabet: Alphabet = new Map()
  const speakers = [...new Set(words.map(({ speaker }) => speaker))]
  const heard: Heard[] = []
  const stretches = stretchesOf(words, analysis, wanted.words)
  for (let i = 0; i < stretches.length; i += heardAtOnce) {
    const some = stretches.slice(i, i + heardAtOnce)
    const sounds = await Promise.all(some.map((stretch) => listen(spanOf(stretch, analysis))))
    heard.push(...some.map((stretch, k) => hear(stretch, sounds[k]!, { words, speakers, alphabet, deviation, wanted, analysis })))
  }
  levelVoices(heard, speakers.length)
  const newTally = () => tally(letterCount(alphabet), speakers.length)
  let taught = newTally()
  for (const one of heard) teachAsReported(one, taught)
  const found = new Map<number, AlignedWord>()
  for (let round = 1; round <= rounds; round++) {
    const models = learn(taught)
    taught = newTally()
    for (const [i, one] of heard.entries()) {
      if (i % heardAtOnce === 0) await new Promise(setImmediate) // heartbeats go on
      const shares = round < rounds || one.stretch.isWanted ? fit(one.passage, models, one.rows, one.speakers) : undefined
      if (!shares) continue
      if (round < rounds) teach(one, shares, taught)
      else for (const [place, word] of placed(one, wordsIn(one.passage, shares), words, analysis)) found.set(place, word)
    }
  }
  return found
}
