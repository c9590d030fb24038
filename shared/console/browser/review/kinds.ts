/** Which edits are listed, and all of a kind decided at once. */
import { html } from '../parts.ts'
import type { Kind, Planned } from './model.ts'

export interface KindsProps {
  readonly edits: readonly Planned[]
  readonly kinds: readonly Kind[]
  readonly filter: string
  readonly onFilter: (kind: string) => void
  /** Absent for who may not decide. */
  readonly onAll?: ((kind: string, verdict: 'make' | 'leave', many: string) => void) | undefined
}

export function Kinds({ edits, kinds, filter, onFilter, onAll }: KindsProps) {
  const there = kinds.filter(({ kind }) => edits.some((edit) => edit.kind === kind))
  const many = kinds.find(({ kind }) => kind === filter)?.many
  const count = (kind: string) => edits.filter((edit) => edit.kind === kind).length
  return html`<div class="kinds buttons">
    <select
      aria-label="Which edits are listed"
      value=${filter}
      onChange=${(event: Event) => onFilter((event.target as HTMLSelectElement).value)}
    >
      <option value="">All ${edits.length} edits</option>
      ${there.map((one) => html`<option value=${one.kind}>${`${one.many} (${count(one.kind)})`}</option>`)}
    </select>
    ${
      onAll && many !== undefined
        ? html`<button type="button" onClick=${() => onAll(filter, 'make', many)}>Cut all</button>
            <button type="button" onClick=${() => onAll(filter, 'leave', many)}>Keep all</button>`
        : null
    }
  </div>`
}
