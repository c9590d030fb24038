/** One episode: how far it is while it is made; what came of it, to hear, to fetch and to bring before listeners. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { address, post, remove, type ListOf, type Progress } from '../api.ts'
import {
  Action,
  clock,
  html,
  Loading,
  moment,
  Notice,
  show,
  size,
  Status,
  useApi,
  type Loaded,
} from '../parts.ts'
import { Details } from '../episode/details.ts'
import { Finished, type Delivered } from '../episode/finished.ts'
import { Cancel, isLive, Live, MadeIn, Warnings } from '../episode/making.ts'
import { Proposed } from '../episode/proposed.ts'
import { Publishing, type Standing } from '../episode/publishing.ts'
import { Receipt } from '../episode/receipt.ts'
import { Restored } from '../episode/restored.ts'
import { inWords, whyAnew } from '../show/rebuild.ts'

interface Episode extends Standing {
  readonly podcast: string
  readonly title: string
  readonly description: string
  readonly durationSeconds: number | null
  readonly audioBytes: number | null
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

const id = /episodes\/([0-9a-f-]{36})/.exec(location.pathname)![1]!

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
    <${Publishing} episode=${shown} reload=${reload} isBusy=${runs.data?.items.some(isLive) ?? false} />
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
