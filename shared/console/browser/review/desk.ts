/**
 * The review of an episode: waveform, edits and transcript around one place that is looked at, for its producer, who
 * decides, and for guests, who listen and comment. Hides how what one does in one of them shows in the others.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { html, Notice, reasonOf } from '../parts.ts'
import { countByEdit, Said, Say, useComments } from './comments.ts'
import { Detail, viewOf } from './detail.ts'
import { useDraft } from './draft.ts'
import { EditList } from './edit-list.ts'
import { EditPanel } from './edit-panel.ts'
import { Help, useShortcuts, type Shortcut } from './keys.ts'
import {
  choose,
  chooseAll,
  cutSpan,
  decisionsNear,
  keepSpan,
  planned,
  removedSpans,
  shortestSeconds,
  spanOfWords,
  type Choice,
  type Draft,
  type Planned,
  type Review,
  type Span,
} from './model.ts'
import { Overview } from './overview.ts'
import { createPlayer, type Manner } from './player.ts'
import { Sharing } from './sharing.ts'
import { SubmitBar } from './submit-bar.ts'
import { Transcript, type Selection } from './transcript.ts'

export interface DeskProps {
  /** The path of the API under which it lies. */
  readonly base: string
  readonly review: Review
  readonly isGuest: boolean
}

/** A mistake is judged by what led to it; a filler by the words beside it. */
const contextSeconds = (kind: string): { before: number; after: number } =>
  kind === 'flubber'
    ? { before: 12, after: 8 }
    : kind === 'intern'
      ? { before: 8, after: 8 }
      : { before: 2.5, after: 2.5 }

export function Desk({ base, review, isGuest }: DeskProps) {
  const { edits: proposed, words, kinds, durationSeconds } = review
  const mayDecide = !isGuest
  const controls = useDraft(isGuest ? `guest-${review.runId}` : review.runId)
  const { draft, change } = controls
  const edits = useMemo(() => planned(proposed, draft), [proposed, draft])
  const removed = useMemo(() => removedSpans(edits), [edits])
  const [filter, setFilter] = useState('')
  const listed = useMemo(() => edits.filter((edit) => filter === '' || edit.kind === filter), [edits, filter])
  const [currentId, setCurrent] = useState(() => (edits.find(({ waits }) => waits) ?? edits[0])?.id)
  const current = edits.find(({ id }) => id === currentId)
  const [at, setAt] = useState(current?.startSeconds ?? 0)
  const [lookAt, setLookAt] = useState(at)
  const [heardAt, setHeardAt] = useState<number>()
  const [manner, setManner] = useState<Manner>('edited')
  const [error, setError] = useState<unknown>()
  const [said, setSaid] = useState('')
  const [isHelpOpen, setHelpOpen] = useState(false)
  const comments = useComments(base)
  const isOffline = useOffline()

  const latest = useRef<Draft>(draft)
  latest.current = draft
  const player = useMemo(
    () =>
      createPlayer(base, {
        at: (seconds) => {
          setHeardAt(seconds)
          if (seconds !== undefined) setAt(seconds)
        },
        failed: setError,
      }),
    [base],
  )
  useEffect(() => player.stop, [player])

  /** What is decided while it plays is heard in what is to come. */
  const play = (spans: readonly Span[], as: Manner, draftNow = () => latest.current) => {
    setError(undefined)
    player.play({ spans, manner: as, decisions: (span) => decisionsNear(proposed, draftNow(), span) })
  }
  const playFrom = (seconds: number) => play([{ startSeconds: seconds, endSeconds: durationSeconds }], manner)
  const toggle = () => (player.isPlaying() ? player.stop() : playFrom(at))
  const go = (seconds: number) => {
    setAt(seconds)
    setLookAt(seconds)
    if (player.isPlaying()) playFrom(seconds)
  }
  const pick = (id: string | undefined) => {
    const edit = edits.find((one) => one.id === id)
    if (!edit) return
    player.stop()
    setCurrent(edit.id)
    setAt(edit.startSeconds)
    setLookAt(edit.startSeconds)
  }
  const step = (by: number) => {
    const index = listed.findIndex(({ id }) => id === currentId)
    pick(listed[Math.max(0, Math.min(listed.length - 1, index + by))]?.id)
  }
  const hear = (what: 'before' | 'after', edit: Planned) => {
    const { before, after } = contextSeconds(edit.kind)
    const span = {
      startSeconds: Math.max(0, edit.startSeconds - before),
      endSeconds: Math.min(durationSeconds, edit.endSeconds + after),
    }
    if (what === 'before') play([span], 'recorded')
    else play([span], 'edited', () => choose(latest.current, edit, { verdict: 'make' }))
  }

  const act = (by: (draft: Draft) => Draft, tell: string) => {
    change(by)
    setSaid(tell)
  }
  const decide = (edit: Planned, choice: Choice) =>
    act(
      (before) => choose(before, edit, choice),
      choice.moved ? 'Moved.' : choice.verdict === 'make' ? 'It is cut or put in.' : 'It stays as it is.',
    )
  const move = (edit: Planned, { startSeconds, endSeconds }: Span) => {
    const moved = {
      startSeconds: Math.max(0, Math.min(startSeconds, endSeconds - shortestSeconds)),
      endSeconds: Math.min(durationSeconds, endSeconds),
    }
    decide(edit, { verdict: 'make', moved })
    if (edit.isNew) setCurrent(`cut-by-hand-${moved.startSeconds}`)
  }
  const nudge = (edit: Planned, side: 'start' | 'end', seconds: number) =>
    move(edit, {
      startSeconds: edit.startSeconds + (side === 'start' ? seconds : 0),
      endSeconds: Math.max(
        edit.startSeconds + shortestSeconds,
        edit.endSeconds + (side === 'end' ? seconds : 0),
      ),
    })
  const onWords = (selection: Selection, isCut: boolean) => {
    const span = spanOfWords(words, selection.first, selection.last, durationSeconds)
    const count = selection.last - selection.first + 1
    const what = `${count} word${count === 1 ? '' : 's'}`
    act(
      (before) => (isCut ? cutSpan(before, span) : keepSpan(before, proposed, span)),
      isCut ? `${what} cut.` : `${what} brought back.`,
    )
  }
  const undo = () => setSaid(controls.undo() ? 'Undone.' : 'There is nothing to undo.')
  const redo = () => setSaid(controls.redo() ? 'Done again.' : 'There is nothing to do again.')

  const forCurrent = (by: (edit: Planned) => void) => () => current && by(current)
  const shortcuts: Shortcut[] = [
    { keys: ['j'], what: 'next edit', act: () => step(1) },
    { keys: ['k'], what: 'edit before', act: () => step(-1) },
    { keys: [' '], what: 'play and stop', act: toggle },
    { keys: ['b'], what: 'hear it before', act: forCurrent((edit) => hear('before', edit)) },
    { keys: ['n'], what: 'hear it after', act: forCurrent((edit) => hear('after', edit)) },
    ...(mayDecide
      ? [
          { keys: ['a'], what: 'cut it', act: forCurrent((edit) => decide(edit, { verdict: 'make' })) },
          { keys: ['r'], what: 'keep it', act: forCurrent((edit) => decide(edit, { verdict: 'leave' })) },
          { keys: [','], what: 'start earlier', act: forCurrent((edit) => nudge(edit, 'start', -0.05)) },
          { keys: ['.'], what: 'start later', act: forCurrent((edit) => nudge(edit, 'start', 0.05)) },
          { keys: ['<'], what: 'end earlier', act: forCurrent((edit) => nudge(edit, 'end', -0.05)) },
          { keys: ['>'], what: 'end later', act: forCurrent((edit) => nudge(edit, 'end', 0.05)) },
          { keys: ['u'], what: 'undo', act: undo },
          { keys: ['U'], what: 'redo', act: redo },
        ]
      : []),
    { keys: ['?'], what: 'these keys', act: () => setHelpOpen(true) },
  ]
  useShortcuts(shortcuts)

  const focus = current ?? { startSeconds: at, endSeconds: at }
  const isNear = at >= focus.startSeconds - 4 && at <= focus.endSeconds + 4
  const view = viewOf(isNear ? focus : { startSeconds: at, endSeconds: at }, durationSeconds)
  const steady = useSteady(view, at)
  const about = comments.items.filter(({ edit }) => edit === null || !current || edit === current.id)
  const position = `${listed.findIndex(({ id }) => id === currentId) + 1} of ${listed.length}`
  return html`
    <p class="visually-hidden" role="status" aria-live="polite">${said}</p>
    ${isOffline ? html`<${Notice}>You are offline. What you decide is kept in this browser.</${Notice}>` : null}
    ${error === undefined ? null : html`<${Notice} kind="error">${reasonOf(error)}</${Notice}>`}
    <div class="listen bar">
      <span class="buttons">
        <button type="button" class="main" onClick=${toggle}>
          ${heardAt === undefined ? '▶ Play' : '■ Stop'}
        </button>
        <button
          type="button"
          disabled=${removed.length === 0}
          onClick=${() => play(removed.map(beside), 'recorded')}
        >
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
      <button type="button" onClick=${() => setHelpOpen(true)}>Keys <kbd>?</kbd></button>
    </div>
    <${Overview} ...${{ base, durationSeconds, edits, kinds, at }} onGo=${go} />
    <${Detail}
      ...${{ base, edits, kinds }}
      view=${steady}
      current=${currentId}
      heardAt=${heardAt ?? at}
      onGo=${go}
      onPick=${pick}
      onMove=${mayDecide ? move : undefined}
    />
    <div class="desk">
      <div>
        ${
          current
            ? html`<${EditPanel}
                edit=${current}
                ...${{ kinds, position }}
                onHear=${(what: 'before' | 'after') => hear(what, current)}
                onStep=${step}
                onChoose=${mayDecide ? (choice: Choice) => decide(current, choice) : undefined}
                onNudge=${(side: 'start' | 'end', seconds: number) => nudge(current, side, seconds)}
              />`
            : null
        }
        <${Said} comments=${about} onGo=${go} />
        ${
          isGuest
            ? html`<${Say}
                base=${base}
                about=${{ edit: current?.id ?? null, atSeconds: current?.startSeconds ?? at }}
                what=${current ? 'this edit' : 'this place'}
                said=${comments.reload}
              />`
            : null
        }
        ${
          edits.length === 0
            ? html`<p class="empty">
                Nothing was proposed.${mayDecide ? ' You can cut words in the transcript.' : ''}
              </p>`
            : html`<${Kinds}
                  ...${{ edits, filter, mayDecide }}
                  kinds=${kinds}
                  onFilter=${setFilter}
                  onAll=${(kind: string, verdict: 'make' | 'leave', many: string) =>
                    act(
                      (before) => chooseAll(before, proposed, kind, verdict),
                      `${many}: all ${verdict === 'make' ? 'cut' : 'kept'}.`,
                    )}
                />
                <${EditList}
                  ...${{ kinds }}
                  edits=${listed}
                  current=${currentId}
                  comments=${countByEdit(comments.items)}
                  onPick=${pick}
                />`
        }
      </div>
      <section aria-label="Transcript with tools">
        <${Transcript}
          ...${{ words, removed, heardAt, lookAt }}
          onPlay=${(word: number) => playFrom(words[word]!.startSeconds)}
          onCut=${mayDecide ? (selection: Selection) => onWords(selection, true) : undefined}
          onKeep=${mayDecide ? (selection: Selection) => onWords(selection, false) : undefined}
        />
      </section>
    </div>
    ${
      mayDecide
        ? html`<${Sharing} base=${base} /> <${SubmitBar} ...${{ review, edits, controls, undo, redo }} />`
        : null
    }
    <${Help} ...${{ shortcuts, canCut: mayDecide }} isOpen=${isHelpOpen} close=${() => setHelpOpen(false)} />
  `
}

/** A cut alone is over before one has heard what it is. */
const beside = ({ startSeconds, endSeconds }: Span): Span => ({
  startSeconds: Math.max(0, startSeconds - 0.15),
  endSeconds: endSeconds + 0.15,
})

/** The view stays while what is looked at is well inside: a waveform that jumps cannot be dragged. */
function useSteady(view: Span, at: number): Span {
  const kept = useRef(view)
  const { startSeconds, endSeconds } = kept.current
  const room = (endSeconds - startSeconds) * 0.1
  const isInside = at >= startSeconds + (startSeconds > 0 ? room : 0) && at <= endSeconds - room
  const fits = view.endSeconds - view.startSeconds <= endSeconds - startSeconds + 0.5
  if (!isInside || !fits) kept.current = view
  return kept.current
}

function useOffline(): boolean {
  const [isOffline, setOffline] = useState(!navigator.onLine)
  useEffect(() => {
    const look = () => setOffline(!navigator.onLine)
    window.addEventListener('online', look)
    window.addEventListener('offline', look)
    return () => {
      window.removeEventListener('online', look)
      window.removeEventListener('offline', look)
    }
  }, [])
  return isOffline
}

interface KindsProps {
  readonly edits: readonly Planned[]
  readonly kinds: Review['kinds']
  readonly filter: string
  readonly mayDecide: boolean
  readonly onFilter: (kind: string) => void
  readonly onAll: (kind: string, verdict: 'make' | 'leave', many: string) => void
}

/** Which edits are listed, and all of a kind at once. */
function Kinds({ edits, kinds, filter, mayDecide, onFilter, onAll }: KindsProps) {
  const there = kinds.filter(({ kind }) => edits.some((edit) => edit.kind === kind))
  const many = kinds.find(({ kind }) => kind === filter)?.many
  return html`<div class="kinds buttons">
    <select
      aria-label="Which edits are listed"
      value=${filter}
      onChange=${(event: Event) => onFilter((event.target as HTMLSelectElement).value)}
    >
      <option value="">All ${edits.length} edits</option>
      ${there.map(
        (one) =>
          html`<option value=${one.kind}>
            ${one.many} (${edits.filter(({ kind }) => kind === one.kind).length})
          </option>`,
      )}
    </select>
    ${
      mayDecide && many !== undefined
        ? html`<button type="button" onClick=${() => onAll(filter, 'make', many)}>Cut all</button>
            <button type="button" onClick=${() => onAll(filter, 'leave', many)}>Keep all</button>`
        : null
    }
  </div>`
}
