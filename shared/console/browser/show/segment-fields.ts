/** What is to be said of one segment: what is heard, its title, its place in time. */
import { html, useApi } from '../parts.ts'
import type { Asset } from './template.ts'
import { textAt, type Path } from './document.ts'
import { Amount, Check, LongText, Select, Text, type Choice, type Form } from './fields.ts'
import {
  isPicture,
  isSound,
  newSource,
  spokenTypes,
  typeTitles,
  type Segment,
  type Source,
  type SourceKind,
} from './template.ts'

const kinds: readonly (readonly [SourceKind, string])[] = [
  ['static', 'A file'],
  ['spoken', 'A text that is spoken'],
  ['mail', 'Letters that are read out'],
]

/** Of a segment that does not say yet what is heard. */
const blank: Source = { kind: 'static', file: '', script: '', count: undefined }

export const choicesOf = (files: readonly Asset[], is: (file: string) => boolean): Choice[] =>
  files.filter(({ file }) => is(file)).map(({ file }) => [file, file] as const)

export function SegmentFields({
  form,
  at,
  segment: { type, source },
  files,
}: {
  form: Form
  at: number
  segment: Segment
  files: readonly Asset[]
}) {
  const path = ['segments', at]
  const pictures = choicesOf(files, isPicture)
  return html`<div class="fields">
    ${
      type === 'content'
        ? null
        : html`<${Select}
            form=${form}
            path=${[...path, 'type']}
            label="Kind"
            choices=${spokenTypes.map((each) => [each, typeTitles[each]] as const)}
          />`
    }
    <${Text} form=${form} path=${[...path, 'title']} label="Title" hint="Of its chapter." />
    ${type !== 'content' ? html`<${Heard} form=${form} path=${[...path, 'source']} source=${source ?? blank} files=${files} />` : null}
    <${Amount}
      form=${form}
      path=${[...path, 'offsetSeconds']}
      label="Offset"
      unit="seconds"
      hint="From the end of the segment before; negative lets the two overlap."
    />
    ${type === 'content' ? null : html`<${Amount} form=${form} path=${[...path, 'gainDb']} label="Gain" unit="dB" hint="Louder or quieter than the rest." />`}
    <${Select}
      form=${form}
      path=${[...path, 'image']}
      label="Picture"
      unset="None"
      choices=${pictures}
      hint="Shown with the chapter; one of the files below."
    />
    <${Check} form=${form} path=${[...path, 'chapter']} label="A chapter of its own" />
  </div>`
}

function Heard({
  form,
  path,
  source,
  files,
}: {
  form: Form
  path: Path
  source: Source
  files: readonly Asset[]
}) {
  const { editing } = form
  const variables = useApi<{ episode: string[]; letter: string[] }>('/variables')
  const { episode = [], letter = [] } = variables.data ?? {}
  const names = source.kind === 'mail' ? [...letter, ...episode] : episode
  const script: Path = [...path, 'script']
  const add = (name: string) => () => editing.set(script, `${textAt(editing.document, script)}{${name}}`)
  const id = `heard-${path.join('-')}`
  return html`
    <div class="field">
      <label for=${id}>What is heard</label>
      <select
        id=${id}
        value=${source.kind}
        onChange=${(event: Event) => editing.set(path, newSource((event.currentTarget as HTMLSelectElement).value as SourceKind))}
      >
        ${kinds.map(([kind, title]) => html`<option key=${kind} value=${kind}>${title}</option>`)}
      </select>
    </div>
    ${
      source.kind === 'static'
        ? html`<${Select}
            form=${form}
            path=${[...path, 'file']}
            label="File"
            unset="Choose one of the files below"
            choices=${choicesOf(files, isSound)}
          />`
        : html`<div class="wide">
            ${source.kind === 'mail' ? html`<${Amount} form=${form} path=${[...path, 'count']} step="1" label="Letters" hint="Those picked for the episode, or the newest." />` : null}
            <${LongText}
              form=${form}
              path=${script}
              label=${source.kind === 'mail' ? 'Text for each letter' : 'Text'}
              hint="What stands in braces is filled in:"
            />
            <div class="buttons" role="group" aria-label="Put in a variable">
              ${names.map((name) => html`<button key=${name} type="button" class="small" onClick=${add(name)}>{${name}}</button>`)}
            </div>
          </div>`
    }
  `
}
