/**
 * The fields of a form over a document of settings: each knows its path in it, shows its default while nothing is set, and
 * what is wrong with it. Hides how labels, hints and complaints are tied to their inputs.
 */
import type { ComponentChildren, VNode } from 'preact'
import { html } from '../parts.ts'
import { defaultAt, schemaAt, textAt, valueAt, type Path } from './document.ts'
import type { Editing } from './editing.ts'

/** A document under edit, and the schema that has its defaults and limits. */
export interface Form {
  readonly editing: Editing
  readonly schema: unknown
}

interface FieldProps {
  readonly form: Form
  readonly path: Path
  readonly label: string
  readonly hint?: string
}

const idOf = (path: Path): string => `field-${path.join('-')}`

/** What is wrong with the field, or with something inside it that has no field of its own. */
const complaintOf = ({ editing: { problems } }: Form, path: Path): string | undefined =>
  problems.find((problem) => path.every((part, i) => problem.path[i] === part))?.message

/** What ties an input to what is said of it. */
function ties(form: Form, path: Path, hint: string | undefined) {
  const id = idOf(path)
  const complaint = complaintOf(form, path)
  const described = [hint && `${id}-hint`, complaint && `${id}-error`].filter(Boolean).join(' ')
  return {
    id,
    name: path.join('.'),
    'aria-invalid': complaint === undefined ? undefined : 'true',
    'aria-describedby': described === '' ? undefined : described,
  }
}

function Around({ form, path, label, hint, children }: FieldProps & { children?: ComponentChildren }): VNode {
  const id = idOf(path)
  const complaint = complaintOf(form, path)
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children} ${hint === undefined ? null : html`<small id=${`${id}-hint`}>${hint}</small>`}
    ${complaint === undefined ? null : html`<small id=${`${id}-error`} class="complaint">${complaint}</small>`}
  </div>`
}

const textOf = (event: Event): string => (event.currentTarget as HTMLInputElement).value

/** An emptied field is not set: its default holds. */
const given = (text: string): string | undefined => (text === '' ? undefined : text)

export function Text({
  form,
  path,
  type = 'text',
  list,
  placeholder,
  ...rest
}: FieldProps & { type?: 'text' | 'email' | 'url'; list?: string; placeholder?: string }) {
  const { editing, schema } = form
  return html`<${Around} ...${{ form, path, ...rest }}>
    <input
      ...${ties(form, path, rest.hint)}
      type=${type}
      list=${list}
      placeholder=${placeholder ?? textAt(schemaAt(schema, path), ['default'])}
      value=${textAt(editing.document, path)}
      onInput=${(event: Event) => editing.set(path, given(textOf(event)))}
    />
  </${Around}>`
}

export function LongText({ form, path, rows = 4, ...rest }: FieldProps & { rows?: number }) {
  const { editing, schema } = form
  return html`<${Around} ...${{ form, path, ...rest }}>
    <textarea
      ...${ties(form, path, rest.hint)}
      rows=${rows}
      maxlength=${schemaAt(schema, path)['maxLength']}
      placeholder=${textAt(schemaAt(schema, path), ['default'])}
      value=${textAt(editing.document, path)}
      onInput=${(event: Event) => editing.set(path, given(textOf(event)))}
    ></textarea>
  </${Around}>`
}

/** `unit`: behind the label. `usual`: in place of the schema's. */
export function Amount({
  form,
  path,
  label,
  unit,
  step = 'any',
  ...rest
}: FieldProps & { unit?: string; step?: string }) {
  const { editing, schema } = form
  const { minimum, maximum } = schemaAt(schema, path)
  const set = (event: Event) => {
    const text = textOf(event)
    editing.set(path, text === '' ? undefined : Number(text))
  }
  return html`<${Around} ...${{ form, path, label: unit === undefined ? label : `${label} (${unit})`, ...rest }}>
    <input
      ...${ties(form, path, rest.hint)}
      type="number"
      ...${{ step, min: minimum, max: maximum }}
      placeholder=${textAt(schemaAt(schema, path), ['default'])}
      value=${textAt(editing.document, path)}
      onInput=${set}
    />
  </${Around}>`
}

export function Check({ form, path, label, hint }: FieldProps) {
  const { editing, schema } = form
  const id = idOf(path)
  const complaint = complaintOf(form, path)
  return html`<div class="field check">
    <input
      ...${ties(form, path, hint)}
      type="checkbox"
      checked=${(valueAt(editing.document, path) ?? defaultAt(schema, path) ?? false) === true}
      onChange=${(event: Event) => editing.set(path, (event.currentTarget as HTMLInputElement).checked)}
    />
    <label for=${id}>${label}</label>
    ${hint === undefined ? null : html`<small id=${`${id}-hint`}>${hint}</small>`}
    ${complaint === undefined ? null : html`<small id=${`${id}-error`} class="complaint">${complaint}</small>`}
  </div>`
}

export type Choice = readonly [value: string, title: string]

/** `unset`: what it is called that nothing is chosen; without, the default is shown as chosen. */
export function Select({
  form,
  path,
  choices,
  unset,
  isNumber = false,
  ...rest
}: FieldProps & { choices: readonly Choice[]; unset?: string; isNumber?: boolean }) {
  const { editing, schema } = form
  const usual = unset === undefined ? textAt(schemaAt(schema, path), ['default']) : ''
  const now = textAt(editing.document, path) || usual
  const isListed = now === '' || choices.some(([value]) => value === now)
  const set = (event: Event) => {
    const value = given(textOf(event))
    editing.set(path, value !== undefined && isNumber ? Number(value) : value)
  }
  return html`<${Around} ...${{ form, path, ...rest }}>
    <select ...${ties(form, path, rest.hint)} value=${now} onChange=${set}>
      ${unset === undefined ? null : html`<option value="">${unset}</option>`}
      ${isListed ? null : html`<option value=${now}>${now}</option>`}
      ${choices.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
    </select>
  </${Around}>`
}

/** Fields that few need; open when one of them has a complaint. */
export const Folded = ({
  form,
  paths,
  title,
  children,
}: {
  form: Form
  paths: readonly Path[]
  title: string
  children?: ComponentChildren
}) =>
  html`<details
    class="folded"
    open=${paths.some((path) => complaintOf(form, path) !== undefined) || undefined}
  >
    <summary>${title}</summary>
    <div class="fields">${children}</div>
  </details>`

export type Option = readonly [value: string, title: string, hint: string]

/** One of a few, each with a line on what it means. */
export function Options({ form, path, label, choices }: FieldProps & { choices: readonly Option[] }) {
  const { editing, schema } = form
  const set = valueAt(editing.document, path)
  const now = set === undefined ? defaultAt(schema, path) : set
  const complaint = complaintOf(form, path)
  const id = idOf(path)
  return html`<fieldset class="options" aria-describedby=${complaint && `${id}-error`}>
    <legend>${label}</legend>
    ${choices.map(
      ([value, title, hint]) =>
        html`<div key=${value}>
          <label
            ><input
              type="radio"
              name=${path.join('.')}
              aria-describedby=${`${id}-${value}`}
              checked=${now === value}
              onChange=${() => editing.set(path, value)}
            />
            ${title}</label
          >
          <small id=${`${id}-${value}`}>${hint}</small>
        </div>`,
    )}
    ${complaint === undefined ? null : html`<small id=${`${id}-error`} class="complaint">${complaint}</small>`}
  </fieldset>`
}
