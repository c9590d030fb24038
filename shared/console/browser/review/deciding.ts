/** Deciding on a review: what each thing that a producer does changes in the draft, and what is said of it aloud. */
import { useState } from 'preact/hooks'
import type { DraftControls } from './draft.ts'
import {
  choose,
  chooseAll,
  cutSpan,
  keepSpan,
  proposedOf,
  shortestSeconds,
  spanOfWords,
  type Choice,
  type Draft,
  type Planned,
  type Review,
  type Span,
} from './model.ts'
import type { Selection } from './transcript.ts'

export interface Deciding {
  /** For the ears of who does not see it. */
  readonly said: string
  readonly decide: (edit: Planned, choice: Choice) => void
  readonly move: (edit: Planned, span: Span) => void
  readonly nudge: (edit: Planned, side: 'start' | 'end', seconds: number) => void
  readonly cut: (selection: Selection) => void
  readonly keep: (selection: Selection) => void
  readonly all: (kind: string, verdict: 'make' | 'leave', many: string) => void
  readonly undo: () => void
  readonly redo: () => void
}

/** `renamed`: a cut by hand is called after where it begins. */
export function useDeciding(
  { edits, words, durationSeconds }: Review,
  controls: DraftControls,
  renamed: (edit: string) => void,
): Deciding {
  const [said, setSaid] = useState('')
  const act = (by: (draft: Draft) => Draft, tell: string) => {
    controls.change(by)
    setSaid(tell)
  }
  const decide = (edit: Planned, choice: Choice) =>
    act((draft) => choose(draft, proposedOf(edits, edit), choice), toldOf(choice))
  const move = (edit: Planned, { startSeconds, endSeconds }: Span) => {
    const moved = {
      startSeconds: Math.max(0, Math.min(startSeconds, endSeconds - shortestSeconds)),
      endSeconds: Math.min(durationSeconds, endSeconds),
    }
    decide(edit, { verdict: 'make', moved })
    if (edit.isNew) renamed(`cut-by-hand-${moved.startSeconds}`)
  }
  const nudge = (edit: Planned, side: 'start' | 'end', seconds: number) => {
    const { startSeconds, endSeconds } = edit
    const shortest = startSeconds + shortestSeconds
    move(
      edit,
      side === 'start'
        ? { startSeconds: startSeconds + seconds, endSeconds }
        : { startSeconds, endSeconds: Math.max(shortest, endSeconds + seconds) },
    )
  }
  const onWords = ({ first, last }: Selection, by: (draft: Draft, span: Span) => Draft, what: string) => {
    const span = spanOfWords(words, first, last, durationSeconds)
    const count = last - first + 1
    act((draft) => by(draft, span), `${count} word${count === 1 ? '' : 's'} ${what}.`)
  }
  return {
    ...{ said, decide, move, nudge },
    cut: (selection) => onWords(selection, cutSpan, 'cut'),
    keep: (selection) => onWords(selection, (draft, span) => keepSpan(draft, edits, span), 'brought back'),
    all: (kind, verdict, many) =>
      act(
        (draft) => chooseAll(draft, edits, kind, verdict),
        `${many}: all ${verdict === 'make' ? 'cut' : 'kept'}.`,
      ),
    undo: () => setSaid(controls.undo() ? 'Undone.' : 'There is nothing to undo.'),
    redo: () => setSaid(controls.redo() ? 'Done again.' : 'There is nothing to do again.'),
  }
}

const toldOf = ({ moved, verdict }: Choice): string =>
  moved ? 'Moved.' : verdict === 'make' ? 'It is cut or put in.' : 'It stays as it is.'
