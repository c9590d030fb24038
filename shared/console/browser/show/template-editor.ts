/** A template under edit: as a form for the common parts, or whole as text. Both are the same document. */
import { useState } from 'preact/hooks'
import { html } from '../parts.ts'
import type { Asset } from './template.ts'
import { DocumentText } from './document-text.ts'
import type { Form } from './fields.ts'
import { Cleaning, Notes, Publishing, Sound, Words } from './making.ts'
import { Music } from './music.ts'
import { Order } from './order.ts'
import { Restoring } from './restoring.ts'
import { SaveBar } from './saving.ts'
import { Segments } from './segments.ts'
import { VoiceChoice } from './voice-choice.ts'

export function TemplateEditor({ form, files }: { form: Form; files: readonly Asset[] }) {
  const [view, setView] = useState<'form' | 'text'>('form')
  const [isUsable, setUsable] = useState(true)
  const { editing } = form
  const choose = (wanted: typeof view) => () => {
    setView(wanted)
    setUsable(true)
    editing.replace(editing.document) // what was no JSON is forgotten, and its complaint too
  }
  return html`<section aria-labelledby="template">
    <div class="bar">
      <h2 id="template">Template</h2>
      <div class="buttons" role="group" aria-label="How the template is edited">
        <button type="button" aria-pressed=${view === 'form'} onClick=${choose('form')}>Form</button>
        <button type="button" aria-pressed=${view === 'text'} onClick=${choose('text')}>JSON</button>
      </div>
    </div>
    <p>By it the show’s episodes are made, from the next one on.</p>
    <${Order} template=${editing.document} files=${files} />
    ${
      view === 'text'
        ? html`<${DocumentText} editing=${editing} label="The template as JSON" onUsable=${setUsable} />`
        : html`
            <${Segments} form=${form} files=${files} />
            <${Music} form=${form} files=${files} />
            <${VoiceChoice} form=${form} />
            <${Restoring} form=${form} />
            <${Cleaning} form=${form} />
            <${Sound} form=${form} />
            <${Words} form=${form} />
            <${Notes} form=${form} />
            <${Publishing} form=${form} />
          `
    }
    <${SaveBar} editing=${editing} what="The changes of the template" isUsable=${isUsable} />
  </section>`
}
