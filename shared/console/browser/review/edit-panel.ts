/** One edit: what it is and why, its sound before and after, and what is to become of it. */
import { clock, html } from '../parts.ts'
import { verdictOf } from './edit-list.ts'
import type { Choice, Kind, Planned } from './model.ts'

export interface EditPanelProps {
  readonly edit: Planned
  readonly kinds: readonly Kind[]
  readonly position: string
  readonly onHear: (what: 'before' | 'after') => void
  readonly onStep: (by: number) => void
  /** Absent for who may not decide. */
  readonly onChoose?: ((choice: Choice) => void) | undefined
  readonly onNudge?: ((side: 'start' | 'end', seconds: number) => void) | undefined
}

export const nudgeSeconds = 0.05

/** What the two ways to decide are called. */
const verdictWords = {
  none: ['Cut it', 'Keep it'],
  speech: ['Put the answer in', 'Leave it as it is'],
  file: ['Put the sound in', 'Leave it as it is'],
  tone: ['Bleep it', 'Leave it as it is'],
} as const

export function EditPanel(props: EditPanelProps) {
  const { edit, kinds, position, onHear, onStep, onChoose } = props
  const name = kinds.find(({ kind }) => kind === edit.kind)?.one ?? edit.kind
  const seconds = edit.endSeconds - edit.startSeconds
  const [make, leave] = verdictWords[edit.puts ?? 'none']
  return html`<section class="card panel" aria-label="The edit that is looked at">
    <div class="bar">
      <h2>
        ${`${capital(name)} at ${clock(edit.startSeconds)} `}
        <small class="quiet">${seconds > 0 ? `${seconds.toFixed(1)} s` : null}</small>
      </h2>
      <span class="buttons">
        <span class="quiet">${position}</span>
        <button type="button" aria-label="Edit before" onClick=${() => onStep(-1)}>‹</button>
        <button type="button" aria-label="Next edit" onClick=${() => onStep(1)}>›</button>
      </span>
    </div>
    ${edit.text === '' ? null : html`<blockquote>${edit.text}</blockquote>`}
    <p>${edit.reason} <span class=${`verdict ${edit.status}`}>${verdictOf(edit)}</span></p>
    ${edit.question === null ? null : html`<${Question} ...${props} />`}
    <div class="buttons">
      <button type="button" onClick=${() => onHear('before')}>▶ Before</button>
      <button type="button" onClick=${() => onHear('after')}>▶ After</button>
      ${
        onChoose &&
        html`<button
            type="button"
            class=${edit.status === 'applied' ? 'main' : ''}
            aria-pressed=${edit.status === 'applied'}
            disabled=${edit.puts === 'speech' && !edit.answer}
            onClick=${() => onChoose({ verdict: 'make' })}
          >
            ${make}
          </button>
          <button
            type="button"
            class=${edit.status === 'rejected' ? 'main' : ''}
            aria-pressed=${edit.status === 'rejected'}
            onClick=${() => onChoose({ verdict: 'leave' })}
          >
            ${leave}
          </button>`
      }
    </div>
    ${edit.isHeard ? null : html`<p class="quiet">What is put in is not made yet: “after” has the cut alone.</p>`}
    ${onChoose && seconds > 0 ? html`<${Edges} ...${props} />` : null}
  </section>`
}

/** The question that was asked, and the answer to be spoken. */
const Question = ({ edit, onChoose }: EditPanelProps) =>
  html`<label class="field"
    ><span>${edit.question}</span>
    <textarea
      rows="3"
      maxlength="4000"
      placeholder="What is to be said"
      readonly=${!onChoose}
      value=${edit.answer ?? ''}
      onChange=${(event: Event) => {
        const answer = (event.target as HTMLTextAreaElement).value.trim()
        onChoose?.(answer === '' ? { answer, verdict: 'leave' } : { answer, verdict: 'make' })
      }}
    ></textarea>
    <small>It is spoken by the show's voice when you have made it so.</small></label
  >`

const Edges = ({ edit, onNudge }: EditPanelProps) => {
  const edge = (side: 'start' | 'end') =>
    html`<span class="buttons"
      ><span class="quiet">${capital(side)}</span>
      <button type="button" aria-label=${`${side} earlier`} onClick=${() => onNudge?.(side, -nudgeSeconds)}>
        ‹
      </button>
      <button type="button" aria-label=${`${side} later`} onClick=${() => onNudge?.(side, nudgeSeconds)}>
        ›
      </button></span
    >`
  return html`<div class="buttons edges" aria-label=${`Edges of this edit, ${edit.kind}`} role="group">
    ${edge('start')} ${edge('end')} <span class="quiet">or drag them in the waveform</span>
  </div>`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
