/** What is proposed to be said of an episode, and picking of it: nothing is used before. */
import { useState } from 'preact/hooks'
import { post } from '../api.ts'
import { Action, html, place, useApi } from '../parts.ts'

interface Placed {
  readonly startSeconds: number
  readonly recordedSeconds: number
}

interface Proposal {
  readonly by: string | null
  readonly titles: readonly string[]
  readonly summary: string
  readonly notes: readonly (Placed & { readonly text: string })[]
  readonly chapters: readonly (Placed & { readonly title: string })[]
}

/** What is picked: a title, and whether the description and the chapters are. */
interface Picked {
  readonly title?: string
  readonly description?: boolean
  readonly chapters?: boolean
}

interface Answer {
  readonly proposal: Proposal | null
  readonly taken: {
    readonly title?: string
    readonly summary?: string
    readonly notes?: unknown
    readonly chapters?: unknown
  }
  readonly given: { readonly title: boolean; readonly description: boolean; readonly chapters: boolean }
}

/** A decision names places of the recording. */
const inRecording = <T extends Placed>(places: readonly T[]) =>
  places.map(({ recordedSeconds, ...said }) => ({ ...said, startSeconds: recordedSeconds }))

const decisionOf = ({ summary, notes, chapters }: Proposal, picked: Picked) => ({
  decision: 'take',
  ...(picked.title === undefined ? {} : { title: picked.title }),
  ...(picked.description ? { ...(summary === '' ? {} : { summary }), notes: inRecording(notes) } : {}),
  ...(picked.chapters ? { chapters: inRecording(chapters) } : {}),
})
const nothing = { decision: 'take', title: null, summary: null, notes: null, chapters: null }

export function Proposed({ episode, reload }: { episode: string; reload: () => Promise<void> }) {
  const { data } = useApi<Answer>(`/episodes/${episode}/proposal`)
  const [picked, setPicked] = useState<Picked>({})
  if (!data) return null // not reviewable any more, or not yet
  const { proposal, taken, given } = data
  const isTaken = Object.keys(taken).length > 0
  const isEmpty =
    !proposal ||
    [proposal.titles, proposal.summary, proposal.notes, proposal.chapters].every((list) => list.length === 0)
  if (isEmpty && !isTaken) return null
  const decide = (decision: object) => async () => {
    await post(`/episodes/${episode}/decisions`, { version: 1, decisions: [decision] })
    setPicked({})
    await reload()
  }
  return html`<section class="card" aria-label="Proposed">
    <h2>Proposed</h2>
    ${proposal && !isEmpty ? html`<${Pick} proposal=${proposal} given=${given} picked=${picked} setPicked=${setPicked} />` : null}
    ${isTaken ? html`<p>In use, where nothing is given by hand: ${used(taken)}.</p>` : null}
    <p class="buttons">
      ${
        proposal && !isEmpty
          ? html`<${Action} kind="main" disabled=${!Object.values(picked).some(Boolean)} act=${decide(decisionOf(proposal, picked))}>Use what is picked</${Action}>`
          : null
      }${isTaken ? html`<${Action} act=${decide(nothing)}>Take back what is used</${Action}>` : null}
    </p>
  </section>`
}

const fromWhom = (by: string | null): string =>
  by === null
    ? 'Found in the words.'
    : `Written by a language model (${by}) that has read the transcript: read it before you use it.`

/** What of it is used now. */
const used = (taken: Answer['taken']): string =>
  [
    taken.title === undefined ? '' : `the title “${taken.title}”`,
    taken.summary === undefined && taken.notes === undefined ? '' : 'a description',
    taken.chapters === undefined ? '' : 'chapters',
  ]
    .filter((what) => what !== '')
    .join(', ')

const byHand = html`<p class="quiet">Yours is given by hand, and stays.</p>`

function Pick({
  proposal,
  given,
  picked,
  setPicked,
}: {
  proposal: Proposal
  given: Answer['given']
  picked: Picked
  setPicked: (picked: Picked) => void
}) {
  const { by, titles, summary, notes, chapters } = proposal
  const check = (key: 'description' | 'chapters', label: string) =>
    given[key]
      ? byHand
      : html`<label
          ><input
            type="checkbox"
            checked=${picked[key] ?? false}
            onChange=${() => setPicked({ ...picked, [key]: !picked[key] })}
          />${' '}${label}</label
        >`
  return html`
    <p class="quiet">${fromWhom(by)} Nothing of it is used until you pick it.</p>
    ${titles.length === 0 ? null : html`<h3>Title</h3>`} ${titles.length > 0 && given.title ? byHand : null}
    <p class="buttons">
      ${titles.map(
        (title) =>
          html`<button
            type="button"
            disabled=${given.title}
            aria-pressed=${picked.title === title}
            onClick=${() => {
              const { title: before, ...rest } = picked
              setPicked(before === title ? rest : { ...rest, title })
            }}
          >
            ${title}
          </button>`,
      )}
    </p>
    ${
      summary === '' && notes.length === 0
        ? null
        : html`<h3>Description</h3>
            <p>${summary}</p>
            <${Places} list=${notes.map(({ startSeconds, text }) => ({ startSeconds, said: text }))} />
            ${check('description', 'Use this description')}`
    }
    ${
      chapters.length === 0
        ? null
        : html`<h3>Chapters</h3>
            <${Places} list=${chapters.map(({ startSeconds, title }) => ({ startSeconds, said: title }))} />
            ${check('chapters', 'Use these chapters')}`
    }
  `
}

const Places = ({ list }: { list: readonly { readonly startSeconds: number; readonly said: string }[] }) =>
  html`<ul class="files">
    ${list.map(
      ({ startSeconds, said }) =>
        html`<li><span>${said}</span><span class="quiet">${place(startSeconds)}</span></li>`,
    )}
  </ul>`
