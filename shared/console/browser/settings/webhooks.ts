/** Webhooks: where one is told of what happens, what was told there, and telling it again. */
import { useState } from 'preact/hooks'
import { post, remove, type ListOf } from '../api.ts'
import { Copyable } from '../copying.ts'
import { Action, Field, html, Loading, moment, Notice, useApi } from '../parts.ts'

interface Webhook {
  readonly id: string
  readonly url: string
  readonly events: readonly string[]
}

/** As shared/webhooks/events.ts has them. */
const events: readonly (readonly [event: string, title: string])[] = [
  ['episode.processed', 'An episode is finished'],
  ['episode.failed', 'An episode has failed'],
  ['episode.awaiting_review', 'An episode waits for me'],
  ['episode.published', 'An episode is published'],
  ['episode.unpublished', 'An episode is taken back'],
  ['mailbox.failed', 'A mailbox could not be read'],
  ['usage.near_cap', 'A limit is near'],
]
const titleOf = (event: string): string => events.find(([name]) => name === event)?.[1] ?? event

export function Webhooks() {
  const webhooks = useApi<{ items: Webhook[] }>('/webhooks')
  const [made, setMade] = useState<{ url: string; secret: string }>()
  return html`<section aria-labelledby="webhooks">
    <h2 id="webhooks">Webhooks</h2>
    <p>Addresses of yours that are told of what happens here, signed as Standard Webhooks has it.</p>
    <${Loading} of=${webhooks}>${({ items }: { items: Webhook[] }) =>
      items.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<ul class="rows">
            ${items.map((each) => html`<${Row} key=${each.id} webhook=${each} changed=${webhooks.reload} />`)}
          </ul>`}</${Loading}>
    ${
      made
        ? html`<${Notice} kind="done">The secret of ${made.url}, shown this once: <${Copyable} text=${made.secret} label="Secret of the webhook" /></${Notice}>`
        : null
    }
    <${Add}
      added=${async (added: { url: string; secret: string }) => {
        setMade(added)
        await webhooks.reload()
      }}
    />
  </section>`
}

function Add({ added }: { added: (made: { url: string; secret: string }) => Promise<void> }) {
  const [url, setUrl] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>(events.map(([name]) => name))
  const add = async () => {
    const { secret } = await post<{ secret: string }>('/webhooks', { url, events: chosen })
    await added({ url, secret })
    setUrl('')
  }
  const toggle = (name: string) => () =>
    setChosen(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name])
  return html`<details class="folded">
    <summary>Add a webhook</summary>
    <${Field} label="Address">
      <input type="url" placeholder="https://" value=${url} onInput=${(event: Event) => setUrl((event.currentTarget as HTMLInputElement).value)} />
    </${Field}>
    <fieldset class="checks">
      <legend>It is told when</legend>
      ${events.map(
        ([name, title]) =>
          html`<label key=${name}
            ><input type="checkbox" checked=${chosen.includes(name)} onChange=${toggle(name)} />
            ${title}</label
          >`,
      )}
    </fieldset>
    <${Action} disabled=${url === '' || chosen.length === 0} act=${add}>Add the webhook</${Action}>
  </details>`
}

function Row({
  webhook: { id, url, events: told },
  changed,
}: {
  webhook: Webhook
  changed: () => Promise<void>
}) {
  const [isOpen, setOpen] = useState(false)
  const go = async () => {
    await remove(`/webhooks/${id}`)
    await changed()
  }
  return html`<li>
    <div>
      <strong class="address">${url}</strong><br />
      <span class="quiet">${told.length === events.length ? 'Everything' : told.map(titleOf).join(' · ')}</span>
    </div>
    <div class="buttons">
      <button type="button" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>What was told<span class="unseen"> to ${url}</span></button>
      <${Action} kind="danger" act=${go} confirm=${`Remove ${url}? What was told there is forgotten with it.`}>Remove<span class="unseen"> ${url}</span></${Action}>
    </div>
    ${isOpen ? html`<${Deliveries} webhookId=${id} />` : null}
  </li>`
}

interface Delivery {
  readonly id: string
  readonly event: string
  readonly status: 'pending' | 'delivered' | 'failed'
  readonly attempts: number
  readonly answer: number | null
  readonly error: string | null
  readonly createdAt: string
}

const outcomes: Readonly<Record<Delivery['status'], string>> = {
  pending: 'on its way',
  delivered: 'taken',
  failed: 'given up',
}

function Deliveries({ webhookId }: { webhookId: string }) {
  const deliveries = useApi<ListOf<Delivery>>(`/webhooks/${webhookId}/deliveries?limit=50`)
  const again = (id: string) => async () => {
    await post(`/deliveries/${id}/again`)
    await deliveries.reload()
  }
  return html`<div class="wide scroll" tabindex="0" role="region" aria-label="What was told">
    <${Loading} of=${deliveries}>${({ items }: ListOf<Delivery>) =>
      items.length === 0
        ? html`<p class="quiet">Nothing yet. It is kept for thirty days.</p>`
        : html`<table>
            <thead>
              <tr>
                <th>When</th>
                <th>What</th>
                <th>Outcome</th>
                <th>Attempts</th>
                <th><span class="unseen">Again</span></th>
              </tr>
            </thead>
            <tbody>
              ${items.map(
                ({ id, event, status, attempts, answer, error, createdAt }) =>
                  html`<tr key=${id}>
                    <td>${moment(createdAt)}</td>
                    <td>${titleOf(event)}</td>
                    <td>
                      ${outcomes[status]}${answer === null ? '' : ` (${answer})`}${error === null ? '' : html`<br /><span class="quiet">${error}</span>`}
                    </td>
                    <td>${attempts}</td>
                    <td>
                      ${status === 'pending' ? null : html`<${Action} act=${again(id)}>Tell it again</${Action}>`}
                    </td>
                  </tr>`,
              )}
            </tbody>
          </table>`}</${Loading}>
    <button type="button" onClick=${() => void deliveries.reload()}>Look again</button>
  </div>`
}
