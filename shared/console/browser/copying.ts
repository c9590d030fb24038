/** Something to copy, shown so that it can also be selected by hand. */
import { useState } from 'preact/hooks'
import { html } from './parts.ts'

export function Copyable({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
  }
  return html`<span class="copyable">
    <input
      readonly
      aria-label=${label}
      value=${text}
      onFocus=${(event: Event) => (event.currentTarget as HTMLInputElement).select()}
    />
    <button type="button" onClick=${() => void copy()}>${isCopied ? 'Copied' : 'Copy'}</button>
    <span role="status" class="unseen">${isCopied ? `${label}: copied` : ''}</span>
  </span>`
}
