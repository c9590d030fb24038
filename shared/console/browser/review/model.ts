/**
 * What a producer is deciding, before it is submitted: choices of the proposed edits and cuts by hand. Hides how choices
 * become edits as they will be, and decisions as the API takes them. Pure; times are seconds of the recording.
 */

export interface Word {
  readonly text: string
  readonly startSeconds: number
  readonly endSeconds: number
  readonly speaker: string | null
}

export interface Edit {
  readonly id: string
  readonly kind: string
  readonly status: 'applied' | 'rejected' | 'pending'
  readonly waits: boolean
  readonly startSeconds: number
  readonly endSeconds: number
  readonly text: string
  readonly reason: string
  readonly question: string | null
  readonly answer: string | null
  readonly puts: 'speech' | 'file' | 'tone' | null
  readonly isHeard: boolean
}

export interface Kind {
  readonly kind: string
  readonly one: string
  readonly many: string
  /** On light, and on dark. */
  readonly colours: readonly [string, string]
}

export interface Speaker {
  readonly label: string
  readonly name: string
  /** Of a name suggested by the voice in earlier episodes, 0 to 1; else null. */
  readonly sureness: number | null
}

export interface Review {
  readonly episodeId: string
  readonly runId: string
  readonly title: string
  readonly status: string
  readonly language: string
  readonly durationSeconds: number
  readonly words: readonly Word[]
  /** By voice: the speakers are suggestions. */
  readonly speakersBy: 'voice' | null
  /** What the words call their speakers, and what they are called. */
  readonly speakers: readonly Speaker[]
  readonly edits: readonly Edit[]
  readonly kinds: readonly Kind[]
  /** What was found in the sound and done about it; null where nobody looked. */
  readonly restoration: readonly string[] | null
  readonly isRestored: boolean
}

export interface Span {
  readonly startSeconds: number
  readonly endSeconds: number
}

/** What is chosen of one edit; what is absent is as proposed. */
export interface Choice {
  readonly verdict?: 'make' | 'leave'
  readonly moved?: Span
  readonly answer?: string
}

export interface Draft {
  readonly choices: Readonly<Record<string, Choice>>
  readonly cuts: readonly Span[]
}

export const emptyDraft: Draft = { choices: {}, cuts: [] }

/** An edit as it will be. */
export interface Planned extends Edit {
  /** Not as the server knows it. */
  readonly isChanged: boolean
  /** It was cut by hand since. */
  readonly isNew: boolean
}

/** Anything shorter is heard as a click; the server refuses it. */
export const shortestSeconds = 0.02

export type Decision =
  | { readonly decision: 'accept' | 'reject'; readonly edit: string }
  | ({ readonly decision: 'adjust'; readonly edit: string } & Span)
  | { readonly decision: 'answer'; readonly edit: string; readonly text: string }
  | ({ readonly decision: 'cut' } & Span)

export function planned(edits: readonly Edit[], draft: Draft): Planned[] {
  const proposed = edits.map((edit) => plannedEdit(edit, draft.choices[edit.id]))
  return [...proposed, ...draft.cuts.map(cutByHand)].sort((a, b) => a.startSeconds - b.startSeconds)
}

function plannedEdit(edit: Edit, choice: Choice | undefined): Planned {
  if (!choice) return { ...edit, isChanged: false, isNew: false }
  const { verdict, moved, answer = edit.answer } = choice
  const lacksAnswer = edit.puts === 'speech' && !answer
  const status =
    verdict === undefined
      ? edit.status
      : verdict === 'leave'
        ? 'rejected'
        : lacksAnswer
          ? 'pending'
          : 'applied'
  return { ...edit, ...moved, answer, status, isChanged: true, isNew: false }
}

const cutByHand = (span: Span): Planned => ({
  ...span,
  id: `cut-by-hand-${span.startSeconds}`,
  kind: 'cut',
  status: 'applied',
  waits: false,
  text: '',
  reason: 'Cut by hand.',
  ...{ question: null, answer: null, puts: null, isHeard: true, isChanged: true, isNew: true },
})

/** What the API is told, in the order in which it applies. */
export function decisionsOf(edits: readonly Edit[], { choices, cuts }: Draft): Decision[] {
  const chosen = edits.flatMap(({ id }): Decision[] => {
    const { verdict, moved, answer } = choices[id] ?? {}
    if (verdict === undefined) return []
    if (verdict === 'leave') return [{ decision: 'reject', edit: id }]
    const made: Decision[] = []
    if (moved) made.push({ decision: 'adjust', edit: id, ...moved })
    if (answer) made.push({ decision: 'answer', edit: id, text: answer })
    return made.length > 0 ? made : [{ decision: 'accept', edit: id }]
  })
  return [...chosen, ...cuts.map((span): Decision => ({ decision: 'cut', ...span }))]
}

/** Those that can be heard between two times. */
export function decisionsNear(
  edits: readonly Edit[],
  draft: Draft,
  { startSeconds, endSeconds }: Span,
): Decision[] {
  const reach = 3
  const isNear = (span: Span) =>
    span.startSeconds < endSeconds + reach && span.endSeconds > startSeconds - reach
  return decisionsOf(
    edits.filter((edit) => isNear(edit) || isNear(draft.choices[edit.id]?.moved ?? edit)),
    { ...draft, cuts: draft.cuts.filter(isNear) },
  )
}

/** The edit as the server knows it, and a new cut as it is. */
export const proposedOf = (edits: readonly Edit[], edit: Edit): Edit =>
  edits.find(({ id }) => id === edit.id) ?? edit

/** `edit`: as the server knows it. A choice that says what stands anyway is none. */
export function choose(draft: Draft, edit: Edit, choice: Choice): Draft {
  if (edit.kind === 'cut' && !(edit.id in draft.choices) && isDraftCut(draft, edit))
    return choice.verdict === 'leave'
      ? { ...draft, cuts: draft.cuts.filter((span) => !isSame(span, edit)) }
      : choice.moved
        ? { ...draft, cuts: joined(draft.cuts.map((span) => (isSame(span, edit) ? choice.moved! : span))) }
        : draft
  const { [edit.id]: before, ...others } = draft.choices
  const next = { ...before, ...choice }
  if (!changes(edit, next)) return before ? { ...draft, choices: others } : draft
  return { ...draft, choices: { ...others, [edit.id]: next } }
}

/** Whether a choice says anything else than what stands. */
const changes = ({ status }: Edit, { verdict, moved, answer }: Choice): boolean =>
  moved !== undefined ||
  answer !== undefined ||
  status !== (verdict === undefined ? status : verdict === 'make' ? 'applied' : 'rejected')

const isSame = (a: Span, b: Span): boolean =>
  a.startSeconds === b.startSeconds && a.endSeconds === b.endSeconds
const isDraftCut = ({ cuts }: Draft, edit: Span): boolean => cuts.some((span) => isSame(span, edit))

/** What is taken out of the recording and leaves nothing: in order, apart. */
export const removedSpans = (edits: readonly Planned[]): Span[] =>
  joined(
    edits.filter(
      ({ status, puts, startSeconds, endSeconds }) =>
        status === 'applied' && puts !== 'tone' && endSeconds > startSeconds,
    ),
  )

function joined(spans: readonly Span[]): Span[] {
  const apart: Span[] = []
  for (const { startSeconds, endSeconds } of [...spans].sort((a, b) => a.startSeconds - b.startSeconds)) {
    const last = apart.at(-1)
    if (last && startSeconds <= last.endSeconds)
      apart[apart.length - 1] = { ...last, endSeconds: Math.max(last.endSeconds, endSeconds) }
    else apart.push({ startSeconds, endSeconds })
  }
  return apart
}

/** Whether more than half of a word goes. `removed` is in order and apart. */
export function isCut({ startSeconds, endSeconds }: Span, removed: readonly Span[]): boolean {
  let gone = 0
  for (let i = firstEndingAfter(removed, startSeconds); i < removed.length; i++) {
    const span = removed[i]!
    if (span.startSeconds >= endSeconds) break
    gone += Math.min(endSeconds, span.endSeconds) - Math.max(startSeconds, span.startSeconds)
  }
  return gone > (endSeconds - startSeconds) / 2
}

function firstEndingAfter(spans: readonly Span[], seconds: number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.endSeconds <= seconds) low = middle + 1
    else high = middle
  }
  return low
}

/** The last word that begins at or before a time; 0 before the first. */
export function wordAt(words: readonly Word[], seconds: number): number {
  let [low, high] = [0, words.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (words[middle]!.startSeconds <= seconds) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

/** The first word that is heard after a time, or the one that is being said. */
export function wordFrom(words: readonly Word[], seconds: number): number {
  const word = wordAt(words, seconds)
  const isOver = words[word] !== undefined && words[word].endSeconds <= seconds + 0.05
  return isOver ? Math.min(words.length - 1, word + 1) : word
}

/** Room that is left beside words which are cut, at most. */
const mostRoomSeconds = 0.25

/** From the middle of the silence before the first word to the middle of that after the last. */
export function spanOfWords(
  words: readonly Word[],
  first: number,
  last: number,
  durationSeconds: number,
): Span {
  const [head, tail] = [words[first]!, words[last]!]
  const before = first > 0 ? words[first - 1]!.endSeconds : 0
  const after = words[last + 1]?.startSeconds ?? durationSeconds
  const half = (gap: number) => Math.min(mostRoomSeconds, Math.max(0, gap / 2))
  return {
    startSeconds: rounded(head.startSeconds - half(head.startSeconds - before)),
    endSeconds: rounded(tail.endSeconds + half(after - tail.endSeconds)),
  }
}

const rounded = (seconds: number): number => Math.round(seconds * 1e4) / 1e4

export const cutSpan = (draft: Draft, span: Span): Draft =>
  span.endSeconds - span.startSeconds < shortestSeconds
    ? draft
    : { ...draft, cuts: joined([...draft.cuts, span]) }

/** Brings a span back: what cuts it is made shorter, split, or not made. */
export function keepSpan(draft: Draft, edits: readonly Edit[], span: Span): Draft {
  let next: Draft = { ...draft, cuts: draft.cuts.flatMap((cut) => outside(cut, span)) }
  for (const edit of edits) {
    const now = plannedEdit(edit, draft.choices[edit.id])
    if (now.status !== 'applied' || !overlaps(now, span)) continue
    const [head, ...rest] = now.puts === null ? outside(now, span) : []
    next = choose(next, edit, head ? { verdict: 'make', moved: head } : { verdict: 'leave' })
    next = { ...next, cuts: joined([...next.cuts, ...rest]) }
  }
  return next
}

const overlaps = (a: Span, b: Span): boolean => a.startSeconds < b.endSeconds && b.startSeconds < a.endSeconds

/** The parts of `cut` beside `span` that are long enough to be cut. */
const outside = (cut: Span, span: Span): Span[] =>
  !overlaps(cut, span)
    ? [cut]
    : [
        { startSeconds: cut.startSeconds, endSeconds: span.startSeconds },
        { startSeconds: span.endSeconds, endSeconds: cut.endSeconds },
      ].filter(({ startSeconds, endSeconds }) => endSeconds - startSeconds >= shortestSeconds)

/** All edits of a kind are made, or none. */
export const chooseAll = (
  draft: Draft,
  edits: readonly Edit[],
  kind: string,
  verdict: 'make' | 'leave',
): Draft =>
  edits
    .filter((edit) => edit.kind === kind && !(verdict === 'make' && edit.puts === 'speech' && !edit.answer))
    .reduce((next, edit) => choose(next, edit, { verdict }), draft)

export const changesIn = ({ choices, cuts }: Draft): number => Object.keys(choices).length + cuts.length

/** What still stops the episode. */
export const undecided = (edits: readonly Planned[]): Planned[] =>
  edits.filter(({ waits, status }) => waits && status === 'pending')
