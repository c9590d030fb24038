/** The bar below a form that says where its document stands, and saves it; and what to do when others were faster. */
import { html, Notice, reasonOf } from '../parts.ts'
import { differingFields } from './document.ts'
import type { Editing } from './editing.ts'

/** `what`: as in "The settings". */
export function SaveBar({
  editing,
  what,
  isUsable = true,
}: {
  editing: Editing
  what: string
  isUsable?: boolean
}) {
  const { isChanged, isSaving, isSaved, problems, error, newer } = editing
  return html`
    ${newer ? html`<${Newer} editing=${editing} what=${what} />` : null}
    ${error === undefined ? null : html`<${Notice} kind="error">${what} were not saved. ${reasonOf(error)}</${Notice}>`}
    <div class="save-bar">
      <button
        type="button"
        class="main"
        disabled=${!isChanged || isSaving || !isUsable || newer !== undefined}
        aria-busy=${isSaving}
        onClick=${() => void editing.save()}
      >
        ${isSaving ? 'Saving…' : 'Save'}
      </button>
      <span role="status" class="quiet"
        >${
          problems.length > 0
            ? `${problems.length === 1 ? 'One field needs' : `${problems.length} fields need`} another look: ${namesOf(problems)}.`
            : isChanged
              ? 'Not saved yet.'
              : isSaved
                ? 'Saved.'
                : ''
        }</span
      >
    </div>
  `
}

function Newer({ editing, what }: { editing: Editing; what: string }) {
  const { document, newer, takeNewer, keepMine } = editing
  const fields = differingFields(document, newer!.document)
  return html`<div class="notice error" role="alert">
    <p>
      ${what} were changed elsewhere meanwhile, so yours are not saved. What you typed is still here.
      ${fields.length > 0 ? ` The two differ in: ${fields.join(', ')}.` : ''}
    </p>
    <div class="buttons">
      <button type="button" onClick=${takeNewer}>Take the newer ones</button>
      <button type="button" onClick=${() => void keepMine()}>Save mine in their place</button>
    </div>
  </div>`
}

const mostNamed = 5

/** Also of what has no field of its own in the form. */
function namesOf(problems: Editing['problems']): string {
  const names = [...new Set(problems.map(({ path }) => path.join('.') || 'the text'))]
  return names.length > mostNamed ? `${names.slice(0, mostNamed).join(', ')} …` : names.join(', ')
}
