/** The clock of the local queue: the system's, or one that a test puts forward. */
export type Clock = {
  /** Epoch ms. */
  now(): number
  /** Runs something later; returns how to call it off. */
  after(ms: number, run: () => void): () => void
}
