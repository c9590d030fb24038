/** A restored recording before and after, from where one is: the other button goes on from the same instant. */
import { html } from '../parts.ts'
import type { Listening } from './listening.ts'

export interface CompareProps {
  readonly listening: Listening
  /** What was found in the sound and done about it. */
  readonly lines: readonly string[]
}

const sides = [
  ['unrestored', 'A before'],
  ['recorded', 'B restored'],
] as const

export function Compare({ listening: { comparing, compare }, lines }: CompareProps) {
  return html`<div class="compare">
    <span class="buttons" role="group" aria-label="Before and after the sound was restored">
      ${sides.map(
        ([side, title]) =>
          html`<button type="button" aria-pressed=${comparing === side} onClick=${() => compare(side)}>
            ${title}
          </button>`,
      )}
    </span>
    <span class="quiet">Equally loud, from here on.</span>
    <details>
      <summary>What was done to the sound</summary>
      <ul class="notes">
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>
    </details>
  </div>`
}
