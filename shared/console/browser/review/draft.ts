/** The draft of a review, kept in the browser until it is submitted: with undo, redo, and nothing lost on a reload. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { emptyDraft, type Draft } from './model.ts'

const mostUndone = 500
const keyOf = (runId: string): string => `spool-review-${runId}`

interface History {
  readonly past: readonly Draft[]
  readonly now: Draft
  readonly future: readonly Draft[]
}

export interface DraftControls {
  readonly draft: Draft
  readonly change: (change: (draft: Draft) => Draft) => void
  readonly undo: () => boolean
  readonly redo: () => boolean
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** It was submitted, or given up. */
  readonly forget: () => void
}

export function useDraft(runId: string): DraftControls {
  const [history, setHistory] = useState<History>(() => ({ past: [], now: read(runId), future: [] }))
  const { past, now, future } = history
  useEffect(() => write(runId, now), [runId, now])
  const change = useCallback(
    (by: (draft: Draft) => Draft) =>
      setHistory((before) => {
        const next = by(before.now)
        return next === before.now
          ? before
          : { past: [...before.past, before.now].slice(-mostUndone), now: next, future: [] }
      }),
    [],
  )
  const undo = () => {
    const last = past.at(-1)
    if (last) setHistory({ past: past.slice(0, -1), now: last, future: [now, ...future] })
    return last !== undefined
  }
  const redo = () => {
    const [next, ...rest] = future
    if (next) setHistory({ past: [...past, now], now: next, future: rest })
    return next !== undefined
  }
  const forget = () => {
    localStorage.removeItem(keyOf(runId))
    setHistory({ past: [], now: emptyDraft, future: [] })
  }
  return useMemo(
    () => ({
      ...{ draft: now, change, undo, redo, forget },
      canUndo: past.length > 0,
      canRedo: future.length > 0,
    }),
    [history],
  )
}

/** A browser may refuse to keep anything: then the draft lives as long as the page. */
function read(runId: string): Draft {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(runId)) ?? 'null') as Draft | null
    return kept?.choices && Array.isArray(kept.cuts) ? kept : emptyDraft
  } catch {
    return emptyDraft
  }
}

function write(runId: string, draft: Draft): void {
  try {
    if (draft.cuts.length === 0 && Object.keys(draft.choices).length === 0)
      localStorage.removeItem(keyOf(runId))
    else localStorage.setItem(keyOf(runId), JSON.stringify(draft))
  } catch {
    // full, or not allowed
  }
}
