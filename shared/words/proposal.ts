/**
 * What is proposed to be said of an episode, or has been taken of it. Places are samples of the recording: the ledger says
 * where they come in the episode, whatever is cut afterwards.
 */

export interface PlacedNote {
  readonly startSample: number
  readonly text: string
}

export interface PlacedChapter {
  readonly startSample: number
  readonly title: string
}

export interface Proposal {
  /** The provider whose model wrote it; null where only the words were counted. */
  readonly by: string | null
  readonly titles: readonly string[]
  /** Empty when there is none. */
  readonly summary: string
  readonly notes: readonly PlacedNote[]
  readonly chapters: readonly PlacedChapter[]
}
