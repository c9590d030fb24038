/** The internal form of a transcript: words with times in integer samples, in the order in which they are said. */

export interface Word {
  readonly text: string
  readonly startSample: number
  readonly endSample: number
  readonly speaker: string | null
  /** 0 to 1; null when the recogniser did not say. */
  readonly confidence: number | null
  /** It had no times of its own: it was placed between its neighbours, and nothing may be cut by it. */
  readonly isPlaced?: true
  /** Of a caption: which one, counted from 1. The caption's time is all that its words share. */
  readonly cue?: number
}

export interface Transcript {
  /** BCP 47, lower case; 'en' when not said. */
  readonly language: string
  /** False when times come from captions: good enough to read along, not to cut a word. */
  readonly exactTimes: boolean
  readonly words: readonly Word[]
  /** The speakers are suggestions by the sound of their voices; absent where who wrote the words says them. */
  readonly speakersBy?: 'voice'
  /** How each of these voices sounds; only where the show remembers voices. */
  readonly voices?: readonly HeardVoice[]
}

/** A voice that was told by its sound. */
export interface HeardVoice {
  /** What the words call who has it. */
  readonly label: string
  readonly portrait: Portrait
  /** Whose voice in other episodes of the show it is like. */
  readonly like?: { readonly name: string; readonly sureness: number }
}

/** How a voice sounds, whatever it says: how its cepstra vary together, a triangle of 12 rows, one after the other. */
export type Portrait = readonly number[]

/** One word before its times are samples, in seconds; undefined where it was not said. */
export interface ReportedWord {
  readonly text: string
  readonly start: number | undefined
  readonly end: number | undefined
  readonly speaker?: string | null | undefined
  readonly confidence?: number | null | undefined
  readonly cue?: number
}

export interface Recording {
  readonly sampleRate: number
  readonly totalSamples: number
}
