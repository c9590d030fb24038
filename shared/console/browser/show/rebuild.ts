/**
 * Episodes made anew because their show has changed: which, why, and one after the other. Hides that it begins with what is
 * left when it was stopped: what was made anew has nothing changed any more.
 */
import { useRef, useState } from 'preact/hooks'
import { address, get, post, watch, type ListOf, type Progress } from '../api.ts'
import { Action, html, Notice, reasonOf } from '../parts.ts'

export interface Due {
  readonly id: string
  readonly title: string
  readonly reasons: readonly string[]
  /** Why it could not be asked, or made. */
  readonly problem?: string
}

const reasonWords: Readonly<Record<string, string>> = {
  template: 'its template',
  show: 'what its show says',
  steps: 'how Spool works',
  failed: 'it could not be made the last time',
}
export const inWords = (reasons: readonly string[]): string =>
  reasons.map((reason) => reasonWords[reason] ?? reason).join(', ')

interface Episode {
  readonly id: string
  readonly title: string
  readonly status: string
  readonly durationSeconds: number | null
}

/** What is said of an episode that has no turn yet. */
const unready: Readonly<Record<string, string>> = {
  awaiting_review: 'waits for your decision',
  processing: 'is being made just now',
}

/** Of a show, the oldest first: those of which something has changed, or that cannot be asked. */
async function dueOf(podcast: string): Promise<Due[]> {
  const finished: Episode[] = []
  let next = ''
  do {
    const page: ListOf<Episode> = await get(
      `/episodes?${new URLSearchParams({ podcast, limit: '100', ...(next === '' ? {} : { cursor: next }) })}`,
    )
    finished.push(...page.items.filter(({ durationSeconds }) => durationSeconds !== null))
    next = page.next ?? ''
  } while (next !== '')
  const due: Due[] = []
  for (const { id, title, status } of finished.reverse()) {
    const now = unready[status]
    if (now !== undefined) {
      due.push({ id, title, reasons: [], problem: now })
      continue
    }
    const one = await whyAnew(id).then(
      (reasons) => ({ id, title, reasons }),
      (error: unknown) => ({ id, title, reasons: [], problem: reasonOf(error) }),
    )
    if (one.reasons.length > 0 || 'problem' in one) due.push(one)
  }
  return due
}

export const whyAnew = async (id: string): Promise<readonly string[]> =>
  (await get<{ reasons: string[] }>(`/episodes/${id}/rebuild`)).reasons

/** Makes one anew, and resolves to what it came to. */
async function makeAnew(id: string, tell: (share: number) => void): Promise<Progress['status']> {
  const { runId } = await post<{ runId: string }>(`/episodes/${id}/runs`, { anew: true })
  return await new Promise((resolve) => {
    const stop = watch(runId, ({ status, processed, total }) => {
      tell(total > 0 ? processed / total : 0)
      if (status === 'queued' || status === 'started') return
      stop()
      resolve(status)
    })
  })
}

const outcomes: Readonly<Record<string, string>> = {
  finished: 'made anew',
  awaiting_review: 'waits for your decision; its former version stays until then',
  failed: 'failed; its former version stays',
  cancelled: 'cancelled; its former version stays',
}

export function Rebuild({ slug }: { slug: string }) {
  const [due, setDue] = useState<readonly Due[]>()
  const [came, setCame] = useState<Readonly<Record<string, string>>>({})
  const [share, setShare] = useState<number>()
  const isStopped = useRef(false)
  const look = async () => {
    setCame({})
    setDue(await dueOf(slug))
  }
  const isToStop = () => isStopped.current
  const make = async () => {
    isStopped.current = false
    for (const { id } of due!.filter(({ problem }) => problem === undefined)) {
      if (isToStop()) break
      const told = await makeAnew(id, setShare).then(
        (status) => outcomes[status] ?? status,
        (error: unknown) => reasonOf(error),
      )
      setCame((before) => ({ ...before, [id]: told }))
    }
    setShare(undefined)
  }
  const left = due?.filter(({ id, problem }) => problem === undefined && came[id] === undefined) ?? []
  return html`<section aria-labelledby="rebuild">
    <h2 id="rebuild">Episodes made before</h2>
    <p class="quiet">
      When the template, the show or Spool itself has changed, finished episodes can be made anew: one after the other, under
      their guids, and paid for nothing twice. Their former versions stay until then.
    </p>
    <p class="buttons"><${Action} act=${look} disabled=${share !== undefined}>See what would change</${Action}></p>
    ${due?.length === 0 ? html`<${Notice} kind="done">Nothing has changed since they were made.</${Notice}>` : null}
    ${
      due === undefined || due.length === 0
        ? null
        : html`<ul class="files" aria-label="Episodes to make anew">
              ${due.map(
                ({ id, title, reasons, problem }) =>
                  html`<li key=${id}>
                    <a href=${address(`episodes/${id}`)}>${title}</a>
                    <span class="quiet">${came[id] ?? problem ?? `changed: ${inWords(reasons)}`}</span>
                  </li>`,
              )}
            </ul>
            ${share === undefined ? null : html`<progress max="1" value=${share} aria-label=${`${left.length} left`}></progress>`}
            <p class="buttons">
              ${left.length === 0 ? null : html`<${Action} kind="main" act=${make}>Make ${left.length === 1 ? 'it' : `${left.length} episodes`} anew</${Action}>`}
              ${share === undefined ? null : html`<button type="button" onClick=${() => (isStopped.current = true)}>Stop after this one</button>`}
            </p>`
    }
  </section>`
}
