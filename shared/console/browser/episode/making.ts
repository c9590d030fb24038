/** A run as it goes on, and what it made when it is over. */
import { useEffect, useState } from 'preact/hooks'
import { get, post, watch, type Progress } from '../api.ts'
import { Action, clock, html, Lost } from '../parts.ts'
import { stepWords } from './steps.ts'

export const isLive = ({ status }: Pick<Progress, 'status'>): boolean =>
  status === 'queued' || status === 'started'

/** A run as it goes on. */
export function Live({ runId, reload }: { runId: string; reload: () => Promise<void> }) {
  const [progress, setProgress] = useState<Progress>()
  const [isLost, setLost] = useState(false)
  const told = (now: Progress) => {
    setProgress(now)
    if (!isLive(now)) void reload()
  }
  useEffect(() => watch(runId, told, setLost), [runId])
  const step = progress?.currentStep ?? progress?.waitingFor ?? null
  return html`<div class="card">
    ${isLost ? html`<${Lost} />` : null}
    <p aria-live="polite">
      <b>${step === null ? 'It begins …' : (stepWords[step] ?? step)}</b> ${
        progress?.secondsLeft === null || progress?.secondsLeft === undefined
          ? ''
          : html`<span class="quiet">about ${clock(progress.secondsLeft)} left</span>`
      }
    </p>
    <progress max=${progress?.total ?? 1} value=${progress?.processed ?? 0} aria-label="Progress"></progress>
    <${Warnings} warnings=${progress?.warnings ?? []} />
    <${Made} steps=${progress?.steps ?? []} />
    <p><${Cancel} runId=${runId} reload=${reload} /></p>
  </div>`
}

/** What a run that is over made; asked for when somebody wants to see it. */
export function MadeIn({ runId }: { runId: string }) {
  const [progress, setProgress] = useState<Progress>()
  const look = async ({ currentTarget }: Event) => {
    if ((currentTarget as HTMLDetailsElement).open && !progress)
      setProgress(await get<Progress>(`/runs/${runId}/progress`))
  }
  return html`<${Made} steps=${progress?.steps ?? []} onToggle=${look} />`
}

/** Step by step, how much was worked out and how much an earlier run had already. */
const Made = ({ steps, onToggle }: { steps: Progress['steps']; onToggle?: (event: Event) => void }) =>
  html`<details onToggle=${onToggle}>
    <summary>What was made for it</summary>
    <table>
      <tr>
        <th>Step</th>
        <th>Parts</th>
        <th>Made</th>
        <th>Taken over</th>
        <th>Seconds</th>
      </tr>
      ${steps.map(
        ({ name, parts, made, seconds }) =>
          html`<tr>
            <td>${stepWords[name] ?? name}</td>
            <td>${parts}</td>
            <td>${made}</td>
            <td>${seconds === null ? '' : parts - made}</td>
            <td>${seconds ?? ''}</td>
          </tr>`,
      )}
    </table>
  </details>`

export const Warnings = ({ warnings }: { warnings: Progress['warnings'] }) =>
  warnings.length === 0
    ? null
    : html`<ul class="notes" aria-label="Notes">
        ${warnings.map(({ code, message }) => html`<li>${message} <code>${code}</code></li>`)}
      </ul>`

export const Cancel = ({ runId, reload }: { runId: string; reload: () => Promise<void> }) =>
  html`<${Action} act=${async () => {
    await post(`/runs/${runId}/cancel`)
    await reload()
  }}>Cancel</${Action}>`
