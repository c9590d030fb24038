/** All edits in one list, by kind, and what is decided of each; hides that only those in view are in the page. */
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import { clock, html } from '../parts.ts'
import { colourOf } from './colours.ts'
import type { Kind, Planned } from './model.ts'
import { useWindowed } from './windowed.ts'

const rowPx = 48

export interface EditListProps {
  readonly edits: readonly Planned[]
  readonly kinds: readonly Kind[]
  readonly current: string | undefined
  readonly comments: ReadonlyMap<string, number>
  readonly onPick: (edit: string) => void
}

/** What becomes of an edit, in a word or two. */
export const verdictOf = ({ status, waits, puts }: Planned): string =>
  status === 'pending'
    ? waits
      ? 'to decide'
      : 'not made'
    : status === 'rejected'
      ? 'kept'
      : puts === null
        ? 'cut'
        : 'made'

export function EditList({ edits, kinds, current, comments, onPick }: EditListProps) {
  const list = useWindowed(edits.length, () => rowPx)
  const index = edits.findIndex(({ id }) => id === current)
  useEffect(() => list.reveal(index), [current])
  const press = (event: KeyboardEvent) => {
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: edits.length - 1 }[event.key]
    const edit = to === undefined ? undefined : edits[Math.max(0, to)]
    if (!edit) return
    event.preventDefault()
    onPick(edit.id)
  }
  const isShown = index >= list.first && index < list.end
  return html`<div
    class="edit-list"
    ref=${list.scroller as RefObject<HTMLDivElement>}
    role="listbox"
    tabindex="0"
    aria-label="Edits"
    aria-activedescendant=${isShown ? `edit-${current}` : undefined}
    onKeyDown=${press}
  >
    <div role="presentation" style=${{ height: `${list.above}px` }}></div>
    ${edits.slice(list.first, list.end).map((edit, i) => {
      const said = comments.get(edit.id) ?? 0
      return html`<div
        key=${edit.id}
        id=${`edit-${edit.id}`}
        role="option"
        aria-selected=${edit.id === current}
        aria-posinset=${list.first + i + 1}
        aria-setsize=${edits.length}
        class=${`edit-row ${edit.isChanged ? 'changed' : ''}`}
        onClick=${() => onPick(edit.id)}
      >
        <span class="dot" style=${{ background: colourOf(kinds, edit.kind) }}></span>
        <time class="quiet">${clock(edit.startSeconds)}</time>
        <span class="what">${textOf(edit, kinds)}</span>
        ${said === 0 ? null : html`<span class="said" title="Comments">${said} ✎</span>`}
        <span class=${`verdict ${edit.status}`}>${verdictOf(edit)}</span>
      </div>`
    })}
    <div role="presentation" style=${{ height: `${list.below}px` }}></div>
  </div>`
}

const textOf = (
  { kind, text, question, startSeconds, endSeconds }: Planned,
  kinds: readonly Kind[],
): string => {
  const name = kinds.find((one) => one.kind === kind)?.one ?? kind
  const quoted = question ?? text
  return quoted === '' ? `${name} of ${(endSeconds - startSeconds).toFixed(1)} s` : `${name}: ${quoted}`
}
