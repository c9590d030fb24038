/** Signing out, and deleting everything. */
import { useState } from 'preact/hooks'
import { address, post } from '../api.ts'
import { Action, Field, html } from '../parts.ts'

/** As the API wants it written. */
const confirmation = 'delete everything'

export function Account() {
  const [typed, setTyped] = useState('')
  const go = async () => {
    await post('/account/deletion', { confirm: typed })
    location.assign(address('sign-in'))
  }
  return html`<section aria-labelledby="account">
    <h2 id="account">Account</h2>
    <form method="post" action=${address('sign-out')}><button>Sign out</button></form>
    <details class="folded">
      <summary>Delete everything…</summary>
      <p>
        All shows with their feeds, all episodes and recordings, letters, keys, webhooks, and what was counted of your usage. What is
        being made is cancelled. You are signed out at once, listeners find nothing any more within minutes, and it cannot be taken
        back. Files that you have downloaded are yours.
      </p>
      <${Field} label=${`Write “${confirmation}” to confirm`}>
        <input value=${typed} autocomplete="off" onInput=${(event: Event) => setTyped((event.currentTarget as HTMLInputElement).value)} />
      </${Field}>
      <${Action} kind="danger" disabled=${typed !== confirmation} act=${go}>Delete everything for good</${Action}>
    </details>
  </section>`
}
