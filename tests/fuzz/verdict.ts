// What became of one fuzzed input.
export interface Verdict {
  readonly what: string
  readonly outcome: 'read' | 'warned' | 'refused' | 'failed'
  /** Of one that failed. */
  readonly why?: string
}

export const failure = (what: string, why: unknown): Verdict => ({
  what,
  outcome: 'failed',
  why: why instanceof Error ? (why.stack ?? why.message) : String(why),
})
