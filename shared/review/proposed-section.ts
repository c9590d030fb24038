/**
 * What is proposed to be said of an episode, on the review page: each thing can be picked, and becomes part of the decisions
 * that the page saves.
 */
import { clock, escape } from './markup.ts'
import type { ShownProposal } from './shown-proposal.ts'

/** What a "take" decision says of places: seconds of the recording. */
const taking = <T extends { readonly startSeconds: number; readonly recordedSeconds: number }>(
  places: readonly T[],
) => places.map(({ recordedSeconds, ...said }) => ({ ...said, startSeconds: recordedSeconds }))

const choice = (type: 'radio' | 'checkbox', taken: object, label: string): string =>
  `<label><input type="${type}" name="take-${escape(Object.keys(taken).join('-'))}" data-take="${escape(JSON.stringify(taken))}"> ${label}</label>`

const listed = (items: readonly string[]): string =>
  `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`

/** Empty when there is nothing in the proposal. */
export function proposedSection({ by, titles, summary, notes, chapters }: ShownProposal): string {
  const places = (list: readonly { startSeconds: number; said: string }[]) =>
    listed(list.map(({ startSeconds, said }) => `${clock(Math.floor(startSeconds))} ${escape(said)}`))
  const blocks = [
    titles.length === 0
      ? ''
      : `<h3>Title</h3>${listed(titles.map((title) => choice('radio', { title }, escape(title))))}`,
    summary === '' && notes.length === 0
      ? ''
      : `<h3>Description</h3><p>${escape(summary)}</p>
${places(notes.map(({ startSeconds, text }) => ({ startSeconds, said: text })))}
<p>${choice('checkbox', { ...(summary === '' ? {} : { summary }), notes: taking(notes) }, 'Use this description')}</p>`,
    chapters.length === 0
      ? ''
      : `<h3>Chapters</h3>${places(chapters.map(({ startSeconds, title }) => ({ startSeconds, said: title })))}
<p>${choice('checkbox', { chapters: taking(chapters) }, 'Use these chapters')}</p>`,
  ].filter((block) => block !== '')
  if (blocks.length === 0) return ''
  const from = by === null ? 'Found in the words' : `Written by a language model (${escape(by)})`
  return `<section class="proposed">
<h2>Proposed</h2>
<p class="hint">${from}. Nothing of it is used until you pick it, save the decisions and hand them to <code>./spool review</code>.
What you have given by hand stays.</p>
${blocks.join('\n')}
</section>`
}
