/** Music under the segments: which file, under what, how loud. */
import { html } from '../parts.ts'
import type { Asset } from './template.ts'
import { defaultAt, valueAt } from './document.ts'
import { Amount, Check, Select, type Form } from './fields.ts'
import { choicesOf } from './segment-fields.ts'
import { bedsIn, isSound, spokenTypes, typeTitles, type SegmentType } from './template.ts'

export function Music({ form, files }: { form: Form; files: readonly Asset[] }) {
  const { document, set } = form.editing
  const beds = bedsIn(document)
  return html`<fieldset>
    <legend>Music underneath</legend>
    ${beds.length === 0 ? html`<p class="quiet">None.</p>` : null}
    ${beds.map(
      (_, i) =>
        html`<div class="card" key=${i}>
          <div class="fields">
            <${Select}
              form=${form}
              path=${['music', i, 'file']}
              label=${`Music ${i + 1}`}
              unset="Choose one of the files below"
              choices=${choicesOf(files, isSound)}
            />
            <${Amount}
              form=${form}
              path=${['music', i, 'levelDb']}
              label="Level"
              unit="dB"
              hint="Below the rest, while nobody speaks."
            />
            <${Amount} form=${form} path=${['music', i, 'fadeInSeconds']} label="Fade in" unit="seconds" />
            <${Amount} form=${form} path=${['music', i, 'fadeOutSeconds']} label="Fade out" unit="seconds" />
            <${Check} form=${form} path=${['music', i, 'ducking', 'enabled']} label="Quieter under speech" />
            <${Amount} form=${form} path=${['music', i, 'ducking', 'depthDb']} label="By" unit="dB" />
          </div>
          <${Under} form=${form} at=${i} />
          <button type="button" onClick=${() => set(['music'], beds.toSpliced(i, 1))}>
            Remove music ${i + 1}
          </button>
        </div>`,
    )}
    <button type="button" onClick=${() => set(['music'], [...beds, { file: '' }])}>Add music</button>
  </fieldset>`
}

function Under({ form, at }: { form: Form; at: number }) {
  const { document, set } = form.editing
  const path = ['music', at, 'under']
  const chosen = valueAt(document, path) ?? defaultAt(form.schema, path)
  const now: readonly unknown[] = Array.isArray(chosen) ? chosen : []
  const toggle = (type: SegmentType) => () =>
    set(path, now.includes(type) ? now.filter((each) => each !== type) : [...now, type])
  return html`<fieldset class="checks">
    <legend>It plays under</legend>
    ${(['content', ...spokenTypes] as const).map(
      (type) =>
        html`<label key=${type}>
          <input type="checkbox" checked=${now.includes(type)} onChange=${toggle(type)} /> ${typeTitles[type]}
        </label>`,
    )}
  </fieldset>`
}
