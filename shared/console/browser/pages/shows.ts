/** All shows, and beginning another. */
import { useState } from 'preact/hooks'
import { address, get, post, type ListOf } from '../api.ts'
import { Action, day, Empty, Field, html, Loading, Notice, reasonOf, show, useApi } from '../parts.ts'
import { isTrial } from '../show-label.ts'
import { showLike, showSlug } from '../show/naming.ts'

interface Show {
  readonly id: string
  readonly slug: string
  readonly createdAt: string
  readonly settings: { readonly title: string; readonly author: string }
}

const first = '/podcasts?limit=100'

function Shows() {
  const shows = useApi<ListOf<Show>>(first)
  const [isBeginning, setBeginning] = useState(false)
  return html`
    <div class="bar">
      <h1>Shows</h1>
      <button type="button" class="main" aria-expanded=${isBeginning} onClick=${() => setBeginning(!isBeginning)}>
        Begin a show
      </button>
    </div>
    ${isBeginning ? html`<${Begin} all=${shows.data?.items ?? []} />` : null}
    <${Loading} of=${shows}>${(page: ListOf<Show>) => html`<${List} page=${page} begin=${() => setBeginning(true)} />`}</${Loading}>
  `
}

function List({ page, begin }: { page: ListOf<Show>; begin: () => void }) {
  const [more, setMore] = useState<{ items: Show[]; next?: string | undefined }>({
    items: [],
    next: page.next,
  })
  const load = async () => {
    const found = await get<ListOf<Show>>(`${first}&cursor=${encodeURIComponent(more.next!)}`)
    setMore({ items: [...more.items, ...found.items], next: found.next })
  }
  const all = [...page.items, ...more.items]
  if (all.length === 0)
    return html`<${Empty}>
      <p>No show yet. A show has a feed, a cover, and a template by which its episodes are made.</p>
      <p><button type="button" class="main" onClick=${begin}>Begin the first one</button></p>
    </${Empty}>`
  const [trials, own] = [all.filter(({ slug }) => isTrial(slug)), all.filter(({ slug }) => !isTrial(slug))]
  return html`
    <${Listed} shows=${own} />
    ${
      trials.length === 0
        ? null
        : html`<details open=${own.length === 0}>
            <summary>
              ${trials.length === 1 ? 'A trial' : `${trials.length} trials`}, of recordings that came without
              a show
            </summary>
            <${Listed} shows=${trials} />
          </details>`
    }
    ${more.next === undefined ? null : html`<${Action} act=${load}>Show more</${Action}>`}
  `
}

const Listed = ({ shows }: { shows: readonly Show[] }) =>
  html`<ul class="episodes">
    ${shows.map(
      ({ id, slug, createdAt, settings: { title, author } }) =>
        html`<li key=${id}>
          <a href=${address(`shows/${id}`)}>${title}</a>
          <span class="quiet"
            >${author} · ${slug} · since <time datetime=${createdAt}>${day(createdAt)}</time></span
          >
        </li>`,
    )}
  </ul>`

function Begin({ all }: { all: readonly Show[] }) {
  const [title, setTitle] = useState('')
  const [own, setOwn] = useState<string>()
  const [state, setState] = useState<{ isBusy?: boolean; error?: unknown }>({})
  const slug = own ?? showSlug(title)
  const like = showLike(title, all) ?? showLike(slug, all)
  const begin = async (event: Event) => {
    event.preventDefault()
    setState({ isBusy: true })
    try {
      const { id } = await post<Show>('/podcasts', { slug, settings: { title } })
      location.assign(address(`shows/${id}`))
    } catch (error) {
      setState({ error })
    }
  }
  const typed = (set: (text: string) => void) => (event: Event) =>
    set((event.currentTarget as HTMLInputElement).value)
  return html`<form class="card" aria-label="Begin a show" onSubmit=${(event: Event) => void begin(event)}>
    <${Field} label="Name" hint="As listeners read it; it can be changed later.">
      <input required maxlength="255" autofocus value=${title} onInput=${typed(setTitle)} />
    </${Field}>
    <${Field} label="Name of its folder" hint="For uploads and scripts. It never changes.">
      <input required maxlength="200" value=${slug} onInput=${typed(setOwn)} />
    </${Field}>
    ${like === undefined ? null : html`<${Notice}>There is a show like it: <a href=${address(`shows/${like.id}`)}>${like.settings.title}</a> (${like.slug}).</${Notice}>`}
    ${state.error === undefined ? null : html`<${Notice} kind="error">${reasonOf(state.error)}</${Notice}>`}
    <button class="main" disabled=${state.isBusy || title.trim() === ''} aria-busy=${state.isBusy ?? false}>Begin</button>
  </form>`
}

show(Shows)
