/** Where a finished episode stands with its listeners, and what its producer can do about that. */
import { useState } from 'preact/hooks'
import { post } from '../api.ts'
import { Action, Field, html, moment } from '../parts.ts'

/** Of an episode, where it stands. */
export interface Standing {
  readonly id: string
  readonly status: string
  readonly publishedAt: string | null
  readonly publishAt: string | null
  readonly holdReason: string | null
}

/** Why a finished episode is not before its listeners. */
const holdWords: Readonly<Record<string, string>> = {
  manual: 'It is held, as it should be, until you publish it.',
  certificate_failed:
    'It missed its loudness certificate and was not published by itself. Listen to it, and publish it if you like it as it is.',
  silent: 'Nothing that was recorded is loud enough to be heard, so it was not published by itself.',
  gate_refused: 'Its files could not be had as they were made, so it was not published; the notes say which.',
  not_bleeped:
    'Words were to be bleeped, and where they are said is not known: give it words with its recording.',
  words_unlike_sound:
    'Its words do not sound like it, so it was not published by itself: they may be those of another recording. Publish it if they are right.',
  mostly_cut:
    'More of it is cut by hand than its template lets go unseen, so it was not published by itself. Listen to it, and publish it if that is meant; else take cuts back in its review.',
  unpublished: 'You have taken it out of the feed.',
  unscheduled: 'You have taken back the time at which it was to come out: it waits until you publish it.',
  given_before:
    'It lacks what the version before it had, so it was not published by itself; the notes say what.',
  attempt_failed:
    'An attempt to make it anew, or to publish it, has failed, so it was not published by itself.',
}

export function Publishing({
  episode,
  reload,
  isBusy,
}: {
  episode: Standing
  reload: () => Promise<void>
  /** A run of it is at work. */
  isBusy: boolean
}) {
  const [at, setAt] = useState('')
  const [isOpen, setOpen] = useState(false)
  const { id, status, publishedAt, publishAt, holdReason } = episode
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
      ${status === 'scheduled' ? html`<${Action} disabled=${isBusy} act=${doThis('publish', { at: null })}>Take the time back</${Action}>` : null}
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
