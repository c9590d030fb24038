/** What belongs to whoever is signed in: usage, keys, webhooks, and the ways out. */
import { html, show } from '../parts.ts'
import { Account } from '../settings/account.ts'
import { ApiKeys, ProviderKeys } from '../settings/keys.ts'
import { Usage } from '../settings/usage.ts'
import { Webhooks } from '../settings/webhooks.ts'

show(
  () => html`
    <h1>Settings</h1>
    <${Usage} />
    <${ProviderKeys} />
    <${ApiKeys} />
    <${Webhooks} />
    <${Account} />
  `,
)
