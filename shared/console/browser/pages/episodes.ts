/** All episodes, newest first: what is made now, what waits for its producer, and what is out; found by show, status, words. */
import { useEffect, useState } from 'preact/hooks'
import { address, get, watch, type ListOf, type Progress } from '../api.ts'
import {
  clock,
  day,
  Empty,
  html,
  Loading,
  Lost,
  Notice,
  reasonOf,
  show,
  Status,
  statusWords,
  useApi,
} from '../parts.ts'
import { showLabel, type NamedShow } from '../show-label.ts'

interface Episode {
  readonly id: string
  readonly podcast: string
  readonly title: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly publishedAt: string | null
  readonly publishAt: string | null
  readonly createdAt: string
}

const statuses = [
  'processing',
  'awaiting_review',
  'processed',
  'scheduled',
  'published',
  'failed',
  'cancelled',
]
const typingMs = 250

function Episodes() {
  const [filter, setFilter] = useState({ text: '', podcast: '', status: '' })
  const set = (field: keyof typeof filter) => (event: Event) =>
    setFilter({ ...filter, [field]: (event.target as HTMLInputElement).value })
  const shows = useApi<ListOf<NamedShow>>('/podcasts?limit=100')
  const query = useSettled(queryOf(filter))
  const isFiltered = query !== queryOf({ text: '', podcast: '', status: '' })
  return html`
    <div class="bar">
      <h1>Episodes</h1>
      <a class="button main" href=${address('new')}>New episode</a>
    </div>
    <form class="filters" role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <input
        type="search"
        aria-label="Search titles"
        placeholder="Search titles"
        value=${filter.text}
        onInput=${set('text')}
      />
      <select aria-label="Show" value=${filter.podcast} onChange=${set('podcast')}>
        <option value="">All shows</option>
        ${shows.data?.items.map((each, _, all) => html`<option value=${each.slug}>${showLabel(each, all)}</option>`)}
      </select>
      <select aria-label="Status" value=${filter.status} onChange=${set('status')}>
        <option value="">Any status</option>
        ${statuses.map((status) => html`<option value=${status}>${statusWords[status] ?? status}</option>`)}
      </select>
    </form>
    <${List} key=${query} query=${query} isFiltered=${isFiltered} />
  `
}

const queryOf = (filter: Readonly<Record<string, string>>): string =>
  new URLSearchParams([
    ['limit', '50'],
    ...Object.entries(filter).filter(([, value]) => value !== ''),
  ]).toString()

/** A value that has not changed for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), typingMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

function List({ query, isFiltered }: { query: string; isFiltered: boolean }) {
  const first = useApi<ListOf<Episode>>(`/episodes?${query}`)
  const [more, setMore] = useState<{ items: Episode[]; next?: string | undefined; error?: unknown }>()
  const next = more ? more.next : first.data?.next
  const load = async () => {
    try {
      const page = await get<ListOf<Episode>>(`/episodes?${query}&cursor=${encodeURIComponent(next!)}`)
      setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next })
    } catch (error) {
      setMore({ items: [], ...more, error })
    }
  }
  return html`<${Loading} of=${first}>${({ items }: ListOf<Episode>) => {
    if (items.length === 0)
      return isFiltered ? html`<${Empty}>Nothing like that.</${Empty}>` : html`<${First} />`
    const all = [...items, ...(more?.items ?? [])]
    return html`
      <ul class="episodes">
        ${all.map((episode) => html`<${Row} key=${episode.id} ...${episode} changed=${first.reload} />`)}
      </ul>
      ${more?.error === undefined ? null : html`<${Notice} kind="error">${reasonOf(more.error)}</${Notice}>`}
      ${next === undefined ? null : html`<button onClick=${() => void load()}>Show more</button>`}
    `
  }}</${Loading}>`
}

const First = () => html`<${Empty}>
  <p>Nothing here yet. Drop a recording, and minutes later there is an episode.</p>
  <p><a class="button main" href=${address('new')}>Make the first one</a></p>
</${Empty}>`

function Row({
  id,
  podcast,
  title,
  status,
  durationSeconds,
  publishedAt,
  publishAt,
  createdAt,
  changed,
}: Episode & { changed: () => Promise<void> }) {
  const when = publishedAt ?? (status === 'scheduled' ? publishAt : null) ?? createdAt
  return html`<li>
    <a href=${address(`episodes/${id}`)}>${title}</a>
    <${Status} status=${status} />
    <span class="quiet"
      >${podcast}${durationSeconds === null ? '' : ` · ${clock(durationSeconds)}`}${publishedAt !== null && status !== 'published' ? ' · the version before is in the feed' : ''}${' · '}<time
        datetime=${when}
        >${day(when)}</time
      ></span
    >
    ${status === 'processing' ? html`<${Live} episodeId=${id} changed=${changed} />` : null}
  </li>`
}

/** How far an episode is that is being made. */
function Live({ episodeId, changed }: { episodeId: string; changed: () => Promise<void> }) {
  const [progress, setProgress] = useState<Progress>()
  const [isLost, setLost] = useState(false)
  useEffect(() => {
    let stop: (() => void) | undefined
    void get<ListOf<{ id: string }>>(`/runs?episodeId=${episodeId}&limit=1`).then(({ items: [run] }) => {
      if (!run) return
      const told = (now: Progress) => {
        setProgress(now)
        if (now.status !== 'started' && now.status !== 'queued') void changed()
      }
      stop = watch(run.id, told, setLost)
    })
    return () => stop?.()
  }, [episodeId])
  if (isLost) return html`<${Lost} />`
  if (!progress) return null
  return html`<progress
    max=${progress.total || 1}
    value=${progress.processed}
    aria-label="Progress"
  ></progress>`
}

show(Episodes)
