/** What was found in the sound of an episode's recording, and done about it. */
import { html, useApi } from '../parts.ts'

export function Restored({ episode }: { episode: string }) {
  const { data } = useApi<{ restoration: readonly string[] | null }>(`/episodes/${episode}/restoration`)
  if (!data?.restoration) return null
  return html`<details open>
    <summary>What was done to the sound</summary>
    <ul class="notes" aria-label="What was done to the sound">
      ${data.restoration.map((line) => html`<li>${line}</li>`)}
    </ul>
  </details>`
}
