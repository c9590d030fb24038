/** How long work is shared with others of the same process: heartbeats, and what ends a run. */

/** Lets others work, and comes back; rejects where the work is to end. */
export type OthersTurn = () => Promise<void>
