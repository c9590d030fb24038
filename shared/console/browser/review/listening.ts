/** Listening to a review: where one is, what is heard, and in which manner. Hides the player, and how much belongs to an edit. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { html } from '../parts.ts'
import {
  choose,
  decisionsNear,
  proposedOf,
  type Draft,
  type Planned,
  type Review,
  type Span,
} from './model.ts'
import { createPlayer, type Manner } from './player.ts'

export interface Listening {
  /** Where one is in the recording. */
  readonly at: number
  /** The same while it plays. */
  readonly heardAt: number | undefined
  readonly manner: Manner
  readonly setManner: (manner: Manner) => void
  readonly error: unknown
  readonly playFrom: (seconds: number) => void
  readonly playAll: (spans: readonly Span[]) => void
  readonly toggle: () => void
  /** Goes somewhere, and plays on there. */
  readonly go: (seconds: number) => void
  readonly stopAt: (seconds: number) => void
  readonly hear: (what: 'before' | 'after', edit: Planned) => void
  /** What is heard of a comparison. */
  readonly comparing: Compared | undefined
  /** Plays from where one is, before or after restoration; stops where that is heard already. */
  readonly compare: (side: Compared) => void
}

export type Compared = Exclude<Manner, 'edited'>

/** A mistake is judged by what led to it; a filler by the words beside it. In seconds. */
const context = {
  flubber: { before: 12, after: 8 },
  intern: { before: 8, after: 8 },
  others: { before: 2.5, after: 2.5 },
} as const
/** One request: within it the loudness of both is the same throughout. */
const comparedSeconds = 20
const contextOf = (kind: string) => (kind === 'flubber' || kind === 'intern' ? context[kind] : context.others)

export function useListening(
  base: string,
  { edits, durationSeconds }: Review,
  draft: Draft,
  begin: number,
): Listening {
  const [at, setAt] = useState(begin)
  const [heardAt, setHeardAt] = useState<number>()
  const [manner, setManner] = useState<Manner>('edited')
  const [compared, setCompared] = useState<Compared>()
  const [error, setError] = useState<unknown>()
  const latest = useRef(draft)
  latest.current = draft
  const player = useMemo(() => {
    const tell = (seconds: number | undefined) => {
      setHeardAt(seconds)
      if (seconds !== undefined) setAt(seconds)
    }
    return createPlayer(base, { at: tell, failed: setError })
  }, [base])
  useEffect(() => player.stop, [player])

  /** What is decided while it plays is heard in what is to come. */
  const play = (spans: readonly Span[], as: Manner, draftNow = () => latest.current) => {
    setError(undefined)
    setCompared(undefined)
    player.play({ spans, manner: as, decisions: (span) => decisionsNear(edits, draftNow(), span) })
  }
  const playFrom = (seconds: number) => play([{ startSeconds: seconds, endSeconds: durationSeconds }], manner)
  const comparing = heardAt === undefined ? undefined : compared
  const compare = (side: Compared) => {
    if (comparing === side) {
      player.stop()
      return
    }
    play([{ startSeconds: at, endSeconds: Math.min(durationSeconds, at + comparedSeconds) }], side)
    setCompared(side)
  }
  return {
    ...{ comparing, compare },
    ...{ at, heardAt, manner, setManner, error, playFrom },
    playAll: (spans) => play(spans, 'recorded'),
    toggle: () => (player.isPlaying() ? player.stop() : playFrom(at)),
    go: (seconds) => {
      setAt(seconds)
      if (player.isPlaying()) playFrom(seconds)
    },
    stopAt: (seconds) => {
      player.stop()
      setAt(seconds)
    },
    hear: (what, edit) => {
      const { before, after } = contextOf(edit.kind)
      const span = {
        startSeconds: Math.max(0, edit.startSeconds - before),
        endSeconds: Math.min(durationSeconds, edit.endSeconds + after),
      }
      if (what === 'before') play([span], 'recorded')
      else play([span], 'edited', () => choose(latest.current, proposedOf(edits, edit), { verdict: 'make' }))
    },
  }
}

export interface ListenBarProps {
  readonly listening: Listening
  readonly removed: readonly Span[]
  readonly onHelp: () => void
}

export function ListenBar({ listening, removed, onHelp }: ListenBarProps) {
  const { heardAt, manner, setManner, toggle, playAll } = listening
  const isPlaying = heardAt !== undefined
  return html`<div class="listen bar">
    <span class="buttons">
      <button type="button" class="main" onClick=${toggle}>${isPlaying ? '■ Stop' : '▶ Play'}</button>
      <button type="button" disabled=${removed.length === 0} onClick=${() => playAll(removed.map(beside))}>
        Play what is cut
      </button>
      <label class="manner"
        >Hear it
        <select
          value=${manner}
          onChange=${(event: Event) => setManner((event.target as HTMLSelectElement).value as Manner)}
        >
          <option value="edited">as it will be</option>
          <option value="recorded">as recorded</option>
        </select></label
      >
    </span>
    <button type="button" onClick=${onHelp}>Keys <kbd>?</kbd></button>
  </div>`
}

/** A cut alone is over before one has heard what it is. */
const beside = ({ startSeconds, endSeconds }: Span): Span => ({
  startSeconds: Math.max(0, startSeconds - 0.15),
  endSeconds: endSeconds + 0.15,
})
