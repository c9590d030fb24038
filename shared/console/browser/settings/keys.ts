/** Keys of providers, which are given and never shown, and keys of the API, which are shown once. */
import { useState } from 'preact/hooks'
import { post, put, remove } from '../api.ts'
import { Copyable } from '../copying.ts'
import { Action, day, Field, html, Loading, moment, Notice, useApi } from '../parts.ts'

const providers: readonly (readonly [name: string, title: string, does: string])[] = [
  ['assemblyai', 'AssemblyAI', 'writes words down'],
  ['deepgram', 'Deepgram', 'writes words down'],
  ['elevenlabs', 'ElevenLabs', 'writes words down, speaks'],
  ['openai', 'OpenAI, or a server like it', 'writes words down, speaks, answers'],
  ['gemini', 'Gemini', 'answers'],
]

interface ProviderKey {
  readonly provider: string
  readonly createdAt: string
}

export function ProviderKeys() {
  const keys = useApi<{ items: ProviderKey[] }>('/provider-keys')
  return html`<section aria-labelledby="providers">
    <h2 id="providers">Providers</h2>
    <p>Keys are kept sealed. They can be replaced and forgotten; nobody can read them again, not even you.</p>
    <${Loading} of=${keys}>${({ items }: { items: ProviderKey[] }) =>
      html`<ul class="rows">
        ${providers.map(
          ([name, title, does]) =>
            html`<${Provider}
              key=${name}
              ...${{ name, title, does, given: items.find(({ provider }) => provider === name), changed: keys.reload }}
            />`,
        )}
      </ul>`}</${Loading}>
  </section>`
}

function Provider({
  name,
  title,
  does,
  given,
  changed,
}: {
  name: string
  title: string
  does: string
  given: ProviderKey | undefined
  changed: () => Promise<void>
}) {
  const [key, setKey] = useState('')
  const give = async () => {
    await put(`/provider-keys/${name}`, { key: key.trim() })
    setKey('')
    await changed()
  }
  const forget = async () => {
    await remove(`/provider-keys/${name}`)
    await changed()
  }
  return html`<li>
    <div>
      <strong>${title}</strong> <span class="quiet">${does}</span><br />
      <span class="quiet">${given ? `A key is kept since ${day(given.createdAt)}.` : 'No key.'}</span>
    </div>
    <form class="inline" onSubmit=${(event: Event) => event.preventDefault()}>
      <input
        type="password"
        autocomplete="off"
        aria-label=${`Key of ${title}`}
        placeholder=${given ? 'Another key' : 'Key'}
        value=${key}
        onInput=${(event: Event) => setKey((event.currentTarget as HTMLInputElement).value)}
      />
      <${Action} disabled=${key.trim() === ''} act=${give}>${given ? 'Replace' : 'Give'}<span class="unseen"> the key of ${title}</span></${Action}>
      ${
        given
          ? html`<${Action} act=${forget} confirm=${`Forget the key of ${title}? Episodes that need it wait for another.`}>Forget<span class="unseen"> the key of ${title}</span></${Action}>`
          : null
      }
    </form>
  </li>`
}

interface ApiKey {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly usedAt: string | null
}

export function ApiKeys() {
  const keys = useApi<{ items: ApiKey[] }>('/api-keys')
  const [name, setName] = useState('')
  const [mayWrite, setMayWrite] = useState(true)
  const [made, setMade] = useState<{ name: string; key: string }>()
  const make = async () => {
    const { key } = await post<{ key: string }>('/api-keys', {
      name,
      scopes: mayWrite ? ['read', 'write'] : ['read'],
    })
    setMade({ name, key })
    setName('')
    await keys.reload()
  }
  const revoke = (id: string) => async () => {
    await remove(`/api-keys/${id}`)
    await keys.reload()
  }
  return html`<section aria-labelledby="api-keys">
    <h2 id="api-keys">Keys of the API</h2>
    <p>For scripts and other programs, and for signing in here.</p>
    <${Loading} of=${keys}>${({ items }: { items: ApiKey[] }) =>
      items.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<ul class="rows">
            ${items.map(
              (each) => html`<li key=${each.id}>
                <div>
                  <strong>${each.name}</strong> <span class="quiet">${each.scopes.includes('write') ? 'reads and changes' : 'reads only'}</span><br />
                  <span class="quiet">Made ${day(each.createdAt)}, ${each.usedAt === null ? 'never used' : `used last ${moment(each.usedAt)}`}</span>
                </div>
                <${Action} kind="danger" act=${revoke(each.id)} confirm=${`Revoke “${each.name}”? Whatever uses it is refused from now on.`}>Revoke<span class="unseen"> ${each.name}</span></${Action}>
              </li>`,
            )}
          </ul>`}</${Loading}>
    ${
      made
        ? html`<${Notice} kind="done">The key of “${made.name}”, shown this once: <${Copyable} text=${made.key} label=${`Key “${made.name}”`} /></${Notice}>`
        : null
    }
    <div class="inline">
      <${Field} label="Name of another key" hint="What it is for.">
        <input maxlength="100" value=${name} onInput=${(event: Event) => setName((event.currentTarget as HTMLInputElement).value)} />
      </${Field}>
      <label><input type="checkbox" checked=${mayWrite} onChange=${() => setMayWrite(!mayWrite)} /> It may change things</label>
      <${Action} disabled=${name.trim() === ''} act=${make}>Make a key</${Action}>
    </div>
  </section>`
}
