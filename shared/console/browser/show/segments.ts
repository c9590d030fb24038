/**
 * The segments of an episode in their order: added, removed, moved by buttons or with Alt and the arrow keys. Hides that
 * what is being edited, and the keyboard's place, go along with a segment that moves.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { html } from '../parts.ts'
import type { Asset } from './template.ts'
import type { Form } from './fields.ts'
import { SegmentFields } from './segment-fields.ts'
import {
  newSegment,
  segmentsIn,
  segmentsOf,
  spokenTypes,
  titleOf,
  typeTitles,
  type Segment,
  type SegmentType,
} from './template.ts'

export function Segments({ form, files }: { form: Form; files: readonly Asset[] }) {
  const segments = segmentsOf(form.editing.document)
  const [open, setOpen] = useState<number>()
  const [said, say] = useState('')
  const list = useRef<HTMLOListElement>(null)
  const focus = useRef<number>(undefined)
  // before the next key is heard
  useLayoutEffect(() => {
    if (focus.current === undefined) return
    const item = list.current?.children[focus.current]
    item?.querySelector<HTMLElement>('.handle')?.focus()
    focus.current = undefined
  })
  const given = segmentsIn(form.editing.document)
  const change = (changed: readonly unknown[]) => form.editing.set(['segments'], changed)

  const move = (from: number, to: number) => {
    if (to < 0 || to >= segments.length) return
    const segment = segments[from]!
    change(given.toSpliced(from, 1).toSpliced(to, 0, given[from]))
    if (open === from) setOpen(to)
    else if (open === to) setOpen(from)
    focus.current = to
    say(`${titleOf(segment)} is now ${to + 1} of ${segments.length}.`)
  }
  const removeAt = (at: number) => {
    change(given.toSpliced(at, 1))
    setOpen(undefined)
    focus.current = Math.min(at, segments.length - 2)
    say(`${titleOf(segments[at]!)} is removed.`)
  }
  const add = (type: SegmentType) => {
    const content = segments.findIndex((each) => each.type === 'content')
    const at = type === 'intro' ? 0 : type === 'outro' || content < 0 ? segments.length : content
    change(given.toSpliced(at, 0, newSegment(type)))
    setOpen(at)
    focus.current = at
    say(`${typeTitles[type]} is added as ${at + 1} of ${segments.length + 1}.`)
  }
  const keys = (at: number) => (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (!event.altKey || by === undefined) return
    event.preventDefault()
    move(at, at + by)
  }
  const hasContent = segments.some(({ type }) => type === 'content')
  return html`<fieldset>
    <legend>Segments</legend>
    <p class="quiet">In the order in which they are heard. On a segment’s name, Alt with ↑ or ↓ moves it.</p>
    <ol class="segments" ref=${list}>
      ${segments.map(
        (segment, i) =>
          html`<li key=${i}>
            <div class="segment-bar">
              <button
                type="button"
                class="handle"
                aria-expanded=${open === i}
                onKeyDown=${keys(i)}
                onClick=${() => setOpen(open === i ? undefined : i)}
              >
                ${i + 1}. ${titleOf(segment)} <span class="quiet">${whatOf(segment)}</span>
              </button>
              <span class="buttons">
                <button
                  type="button"
                  aria-label=${`Move ${titleOf(segment)} up`}
                  disabled=${i === 0}
                  onClick=${() => move(i, i - 1)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  aria-label=${`Move ${titleOf(segment)} down`}
                  disabled=${i === segments.length - 1}
                  onClick=${() => move(i, i + 1)}
                >
                  ↓
                </button>
                <button
                  type="button"
                  aria-label=${`Remove ${titleOf(segment)}`}
                  disabled=${segments.length === 1}
                  onClick=${() => removeAt(i)}
                >
                  ✕
                </button>
              </span>
            </div>
            ${open === i ? html`<${SegmentFields} form=${form} at=${i} segment=${segment} files=${files} />` : null}
          </li>`,
      )}
    </ol>
    ${hasContent ? null : html`<p class="quiet">The recording is put before the outro, since no segment stands for it.</p>`}
    <div class="buttons" role="group" aria-label="Add a segment">
      ${(['content', ...spokenTypes] as const)
        .filter((type) => type !== 'content' || !hasContent)
        .map(
          (type) =>
            html`<button key=${type} type="button" onClick=${() => add(type)}>+ ${typeTitles[type]}</button>`,
        )}
    </div>
    <p class="unseen" role="status">${said}</p>
  </fieldset>`
}

/** What is heard, in few words. */
function whatOf({ type, source, title }: Segment): string {
  const kind = title === undefined ? '' : `${typeTitles[type] ?? type} · `
  if (!source) return title === undefined ? '' : 'The recording'
  if (source.kind === 'static') return `${kind}${source.file || 'no file chosen'}`
  if (source.kind === 'mail') return `${kind}${typeof source.count === 'number' ? source.count : 1} read out`
  const { script } = source
  return `${kind}“${script.length > 40 ? `${script.slice(0, 40)}…` : script}”`
}
