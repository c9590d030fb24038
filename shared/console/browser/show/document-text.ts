/**
 * A document as text, with the numbers of its lines and what is wrong beside them. What is written here is the document
 * that the form shows, as soon as it is JSON.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../parts.ts'
import { isRecord, isSame, lineOf, type Fields } from './document.ts'
import type { Editing } from './editing.ts'

const textOf = (document: Fields): string => JSON.stringify(document, null, 2)

function documentIn(text: string): Fields | undefined {
  try {
    const found = JSON.parse(text) as unknown
    return isRecord(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** `onUsable`: whether the text is a document at all. */
export function DocumentText({
  editing,
  label,
  onUsable,
}: {
  editing: Editing
  label: string
  onUsable?: (isUsable: boolean) => void
}) {
  const { document, problems } = editing
  const [text, setText] = useState(() => textOf(document))
  const gutter = useRef<HTMLPreElement>(null)
  // what the form or somebody else has changed; not what is being typed here
  useEffect(() => {
    const written = documentIn(text)
    if (written === undefined || !isSame(written, document)) setText(textOf(document))
  }, [document])
  const write = (event: Event) => {
    const typed = (event.currentTarget as HTMLTextAreaElement).value
    setText(typed)
    const written = documentIn(typed)
    onUsable?.(written !== undefined)
    if (written) editing.replace(written)
    else editing.judge(typed)
  }
  const places = placed(text, problems)
  const lines = text.split('\n').length
  return html`<div class="document-text">
    <div class="code">
      <pre ref=${gutter} class="gutter" aria-hidden="true">
${Array.from(
          { length: lines },
          (_, i) =>
            html`<span class=${places.some(({ line }) => line === i + 1) ? 'wrong' : ''}
              >${i + 1}${'\n'}</span
            >`,
        )}</pre>
      <textarea
        aria-label=${label}
        aria-invalid=${problems.length > 0 ? 'true' : undefined}
        rows="22"
        spellcheck=${false}
        autocapitalize="off"
        wrap="off"
        value=${text}
        onInput=${write}
        onScroll=${({ currentTarget }: Event) => {
          gutter.current!.scrollTop = (currentTarget as HTMLElement).scrollTop
        }}
      ></textarea>
    </div>
    <div role="status">
      <ul class="problems">
        ${places.map(
          ({ line, path, message }) =>
            html`<li>
              <strong>Line ${line}</strong>${path.length > 0 ? ` · ${path.join('.')}` : ''}: ${message}
            </li>`,
        )}
      </ul>
    </div>
  </div>`
}

/** With its line: what is no JSON says that itself, and then nothing else can be found in it. */
function placed(text: string, problems: Editing['problems']) {
  const isText = documentIn(text) === undefined
  return problems.flatMap(({ path, message }) => {
    const [, line, rest = ''] = /^line (\d+), (.*)$/s.exec(message) ?? []
    if (line !== undefined) return [{ path, message: rest, line: Number(line) }]
    return isText ? [] : [{ path, message, line: lineOf(text, path) }]
  })
}
