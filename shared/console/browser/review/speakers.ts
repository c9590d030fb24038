/** Who speaks: a name for each, and the two changed for each other, for the whole episode at once. */
import { useState } from 'preact/hooks'
import { address, post } from '../api.ts'
import { Action, html } from '../parts.ts'
import type { Review, Speaker } from './model.ts'

const mostNamed = 50
const mostCharacters = 100

/** What is added to a name that the voice of earlier episodes suggests. */
const howSure = ({ sureness }: Speaker) =>
  sureness === null
    ? null
    : html`<span class="quiet"> as in earlier episodes, ${Math.round(100 * sureness)} % sure</span>`

export function Speakers({ review }: { review: Review }) {
  const { speakers, speakersBy, episodeId, status } = review
  const [names, setNames] = useState(() => speakers.slice(0, mostNamed).map(({ name }) => name))
  if (speakers.length === 0) return null
  const use = (chosen: readonly string[]) => async () => {
    const named = Object.fromEntries(chosen.map((name, i) => [speakers[i]!.label, name.trim()]))
    await post(`/episodes/${episodeId}/decisions`, {
      version: 1,
      decisions: [{ decision: 'take', speakers: named }],
    })
    location.assign(address(`episodes/${episodeId}`))
  }
  // to say that a suggested name is right is a decision too
  const isSame = names.every((name, i) => name.trim() === speakers[i]!.name && speakers[i]!.sureness === null)
  const isFinished = status === 'finished'
  return html`<details class="card" open=${speakersBy === 'voice'}>
    <summary>Speakers</summary>
    ${speakersBy === 'voice' ? html`<p class="quiet">Suggested by voice: listen to a sentence of each.</p>` : null}
    ${isFinished ? null : html`<p class="quiet">They can be named when the episode has been made.</p>`}
    ${names.map(
      (name, i) =>
        html`<p>
          <label
            >${speakers[i]!.label}${' '}<input
              value=${name}
              maxlength=${mostCharacters}
              onInput=${({ currentTarget }: { currentTarget: HTMLInputElement }) => setNames(names.with(i, currentTarget.value))}
          /></label>
          ${howSure(speakers[i]!)}
        </p>`,
    )}
    <p class="buttons">
      <${Action}
        kind="main"
        disabled=${!isFinished || isSame || names.some((name) => name.trim() === '')}
        act=${use(names)}
        >Use these names</${Action}
      >
      ${
        names.length === 2
          ? html`<${Action} disabled=${!isFinished || names.some((name) => name.trim() === '')} act=${use(names.toReversed())}>Swap the two</${Action}>`
          : null
      }
    </p>
  </details>`
}
