/** What guests say of an edit or a place, and where a guest says it. */
import { useEffect, useState } from 'preact/hooks'
import { get, put, type ListOf } from '../api.ts'
import { Action, clock, Field, html, moment } from '../parts.ts'

export interface Comment {
  readonly id: string
  readonly author: string
  readonly text: string
  readonly edit: string | null
  readonly atSeconds: number
  readonly createdAt: string
}

export interface Comments {
  readonly items: readonly Comment[]
  readonly reload: () => Promise<void>
}

/** None while they cannot be had: nothing else waits for them. */
export function useComments(base: string): Comments {
  const [items, setItems] = useState<readonly Comment[]>([])
  const reload = () =>
    get<ListOf<Comment>>(`${base}/comments`).then(
      (found) => setItems(found.items),
      () => undefined,
    )
  useEffect(() => void reload(), [base])
  return { items, reload }
}

export const countByEdit = (comments: readonly Comment[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { edit } of comments) if (edit !== null) counts.set(edit, (counts.get(edit) ?? 0) + 1)
  return counts
}

export interface SaidProps {
  readonly comments: readonly Comment[]
  readonly onGo: (seconds: number) => void
}

export const Said = ({ comments, onGo }: SaidProps) =>
  comments.length === 0
    ? null
    : html`<ul class="comments" aria-label="Comments">
        ${comments.map(
          ({ id, author, text, atSeconds, createdAt }) =>
            html`<li key=${id}>
              <b>${author}</b>
              <button type="button" class="link" onClick=${() => onGo(atSeconds)}>${clock(atSeconds)}</button>
              <time class="quiet" datetime=${createdAt}>${moment(createdAt)}</time>
              <p>${text}</p>
            </li>`,
        )}
      </ul>`

const authorKey = 'spool-guest-name'

export interface SayProps {
  readonly base: string
  /** What it is about. */
  readonly about: { readonly edit: string | null; readonly atSeconds: number }
  readonly what: string
  readonly said: () => Promise<void>
}

export function Say({ base, about, what, said }: SayProps) {
  const [author, setAuthor] = useState(() => localStorage.getItem(authorKey) ?? '')
  const [text, setText] = useState('')
  const [id, setId] = useState(() => crypto.randomUUID())
  const say = async () => {
    localStorage.setItem(authorKey, author)
    await put(`${base}/comments/${id}`, { author, text, ...about })
    setText('')
    setId(crypto.randomUUID())
    await said()
  }
  return html`<form class="say" onSubmit=${(event: Event) => event.preventDefault()}>
    <${Field} label="Your name"
      ><input
        maxlength="80"
        autocomplete="name"
        value=${author}
        onInput=${(event: Event) => setAuthor((event.target as HTMLInputElement).value)}
    /></${Field}>
    <${Field} label=${`What you think of ${what}`}
      ><textarea
        rows="3"
        maxlength="2000"
        value=${text}
        onInput=${(event: Event) => setText((event.target as HTMLTextAreaElement).value)}
      ></textarea>
    </${Field}>
    <${Action} kind="main" act=${say} disabled=${author.trim() === '' || text.trim() === ''}>Say it</${Action}>
  </form>`
}
