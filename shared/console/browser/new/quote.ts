/** What an episode will take, and whose place, before it begins. */
import { useEffect, useState } from 'preact/hooks'
import { clock, html, Notice, size } from '../parts.ts'
import type { Dropped } from './kinds.ts'
import { preflight, type PaidRecogniser, type Quote as Told, type Replaced } from './preflight.ts'

export interface Quoted {
  readonly podcast: string
  readonly slug: string
  readonly files: readonly Dropped[]
  readonly seconds: Readonly<Record<string, number | undefined>>
  readonly are: 'sequence' | 'tracks'
}

export function Quote({ podcast, slug, files, seconds, are }: Quoted) {
  const [told, setTold] = useState<{ quote: Told; replaces: Replaced | null; waits: boolean }>()
  const recordings = files.filter(({ kind }) => kind === 'recording')
  const withWords = files.some(({ kind }) => kind === 'words')
  const length = lengthOf(
    recordings.map(({ name }) => seconds[name]),
    are,
  )
  const what = [
    podcast,
    slug,
    length,
    withWords,
    ...recordings.map(({ name, file }) => `${name} ${file.size}`),
  ]
  useEffect(() => {
    if (recordings.length === 0 || podcast === '' || slug === '') return undefined
    const soon = setTimeout(
      () =>
        void preflight({ podcast, slug, recordings, seconds: length, withWords }).then(
          setTold,
          () => setTold(undefined), // it is refused when it is sent, with the reason
        ),
      typingMs,
    )
    return () => clearTimeout(soon)
  }, [what.join('\n')])
  if (recordings.length === 0 || !told) return null
  const { quote, replaces, waits } = told
  return html`${replaces === null ? null : html`<${Notice}>${takesPlace(replaces)}</${Notice}>`}${
      waits
        ? html`<${Notice}>A version of it waits for your decision; this one would take its place.</${Notice}>`
        : null
    }<${Takes} ...${quote} />`
}

const takesPlace = ({ title, isPublished, recordings }: Replaced): string =>
  `“${title}” is there already${isPublished ? ' and in the feed' : ''}, made of ${recordings.join(', ')}. ` +
  'It would be made anew of this recording; to keep both, give this one another title.'

function Takes(quote: Told) {
  const { minutes, minutesLeft } = quote
  return minutes !== null && minutesLeft !== null && minutes > minutesLeft
    ? html`<${Notice} kind="error">It takes ${Math.ceil(minutes)} minutes, and ${minutesLeft} are left this month: it would be refused.</${Notice}>`
    : html`<p class="quiet" aria-label="What it takes">
        ${minutesOf(quote)} ${paidOf(quote)} ${restOf(quote)}
      </p>`
}

/** Whoever types a title is not asked for with every letter. */
const typingMs = 400

function lengthOf(lengths: readonly (number | undefined)[], are: Quoted['are']): number | undefined {
  if (lengths.some((length) => length === undefined)) return undefined
  const known = lengths.map((length) => length!)
  return are === 'tracks' ? Math.max(...known) : known.reduce((sum, length) => sum + length, 0)
}

function minutesOf({ minutes, minutesLeft }: Told): string {
  const left = minutesLeft === null ? '' : `${minutesLeft} minutes are left this month.`
  if (minutes === null)
    return `The browser cannot tell how long it is; it is counted when it is there. ${left}`
  const takes = `about ${Math.max(1, Math.ceil(minutes))}`
  return minutesLeft === null
    ? `It takes ${takes} minutes of recording.`
    : `It takes ${takes} of the ${minutesLeft} minutes that are left this month.`
}

const paidOf = ({ transcribedBy, notedBy }: Told) =>
  transcribedBy === null && notedBy === null
    ? 'Nobody is paid for it.'
    : html`${transcribedBy === null ? null : transcriptionOf(transcribedBy)}${notedBy === null ? '' : ` ${notedBy} reads its transcript to propose notes, and charges you its own price.`}`

const transcriptionOf = ({ provider, usd, listedIn, priceList }: PaidRecogniser) =>
  html`${provider} transcribes it and charges you
  ${usd === null ? 'its own price' : `about $${usd.toFixed(2)} by its list of ${listedIn ?? ''}`}, once a
  recording.${priceList === null ? '' : html` Today’s prices are <a href=${priceList} rel="noreferrer">there</a>.`}`

const restOf = ({ seconds, roomBytes }: Told): string =>
  `${seconds === null ? '' : `By the last ones it is made in about ${clock(Math.max(1, seconds))}. `}It needs about ${size(roomBytes)} of room while it is worked on.`
