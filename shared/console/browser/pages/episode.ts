/** One episode: how far it is while it is made; what came of it, to hear, to fetch and to bring before listeners. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { address, get, post, remove, watch, type ListOf, type Progress } from '../api.ts'
import {
  Action,
  clock,
  Field,
  html,
  Loading,
  Lost,
  moment,
  Notice,
  show,
  size,
  Status,
  useApi,
  type Loaded,
} from '../parts.ts'
import { Details } from '../episode/details.ts'
import { Player } from '../episode/player.ts'
import { Proposed } from '../episode/proposed.ts'
import { Receipt } from '../episode/receipt.ts'
import { Restored } from '../episode/restored.ts'
import { inWords, whyAnew } from '../show/rebuild.ts'
import { stepWords } from '../episode/steps.ts'

interface Episode {
  readonly id: string
  readonly podcast: string
  readonly title: string
  readonly description: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
  readonly publishedAt: string | null
  readonly publishAt: string | null
  readonly holdReason: string | null
}

interface Run {
  readonly id: string
  readonly status: Progress['status']
  readonly stopReason: string | null
  readonly message: string | null
  readonly warnings: Progress['warnings']
  readonly createdAt: string
  readonly finishedAt: string | null
}

export interface Delivered {
  readonly file: string
  readonly bytes: number
  readonly type: string
  readonly url: string
}

const id = /episodes\/([0-9a-f-]{36})/.exec(location.pathname)![1]!
const isLive = ({ status }: Pick<Run, 'status'>) => status === 'queued' || status === 'started'

/** Why a finished episode is not before its listeners. */
const holdWords: Readonly<Record<string, string>> = {
  manual: 'It is held, as it should be, until you publish it.',
  certificate_failed:
    'It missed its loudness certificate and was not published by itself. Listen to it, and publish it if you like it as it is.',
  silent: 'Nothing in it is loud enough to be heard, so it was not published by itself.',
  gate_refused: 'Its files could not be had as they were made, so it was not published; the notes say which.',
  unpublished: 'You have taken it out of the feed.',
  given_before:
    'It lacks what the version before it had, so it was not published by itself; the notes say what.',
  attempt_failed:
    'An attempt to make it anew, or to publish it, has failed, so it was not published by itself.',
}

function Page() {
  const episode = useApi<Episode>(`/episodes/${id}`)
  const files = useApi<{ items: Delivered[] }>(`/episodes/${id}/files`)
  const runs = useApi<ListOf<Run>>(`/runs?episodeId=${id}&limit=20`)
  const reload = useCallback(async () => {
    await Promise.all([episode.reload(), files.reload(), runs.reload()])
  }, [episode.reload, files.reload, runs.reload])
  return html`<${Loading} of=${episode}>${(shown: Episode) => html`
    <div class="bar"><h1>${shown.title}</h1><${Status} status=${shown.status} /></div>
    <p class="quiet">${shown.podcast}${shown.durationSeconds === null ? '' : ` · ${clock(shown.durationSeconds)}`}${shown.audioBytes === null ? '' : ` · ${size(shown.audioBytes)}`}${shown.publishedAt === null ? '' : html` · published <time datetime=${shown.publishedAt}>${moment(shown.publishedAt)}</time>`}</p>
    <${Latest} runs=${runs} isThere=${shown.durationSeconds !== null} reload=${reload} />
    <${Details} id=${id} said=${shown} reload=${reload} />
    <${Publishing} episode=${shown} reload=${reload} isLive=${runs.data?.items.some(isLive) ?? false} />
    <${Loading} of=${files}>${({ items }: { items: Delivered[] }) => (items.length === 0 ? null : html`<${Finished} files=${items} />`)}</${Loading}>
    <${History} runs=${runs} />
    <${Removal} episode=${shown} />
  `}</${Loading}>`
}

function Latest({
  runs,
  isThere,
  reload,
}: {
  runs: Loaded<ListOf<Run>>
  /** A version of it was finished. */
  isThere: boolean
  reload: () => Promise<void>
}) {
  const [run] = runs.data?.items ?? []
  if (!run) return null
  if (isLive(run)) return html`<${Live} key=${run.id} runId=${run.id} reload=${reload} />`
  const again = html`<${Action} act=${async () => {
    await post(`/episodes/${id}/runs`)
    await reload()
  }}>${run.status === 'failed' ? 'Try again' : 'Make it again'}</${Action}>`
  return html`
    ${
      run.status === 'awaiting_review'
        ? html`<div class="card">
            <p>Some edits wait for you to say whether they are made.</p>
            <p><a class="button main" href=${address(`episodes/${id}/review`)}>Review them</a></p>
          </div>`
        : null
    }
    ${run.status === 'failed' ? html`<${Notice} kind="error"><b>${isThere ? 'The last attempt failed; what was made before is as it was.' : 'It failed.'}</b> ${run.message} <code>${run.stopReason}</code></${Notice}>` : null}
    <${Warnings} warnings=${run.warnings} />
    ${run.status === 'finished' ? html`<${Receipt} key=${`receipt-${run.id}`} runId=${run.id} /><${MadeIn} key=${run.id} runId=${run.id} />` : null}
    ${run.status === 'finished' || run.status === 'awaiting_review' ? html`<${Restored} key=${`restored-${run.id}`} episode=${id} />` : null}
    ${run.status === 'finished' ? html`<${Proposed} key=${`proposed-${run.id}`} episode=${id} reload=${reload} />` : null}
    ${run.status === 'finished' ? html`<${Anew} key=${`anew-${run.id}`} reload=${reload} />` : null}
    <p class="buttons">
      ${run.status === 'awaiting_review' ? null : again}${
        run.status === 'finished'
          ? html`<a class="button" href=${address(`episodes/${id}/review`)}>Look at its edits</a>`
          : null
      }${run.status === 'awaiting_review' ? html`<${Cancel} runId=${run.id} reload=${reload} />` : null}
    </p>
  `
}

/** Its show may have changed since it was made. */
function Anew({ reload }: { reload: () => Promise<void> }) {
  const [reasons, setReasons] = useState<readonly string[]>()
  useEffect(
    () => void whyAnew(id).then(setReasons, () => undefined), // imported, or its recording is gone
    [],
  )
  if (!reasons || reasons.length === 0) return null
  return html`<${Notice}>What it was made by has changed since: ${inWords(reasons)}. <${Action} act=${async () => {
    await post(`/episodes/${id}/runs`, { anew: true })
    await reload()
  }}>Make it anew</${Action}></${Notice}>`
}

const Cancel = ({ runId, reload }: { runId: string; reload: () => Promise<void> }) =>
  html`<${Action} act=${async () => {
    await post(`/runs/${runId}/cancel`)
    await reload()
  }}>Cancel</${Action}>`

/** A run as it goes on. */
function Live({ runId, reload }: { runId: string; reload: () => Promise<void> }) {
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
function MadeIn({ runId }: { runId: string }) {
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

const Warnings = ({ warnings }: { warnings: Progress['warnings'] }) =>
  warnings.length === 0
    ? null
    : html`<ul class="notes" aria-label="Notes">
        ${warnings.map(({ code, message }) => html`<li>${message} <code>${code}</code></li>`)}
      </ul>`

function Publishing({
  episode,
  reload,
  isLive: isBusy,
}: {
  episode: Episode
  reload: () => Promise<void>
  isLive: boolean
}) {
  const [at, setAt] = useState('')
  const [isOpen, setOpen] = useState(false)
  const { status, publishedAt, publishAt, holdReason } = episode
  const isOut = publishedAt !== null
  const isMade = ['processed', 'scheduled', 'published'].includes(status)
  if (!isMade && !(isOut && ['failed', 'cancelled'].includes(status))) return null
  const doThis = (path: string, body: object) => async () => {
    await post(`/episodes/${id}/${path}`, body)
    setOpen(false)
    await reload()
  }
  return html`<section class="card" aria-label="Publishing">
    ${status === 'published' ? html`<p>It is in the feed.</p>` : null}
    ${status === 'scheduled' && publishAt !== null ? html`<p>It comes out on <b>${moment(publishAt)}</b>.</p>` : null}
    ${isOut && status !== 'published' ? html`<p>The version before is still in the feed${isMade ? '; this one waits' : ''}.</p>` : null}
    ${status === 'processed' && holdReason !== null ? html`<p>${holdWords[holdReason] ?? holdReason}</p>` : null}
    <p class="buttons">
      ${status === 'published' || !isMade ? null : html`<${Action} kind="main" disabled=${isBusy} act=${doThis('publish', {})}>Publish now</${Action}>`}
      ${status === 'published' || !isMade ? null : html`<button type="button" aria-expanded=${isOpen} disabled=${isBusy} onClick=${() => setOpen(!isOpen)}>${status === 'scheduled' ? 'Another time' : 'Schedule'}</button>`}
      ${isOut ? html`<${Action} disabled=${isBusy} act=${doThis('unpublish', {})} confirm="Take it out of the feed? Its date and its place in players stay, should it come back.">Take it back</${Action}>` : null}
    </p>
    ${
      isOpen
        ? html`<div class="bar"><${Field} label="It comes out at"><input type="datetime-local" value=${at} onInput=${(event: Event) => setAt((event.target as HTMLInputElement).value)} /></${Field}>
            <${Action} kind="main" disabled=${at === ''} act=${async () => await doThis('publish', { at: new Date(at).toISOString() })()}>Schedule it</${Action}></div>`
        : null
    }
  </section>`
}

function Finished({ files }: { files: readonly Delivered[] }) {
  return html`
    <${Player} files=${files} />
    <${Certificate} files=${files} />
    <h2>Files</h2>
    <ul class="files">
      ${files.map(({ file, bytes, url }) => html`<li><a href=${url} download>${file}</a><span class="quiet">${size(bytes)}</span></li>`)}
    </ul>
  `
}

interface CertificateFile {
  readonly integratedLufs: number | null
  readonly truePeakDbtp: number | null
  readonly targetLufs: number
  readonly loudnessRangeLu: number
  readonly pass: boolean
}

function Certificate({ files }: { files: readonly Delivered[] }) {
  const url = files.find(({ file }) => file === 'certificate.json')?.url
  const [certificate, setCertificate] = useState<CertificateFile>()
  useEffect(() => {
    if (url !== undefined)
      void fetch(url).then(async (answer) => setCertificate((await answer.json()) as CertificateFile))
  }, [url])
  if (!certificate) return null
  const { integratedLufs, truePeakDbtp, loudnessRangeLu, targetLufs, pass } = certificate
  const facts = [
    ['Loudness', integratedLufs === null ? 'none to measure' : `${integratedLufs.toFixed(1)} LUFS`],
    ['Wanted', `${targetLufs.toFixed(1)} LUFS`],
    ['True peak', truePeakDbtp === null ? '–' : `${truePeakDbtp.toFixed(1)} dBTP`],
    ['Range', `${loudnessRangeLu.toFixed(1)} LU`],
    ...(integratedLufs === null ? [] : [['Certificate', pass ? 'passed' : 'missed']]),
  ]
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}

const History = ({ runs }: { runs: Loaded<ListOf<Run>> }) => html`<details><summary>History</summary>
  <${Loading} of=${runs}>${({ items }: ListOf<Run>) =>
    html`<ul class="files">
      ${items.map(
        (run) =>
          html`<li>
            <span
              >${moment(run.createdAt)}
              <span class="quiet"
                >${run.finishedAt === null ? '' : `took ${clock((Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000)}`}</span
              ></span
            >
            <span
              ><${Status} status=${run.status === 'finished' ? 'processed' : run.status} />
              ${run.stopReason === null ? null : html`<code>${run.stopReason}</code>`}</span
            >
          </li>`,
      )}
    </ul>`}</${Loading}>
</details>`

const Removal = ({ episode }: { episode: Episode }) => html`<details><summary>Delete</summary>
  <p>Its recording, everything made of it, and its place in the feed go, for good.</p>
  <${Action} kind="danger" confirm=${`Delete "${episode.title}" for good?`} act=${async () => {
    await remove(`/episodes/${id}`)
    location.assign(address(''))
  }}>Delete this episode</${Action}>
</details>`

show(Page)
