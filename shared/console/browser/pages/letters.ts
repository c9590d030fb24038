/** Listener mail: read, picked for the next episode, and added by the mailbox. */
import { useState } from 'preact/hooks'
import { address, get, remove, type ListOf } from '../api.ts'
import { Mailbox } from '../letters/mailbox.ts'
import { mostPicked, usePicked, type Picked } from '../letters/picked.ts'
import { Action, day, Empty, html, Loading, show, useApi } from '../parts.ts'

interface Letter {
  readonly id: string
  readonly sender: string
  readonly subject: string
  readonly text: string
  readonly sentAt: string | null
  readonly createdAt: string
  readonly attachments: number
  readonly isCut: boolean
  /** The episode that has read it out. */
  readonly readIn: string | null
}

const first = '/letters?limit=50'

function Letters() {
  const letters = useApi<ListOf<Letter>>(first)
  const { picked, toggle, clear } = usePicked()
  const picking = (letter: Letter) => {
    const isPicked = picked.some(({ id }) => id === letter.id)
    const toggleIt = () => toggle({ id: letter.id, subject: letter.subject })
    return {
      isPicked,
      isFull: picked.length >= mostPicked,
      toggle: toggleIt,
      forget: async () => {
        await remove(`/letters/${letter.id}`)
        if (isPicked) toggleIt()
        await letters.reload()
      },
    }
  }
  return html`
    <h1>Letters</h1>
    <${Mailbox} changed=${letters.reload} />
    <${Selection} picked=${picked} toggle=${toggle} clear=${clear} />
    <${Loading} of=${letters}>${(page: ListOf<Letter>) => html`<${List} key=${page.items[0]?.id ?? ''} page=${page} picking=${picking} />`}</${Loading}>
  `
}

function Selection({
  picked,
  toggle,
  clear,
}: {
  picked: readonly Picked[]
  toggle: (letter: Picked) => void
  clear: () => void
}) {
  const [isCopied, setCopied] = useState(false)
  if (picked.length === 0)
    return html`<p class="quiet" role="status">
      None is picked for the next episode. A mail segment then reads the newest that no episode has read out.
    </p>`
  const copy = async () => {
    await navigator.clipboard.writeText(JSON.stringify(picked.map(({ id }) => id)))
    setCopied(true)
  }
  return html`<section class="card" aria-label="Picked letters">
    <p role="status">
      ${picked.length === 1 ? 'One letter is' : `${picked.length} letters are`} picked for the next episode, read out in this
      order. <a href=${address('new')}>New episode</a> takes them along.
    </p>
    <ol class="picked">
      ${picked.map(
        (letter) =>
          html`<li key=${letter.id}>
            ${letter.subject || 'Without a subject'}
            <button
              type="button"
              class="small"
              aria-label=${`Leave out ${letter.subject || 'the letter'}`}
              onClick=${() => toggle(letter)}
            >
              ✕
            </button>
          </li>`,
      )}
    </ol>
    <div class="buttons">
      <${Action} act=${copy}>${isCopied ? 'Copied' : 'Copy ids for episode.json'}</${Action}>
      <button type="button" onClick=${clear}>Pick none</button>
    </div>
  </section>`
}

interface Picking {
  readonly isPicked: boolean
  readonly isFull: boolean
  readonly toggle: () => void
  readonly forget: () => Promise<void>
}

function List({ page, picking }: { page: ListOf<Letter>; picking: (letter: Letter) => Picking }) {
  const [more, setMore] = useState<{ items: Letter[]; next?: string | undefined }>({
    items: [],
    next: page.next,
  })
  const load = async () => {
    const found = await get<ListOf<Letter>>(`${first}&cursor=${encodeURIComponent(more.next!)}`)
    setMore({ items: [...more.items, ...found.items], next: found.next })
  }
  const all = [...page.items, ...more.items]
  if (all.length === 0)
    return html`<${Empty}><p>No letters yet. Export the mailbox of your show’s address, and add the file here.</p></${Empty}>`
  return html`
    <ul class="letters">
      ${all.map((letter) => html`<${Row} key=${letter.id} letter=${letter} ...${picking(letter)} />`)}
    </ul>
    ${more.next === undefined ? null : html`<${Action} act=${load}>Show more</${Action}>`}
  `
}

function Row({
  letter: { sender, subject, text, sentAt, createdAt, attachments, isCut, readIn },
  isPicked,
  isFull,
  toggle,
  forget,
}: Picking & { letter: Letter }) {
  const when = sentAt ?? createdAt
  const title = subject || 'Without a subject'
  return html`<li>
    <input
      type="checkbox"
      aria-label=${`Pick “${title}” for the next episode`}
      checked=${isPicked}
      disabled=${isFull && !isPicked}
      onChange=${toggle}
    />
    <details>
      <summary>
        <strong>${title}</strong>
        <span class="quiet">
          ${sender} · <time datetime=${when}>${day(when)}</time>${readIn === null ? null : ' · read out'}
        </span>
      </summary>
      <p class="letter">${text}</p>
      ${isCut ? html`<p class="quiet">The letter goes on; what is longer than this is not kept.</p>` : null}
      ${attachments > 0 ? html`<p class="quiet">${attachments === 1 ? 'A file' : `${attachments} files`} came with it; files are left out.</p>` : null}
      <p class="buttons">
        ${readIn === null ? null : html`<a href=${address(`episodes/${readIn}`)}>The episode that has read it out</a>`}
        <${Action} kind="danger" act=${forget} confirm=${`Delete “${title}” for good? What an episode has read out stays in it.`}>Delete<span class="unseen"> “${title}”</span></${Action}>
      </p>
    </details>
  </li>`
}

show(Letters)
