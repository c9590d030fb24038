/** What a run took, once it has ended. */
import { clock, html, useApi } from '../parts.ts'

interface Receipt {
  readonly elapsedSeconds: number
  readonly workSeconds: number
  readonly parts: number
  readonly made: number
  readonly minutes: number
  readonly paid: readonly { readonly provider: string; readonly calls: number }[]
  readonly isAnotherRecording: boolean
}

export function Receipt({ runId }: { runId: string }) {
  const { data } = useApi<Receipt>(`/runs/${runId}/receipt`)
  if (!data) return null
  const { elapsedSeconds, workSeconds, parts, made, minutes, paid, isAnotherRecording } = data
  const facts = [
    `Made in ${clock(Math.max(1, elapsedSeconds))}`,
    `${workSeconds.toFixed(1)} s of computing`,
    `${made} of ${parts} parts made, the rest taken over`,
    minutes === 0 ? 'no minutes counted' : `${minutes.toFixed(1)} minutes counted`,
    paid.length === 0
      ? 'nobody paid'
      : `paid by you: ${paid.map(({ provider, calls }) => `${provider}, ${calls} ${calls === 1 ? 'call' : 'calls'}`).join('; ')}`,
  ]
  return html`
    ${isAnotherRecording ? html`<p>Another recording had this name before: the episode was made anew of this one.</p>` : null}
    <p class="quiet" aria-label="What it took">${facts.join(' · ')}</p>
  `
}
