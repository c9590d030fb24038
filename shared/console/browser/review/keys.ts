/** The keys of the review, and what says so. Hides when a key is meant for something else. */
import { useEffect, useRef } from 'preact/hooks'
import { html } from '../parts.ts'

export interface Shortcut {
  readonly keys: readonly string[]
  readonly what: string
  readonly act: () => void
}

/** Keys go to fields first, and space to whatever it would press. */
const isTaken = (event: KeyboardEvent): boolean => {
  const target = event.target as HTMLElement
  if (event.ctrlKey || event.metaKey || event.altKey) return true
  if (target.closest('input:not([type=range]), textarea, select, dialog')) return true
  return event.key === ' ' && target.closest('button, a, summary, input') !== null
}

export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const meant = latest.current.find(({ keys }) => keys.includes(event.key))
      if (!meant || event.defaultPrevented || isTaken(event)) return
      event.preventDefault()
      meant.act()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}

const names: Readonly<Record<string, string>> = { ' ': 'Space' }

/** In the transcript; the transcript takes these itself. */
const inTranscript = [
  ['← → ↑ ↓', 'go from word to word'],
  ['Shift + arrows', 'select words'],
  ['x or Delete', 'cut the selected words'],
  ['c or Insert', 'bring the selected words back'],
  ['Enter', 'play from the word'],
] as const

export interface HelpProps {
  readonly shortcuts: readonly Shortcut[]
  readonly isOpen: boolean
  readonly canCut: boolean
  readonly close: () => void
}

export function Help({ shortcuts, isOpen, canCut, close }: HelpProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (isOpen) {
      dialog.current!.showModal()
      dialog.current!.scrollTop = 0 // its only button, which is focused, is the last in it
    } else dialog.current!.close()
  }, [isOpen])
  const row = (keys: string, what: string) =>
    html`<tr>
      <th scope="row"><kbd>${keys}</kbd></th>
      <td>${what}</td>
    </tr>`
  return html`<dialog ref=${dialog} class="card" aria-label="Keys" onClose=${close}>
    <h2>Keys</h2>
    <table>
      <tbody>
        ${shortcuts.map(({ keys, what }) => row(keys.map((key) => names[key] ?? key).join(' or '), what))}
        ${inTranscript.filter((_, i) => canCut || i === 0 || i === 4).map(([keys, what]) => row(keys, `${what}, in the transcript`))}
      </tbody>
    </table>
    <p><button type="button" onClick=${close}>Close</button></p>
  </dialog>`
}
