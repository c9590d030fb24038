/** How the sound of a recording is restored: one of the presets, or what the template's text names. */
import { html } from '../parts.ts'
import { isRecord, valueAt } from './document.ts'
import { Options, type Form, type Option } from './fields.ts'

/** As shared/settings/restore.ts has them. */
const presets: readonly Option[] = [
  ['off', 'Not at all', 'The sound stays as it was recorded.'],
  [
    'studio',
    'Studio',
    'Hum, rumble, clicks and crosstalk go; noise and loud and quiet phrases stay as they are.',
  ],
  ['home', 'Home', 'Noise goes down as far as it needs to, and loud and quiet phrases come closer too.'],
  ['field', 'Field', 'Noise goes down by up to 18 dB, and phrases get one loudness.'],
]

export function Restoring({ form }: { form: Form }) {
  const now = valueAt(form.editing.document, ['restore'])
  const named = isRecord(now)
    ? Object.entries(now).map(([what, how]) => `${what}: ${String(how)}`)
    : undefined
  return html`<fieldset>
    <legend>Restoring the sound</legend>
    <${Options} form=${form} path=${['restore']} label="Before anything listens to it" choices=${presets} />
    ${
      named
        ? html`<p class="quiet">
            Set one by one in the template’s text: ${named.join(', ') || 'as at home'}. A choice here takes
            its place.
          </p>`
        : null
    }
  </fieldset>`
}
