/** Where listeners may give money: addresses, and what they are called. */
import { html } from '../parts.ts'
import { valueAt } from './document.ts'
import { Text, type Form } from './fields.ts'

export function Links({ form }: { form: Form }) {
  const { document, set } = form.editing
  const links = (valueAt(document, ['funding']) ?? []) as unknown[]
  return html`<fieldset>
    <legend>Funding</legend>
    ${links.map(
      (_, i) =>
        html`<div class="row" key=${i}>
          <${Text} form=${form} path=${['funding', i, 'text']} label="Words" placeholder="Support the show" />
          <${Text} form=${form} path=${['funding', i, 'url']} type="url" label="Address" />
          <button
            type="button"
            aria-label=${`Remove funding ${i + 1}`}
            onClick=${() => set(['funding'], links.toSpliced(i, 1))}
          >
            Remove
          </button>
        </div>`,
    )}
    <button
      type="button"
      onClick=${() => set(['funding'], [...links, { text: 'Support the show', url: '' }])}
    >
      Add funding
    </button>
  </fieldset>`
}
