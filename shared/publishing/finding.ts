/** What a check of a feed has found. */
export type Severity = 'error' | 'warning'

export interface Finding {
  /** The rule's id. */
  readonly rule: string
  readonly severity: Severity
  /** "show", or the episode's place and title. */
  readonly where: string
  readonly message: string
  readonly remedy: string
  readonly source: string
}
