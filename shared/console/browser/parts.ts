/** What pages are made of: how things that take time, fail or are missing are shown, and how people read times and sizes. */
import { render, type ComponentChildren, type VNode } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { html } from 'htm/preact'
import { get, Refused } from './api.ts'

export { html }

/** Puts a page's content into its frame. */
export function show(page: () => unknown): void {
  const main = document.getElementById('main')!
  main.replaceChildren()
  render(html`<${page} />`, main)
}

export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** A place in an episode, as players and its chapter lines say it: the second that has begun. */
export const place = (seconds: number): string => clock(Math.floor(seconds))

/** Of bytes. */
export const size = (bytes: number): string =>
  bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
export const day = (iso: string): string => dates.format(new Date(iso))
export const moment = (iso: string): string => moments.format(new Date(iso))

/** What a status is called where people read it. */
export const statusWords: Readonly<Record<string, string>> = {
  pending: 'waiting',
  processing: 'in the making',
  awaiting_review: 'waits for you',
  processed: 'finished',
  scheduled: 'scheduled',
  publishing: 'being published',
  published: 'published',
  failed: 'failed',
  cancelled: 'cancelled',
}

export const Status = ({ status }: { status: string }): VNode =>
  html`<span class=${`status ${status}`}>${statusWords[status] ?? status}</span>`

/** Something to read before going on: `kind` is how it ended. */
export const Notice = ({
  kind = 'note',
  children,
}: {
  kind?: 'note' | 'error' | 'done'
  children?: ComponentChildren
}): VNode => html`<p class=${`notice ${kind}`} role=${kind === 'error' ? 'alert' : 'status'}>${children}</p>`

/** In place of progress that would look as if it went on. */
export const Lost = () =>
  html`<${Notice}>Spool does not answer, so how far it is may be old. On your own machine it goes on when <code>./spool up</code> runs again.</${Notice}>`

export const Empty = ({ children }: { children?: ComponentChildren }): VNode =>
  html`<div class="empty">${children}</div>`

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof TypeError)
    return 'Nothing answers. Are you offline, or is Spool not running? It is tried again as soon as you do.'
  return String(error)
}

export interface Loaded<T> {
  readonly data: T | undefined
  readonly error: unknown
  readonly reload: () => Promise<void>
}

/** What the API answers at a path, asked again when the path changes or on `reload`. */
export function useApi<T>(path: string): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown }>({})
  const asked = useRef(path)
  asked.current = path
  const reload = useCallback(async () => {
    try {
      const data = await get<T>(path)
      if (asked.current === path) setState({ data })
    } catch (error) {
      if (asked.current === path) setState((before) => ({ ...before, error }))
    }
  }, [path])
  useEffect(() => void reload(), [reload])
  return { data: state.data, error: state.error, reload }
}

/** Shows what was loaded; until then that it is, and why it cannot be. */
export function Loading<T>({
  of,
  children,
}: {
  of: Loaded<T>
  children: (data: T) => ComponentChildren
}): VNode {
  const { data, error, reload } = of
  return html`${
    error === undefined
      ? null
      : html`<${Notice} kind="error">${reasonOf(error)} <button onClick=${() => void reload()}>Try again</button></${Notice}>`
  }${data === undefined ? (error === undefined ? html`<p class="loading" role="status">Loading…</p>` : null) : children(data)}`
}

/** A button that does something that takes a while, once at a time, and says what went wrong beside it. */
export function Action({
  act,
  children,
  kind = '',
  disabled = false,
  confirm,
}: {
  act: () => Promise<unknown>
  children?: ComponentChildren
  kind?: '' | 'main' | 'danger'
  disabled?: boolean
  /** Asked first. */
  confirm?: string
}): VNode {
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false })
  const press = async () => {
    if (confirm !== undefined && !window.confirm(confirm)) return
    setState({ busy: true })
    try {
      await act()
      setState({ busy: false })
    } catch (error) {
      setState({ busy: false, error })
    }
  }
  return html`<span class="action"
    ><button
      type="button"
      class=${kind}
      disabled=${disabled || state.busy}
      aria-busy=${state.busy}
      onClick=${() => void press()}
    >
      ${children}</button
    >${
      state.error === undefined ? null : html`<${Notice} kind="error">${reasonOf(state.error)}</${Notice}>`
    }</span
  >`
}

/** A field with its label, and what is to be known of it. */
export const Field = ({
  label,
  hint,
  children,
}: {
  label: string
  hint?: string
  children?: ComponentChildren
}): VNode =>
  html`<label class="field"
    ><span>${label}</span>${children}${hint === undefined ? null : html`<small>${hint}</small>`}</label
  >`
