/**
 * The review of an episode: waveform, edits and transcript around one place that is looked at, for its producer, who
 * decides, and for guests, who listen and comment. Hides how what one does in one of them shows in the others.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { html, Notice, reasonOf } from '../parts.ts'
import { countByEdit, Said, Say, useComments } from './comments.ts'
import { useDeciding, type Deciding } from './deciding.ts'
import { Compare } from './compare.ts'
import { Detail, viewOf } from './detail.ts'
import { useDraft } from './draft.ts'
import { EditList } from './edit-list.ts'
import { EditPanel, nudgeSeconds } from './edit-panel.ts'
import { Help, useShortcuts, type Shortcut } from './keys.ts'
import { Kinds } from './kinds.ts'
import { ListenBar, useListening, type Listening } from './listening.ts'
import { planned, removedSpans, type Choice, type Planned, type Review, type Span } from './model.ts'
import { Overview } from './overview.ts'
import { Sharing } from './sharing.ts'
import { Speakers } from './speakers.ts'
import { SubmitBar } from './submit-bar.ts'
import { Transcript } from './transcript.ts'

export interface DeskProps {
  /** The path of the API under which it lies. */
  readonly base: string
  readonly review: Review
  readonly isGuest: boolean
}

export function Desk({ base, review, isGuest }: DeskProps) {
  const { edits: proposed, words, kinds, durationSeconds } = review
  const controls = useDraft(isGuest ? `guest-${review.runId}` : review.runId)
  const edits = useMemo(() => planned(proposed, controls.draft), [proposed, controls.draft])
  const removed = useMemo(() => removedSpans(edits), [edits])
  const [filter, setFilter] = useState('')
  const listed = useMemo(() => edits.filter((edit) => filter === '' || edit.kind === filter), [edits, filter])
  const [currentId, setCurrent] = useState(() => (edits.find(({ waits }) => waits) ?? edits[0])?.id)
  const current = edits.find(({ id }) => id === currentId)
  const listening = useListening(base, review, controls.draft, current?.startSeconds ?? 0)
  const { at, heardAt, playFrom } = listening
  const [lookAt, setLookAt] = useState(at)
  const deciding = useDeciding(review, controls, setCurrent)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const comments = useComments(base)
  const isOffline = useOffline()
  const mine = isGuest ? undefined : deciding

  const go = (seconds: number) => {
    listening.go(seconds)
    setLookAt(seconds)
  }
  const pick = (id: string | undefined) => {
    const edit = edits.find((one) => one.id === id)
    if (!edit) return
    setCurrent(edit.id)
    listening.stopAt(edit.startSeconds)
    setLookAt(edit.startSeconds)
  }
  const index = listed.findIndex(({ id }) => id === currentId)
  const step = (by: number) => pick(listed[Math.max(0, Math.min(listed.length - 1, index + by))]?.id)
  const { isRestored } = review
  const help = () => setHelpOpen(true)
  const shortcuts = shortcutsOf({ current, step, listening, deciding: mine, isRestored, help })
  useShortcuts(shortcuts)

  const about = comments.items.filter(({ edit }) => edit === null || !current || edit === current.id)
  const panel = current
    ? html`<${EditPanel}
        edit=${current}
        kinds=${kinds}
        position=${`${index + 1} of ${listed.length}`}
        onHear=${(what: 'before' | 'after') => listening.hear(what, current)}
        onStep=${step}
        onChoose=${mine && ((choice: Choice) => mine.decide(current, choice))}
        onNudge=${mine && ((side: 'start' | 'end', seconds: number) => mine.nudge(current, side, seconds))}
      />`
    : null
  const list =
    edits.length === 0
      ? html`<p class="empty">Nothing was proposed.${mine ? ' You can cut words in the transcript.' : ''}</p>`
      : html`<${Kinds} ...${{ edits, kinds, filter }} onFilter=${setFilter} onAll=${mine?.all} />
          <${EditList}
            ...${{ kinds }}
            edits=${listed}
            current=${currentId}
            comments=${countByEdit(comments.items)}
            onPick=${pick}
          />`
  return html`
    <p class="visually-hidden" role="status" aria-live="polite">${deciding.said}</p>
    ${isOffline ? html`<${Notice}>You are offline. What you decide is kept in this browser.</${Notice}>` : null}
    ${
      listening.error === undefined
        ? null
        : html`<${Notice} kind="error">${reasonOf(listening.error)}</${Notice}>`
    }
    <${ListenBar} ...${{ listening, removed }} onHelp=${() => setHelpOpen(true)} />
    <${Overview} ...${{ base, durationSeconds, edits, kinds, at }} onGo=${go} />
    ${isRestored ? html`<${Compare} listening=${listening} lines=${review.restoration ?? []} />` : null}
    <${Detail}
      ...${{ base, edits, kinds }}
      view=${useView(current, at, durationSeconds)}
      current=${currentId}
      heardAt=${heardAt ?? at}
      onGo=${go}
      onPick=${pick}
      onMove=${mine?.move}
    />
    <div class="desk">
      <div>
        ${panel}
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
        ${list}
      </div>
      <section aria-label="Transcript with tools">
        ${isGuest ? null : html`<${Speakers} review=${review} />`}
        <${Transcript}
          ...${{ words, removed, heardAt, lookAt }}
          onPlay=${(word: number) => playFrom(words[word]!.startSeconds)}
          onCut=${mine?.cut}
          onKeep=${mine?.keep}
        />
      </section>
    </div>
    ${mine ? html`<${Sharing} base=${base} />` : null}
    ${mine ? html`<${SubmitBar} ...${{ review, edits, controls }} undo=${mine.undo} redo=${mine.redo} />` : null}
    <${Help} ...${{ shortcuts, canCut: !isGuest }} isOpen=${isHelpOpen} close=${() => setHelpOpen(false)} />
  `
}

interface Acts {
  readonly current: Planned | undefined
  readonly step: (by: number) => void
  readonly listening: Listening
  /** Absent for who may not decide. */
  readonly deciding: Deciding | undefined
  readonly isRestored: boolean
  readonly help: () => void
}

function shortcutsOf({ current, step, listening, deciding, isRestored, help }: Acts): Shortcut[] {
  const onCurrent = (by: (edit: Planned) => void) => () => current && by(current)
  const edge = (key: string, what: string, side: 'start' | 'end', by: number): Shortcut => ({
    keys: [key],
    what,
    act: onCurrent((edit) => deciding?.nudge(edit, side, by * nudgeSeconds)),
  })
  return [
    { keys: ['j'], what: 'next edit', act: () => step(1) },
    { keys: ['k'], what: 'edit before', act: () => step(-1) },
    { keys: [' '], what: 'play and stop', act: listening.toggle },
    { keys: ['b'], what: 'hear it before', act: onCurrent((edit) => listening.hear('before', edit)) },
    { keys: ['n'], what: 'hear it after', act: onCurrent((edit) => listening.hear('after', edit)) },
    ...(isRestored
      ? [
          {
            keys: ['c'],
            what: 'before restoration, and after',
            act: () => listening.compare(listening.comparing === 'unrestored' ? 'recorded' : 'unrestored'),
          },
        ]
      : []),
    ...(deciding
      ? [
          {
            keys: ['a'],
            what: 'cut it',
            act: onCurrent((edit) => deciding.decide(edit, { verdict: 'make' })),
          },
          {
            keys: ['r'],
            what: 'keep it',
            act: onCurrent((edit) => deciding.decide(edit, { verdict: 'leave' })),
          },
          edge(',', 'start earlier', 'start', -1),
          edge('.', 'start later', 'start', 1),
          edge('<', 'end earlier', 'end', -1),
          edge('>', 'end later', 'end', 1),
          { keys: ['u'], what: 'undo', act: deciding.undo },
          { keys: ['U'], what: 'redo', act: deciding.redo },
        ]
      : []),
    { keys: ['?'], what: 'these keys', act: help },
  ]
}

const nearSeconds = 4

/**
 * What the waveform shows: the edit that is looked at, or where one is when that is elsewhere. It stays while that is well
 * inside: a waveform that jumps cannot be dragged.
 */
function useView(current: Span | undefined, at: number, durationSeconds: number): Span {
  const here = { startSeconds: at, endSeconds: at }
  const isNear = current && at >= current.startSeconds - nearSeconds && at <= current.endSeconds + nearSeconds
  const wanted = viewOf(isNear ? current : here, durationSeconds)
  const kept = useRef(wanted)
  const { startSeconds, endSeconds } = kept.current
  const room = (endSeconds - startSeconds) * 0.1
  const isInside = at >= startSeconds + (startSeconds > 0 ? room : 0) && at <= endSeconds - room
  const fits = wanted.endSeconds - wanted.startSeconds <= endSeconds - startSeconds + 0.5
  if (!isInside || !fits) kept.current = wanted
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
