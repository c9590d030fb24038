/** Deleting a show for good: asked for by writing its name. */
import { useState } from 'preact/hooks'
import { address, get, remove, type ListOf } from '../api.ts'
import { Action, Field, html, useApi } from '../parts.ts'

export function Farewell({ id, slug }: { id: string; slug: string }) {
  const [typed, setTyped] = useState('')
  const episodes = useApi<ListOf<unknown>>(`/episodes?limit=100&podcast=${encodeURIComponent(slug)}`)
  const count = episodes.data?.items.length ?? 0
  const many = episodes.data?.next === undefined ? String(count) : `more than ${count}`
  const go = async () => {
    const { deletionId } = await remove<{ deletionId: string }>(`/podcasts/${id}?episodes=true&cancel=true`)
    await get(`/deletions/${deletionId}`)
    location.assign(address('shows'))
  }
  return html`<section aria-labelledby="farewell">
    <h2 id="farewell">Delete this show</h2>
    <details class="folded">
      <summary>Delete it for good…</summary>
      <p>
        The show goes with its settings, its template, its files and its feed, and with
        ${count === 0 ? ' its episodes; it has none' : ` its episodes: ${many}, with their recordings`}. Listeners find
        nothing any more. It cannot be taken back.
      </p>
      <${Field} label=${`Write “${slug}” to confirm`}>
        <input value=${typed} autocomplete="off" onInput=${(event: Event) => setTyped((event.currentTarget as HTMLInputElement).value)} />
      </${Field}>
      <${Action} kind="danger" disabled=${typed !== slug} act=${go}>Delete the show and all of its episodes</${Action}>
    </details>
  </section>`
}
