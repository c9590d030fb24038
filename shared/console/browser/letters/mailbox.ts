/** Uploads a mailbox and shows how far it is read. Hides that its run begins a moment after the file is there. */
import { useEffect, useState } from 'preact/hooks'
import { get, watch, type ListOf, type Progress } from '../api.ts'
import { html, Notice, reasonOf } from '../parts.ts'
import { upload } from '../upload.ts'

interface Run {
  readonly id: string
  readonly mailbox: string | null
  readonly createdAt: string
}

const lookEveryMs = 500
const longestLooks = 120

/** The run of that mailbox, which it names by its object, that began since; undefined when none does within a minute. */
async function runOf(
  file: string,
  known: ReadonlySet<string>,
  isLeft: () => boolean,
): Promise<Run | undefined> {
  for (let look = 0; look < longestLooks && !isLeft(); look++) {
    const { items } = await get<ListOf<Run>>('/runs?limit=20')
    const found = items.find(({ id, mailbox }) => mailbox?.split('/').at(-1) === file && !known.has(id))
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  return undefined
}

type State =
  | { readonly is: 'idle' }
  | { readonly is: 'sent'; readonly share: number; readonly isWaiting?: boolean }
  | { readonly is: 'reading'; readonly progress: Progress }
  | { readonly is: 'failed'; readonly why: string }

export function Mailbox({ changed }: { changed: () => Promise<void> }) {
  const [state, setState] = useState<State>({ is: 'idle' })
  const [leave] = useState(() => ({ isLeft: false, stop: () => {} }))
  useEffect(
    () => () => {
      leave.isLeft = true
      leave.stop()
    },
    [],
  )
  const send = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    const file = input.files?.[0]
    if (!file) return
    leave.stop()
    try {
      setState({ is: 'sent', share: 0 })
      const before = await get<ListOf<Run>>('/runs?limit=20')
      const known = new Set(before.items.map(({ id }) => id))
      let share = 0
      await upload({ mailbox: true }, file.name, file, {
        signal: new AbortController().signal,
        progress: (bytes) => {
          share = bytes / file.size
          setState({ is: 'sent', share })
        },
        waiting: (isWaiting) => setState({ is: 'sent', share, isWaiting }),
      })
      input.value = ''
      const run = await runOf(file.name, known, () => leave.isLeft)
      if (!run)
        throw new Error('The mailbox is there, but nobody has begun to read it yet. Look again in a minute.')
      leave.stop = watch(run.id, (progress) => {
        setState({ is: 'reading', progress })
        if (progress.status === 'finished') void changed()
      })
    } catch (error) {
      setState({ is: 'failed', why: reasonOf(error) })
    }
  }
  return html`<div class="card">
    <div class="field">
      <label for="mailbox">Add a mailbox</label>
      <input
        id="mailbox"
        type="file"
        accept=".mbox,.eml,application/mbox,message/rfc822"
        onChange=${(event: Event) => void send(event)}
      />
      <small
        >A file .mbox or .eml, as mail programs export them. Its letters are kept once, whoever sends them
        twice.</small
      >
    </div>
    <${Shown} state=${state} />
  </div>`
}

function Shown({ state }: { state: State }) {
  switch (state.is) {
    case 'idle':
      return null
    case 'failed':
      return html`<${Notice} kind="error">${state.why}</${Notice}>`
    case 'sent':
      return html`<p role="status">
        ${state.isWaiting ? 'Waiting for a connection…' : state.share < 1 ? 'Uploading…' : 'Waiting to be read…'}
        <progress aria-label="Upload" max="1" value=${state.share}></progress>
      </p>`
    case 'reading':
      return html`<${Reading} progress=${state.progress} />`
  }
}

function Reading({ progress: { status, processed, total, stopReason, warnings } }: { progress: Progress }) {
  if (status === 'failed')
    return html`<${Notice} kind="error">The mailbox could not be read: ${stopReason}.</${Notice}>`
  if (status === 'cancelled') return html`<${Notice}>Reading was cancelled.</${Notice}>`
  if (status === 'finished')
    return html`
      <${Notice} kind="done">${processed} messages are read.</${Notice}>
      ${warnings.map(({ code, message }) => html`<${Notice} key=${code}>${message}</${Notice}>`)}
    `
  return html`<p role="status">
    ${total === 0 ? 'Counting…' : `${processed} of ${total} messages`}
    <progress aria-label="Messages read" max=${total || 1} value=${processed}></progress>
  </p>`
}
