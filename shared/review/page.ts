/**
 * Renders the review page: one HTML file, readable from disk without a server, that shows and plays what was
 * done to a recording. It has the waveform and the transcript with their cuts, and every edit with its reason
 * and its sound before and after. Hides the markup; everything it needs is inside it.
 */
import { createHash } from 'node:crypto'
import type { Analysis } from '../audio/analysis.ts'
import type { Warning } from '../codes.ts'
import type { Certificate } from '../mastering/certificate.ts'
import type { RestorationReport } from '../episode/restoring.ts'
import { keepAllBut, keptSamples, keptShare } from '../timeline/ledger.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { lengthOf, splicesOf, type Edit, type EditList, type Splice } from '../edits/edits.ts'
import { editKindNames, editKinds, type EditKind } from '../settings/edit-kinds.ts'
import type { Transcript } from '../words/words.ts'
import { clock, escape } from './markup.ts'
import { plainReason } from './plain-words.ts'
import type { ShownProposal } from './shown-proposal.ts'
import { proposedSection } from './proposed-section.ts'
import { playerScript } from './player.ts'
import {
  contextSeconds,
  reelDelaySamples,
  reelFrameBytes,
  reelFrameSamples,
  reelRate,
  type ReelPlaces,
} from './reel.ts'
import { restorationLines } from './restoration-lines.ts'
import { placesList, placesScript } from './restored-section.ts'
import type { Restored } from './restored-places.ts'
import { style } from './style.ts'
import { waveform } from './waveform.ts'

export interface Reviewed {
  readonly title: string
  readonly podcastTitle: string
  readonly analysis: Analysis
  readonly edits: EditList
  readonly transcript: Transcript | undefined
  readonly reel: ReelPlaces & { readonly mp3: AsyncIterable<Buffer> | Iterable<Buffer> }
  /** Absent while the episode waits for its producer. */
  readonly finished: { readonly timeline: Timeline; readonly certificate: Certificate } | undefined
  /** Absent where nobody looked for what could be restored. */
  readonly restoration: RestorationReport | undefined
  /** Absent where nothing was restored. */
  readonly restored?: Restored | undefined
  /** The edits that wait for a decision. */
  readonly waiting: readonly Edit[]
  /** What is proposed to be said of the episode, if anything is. */
  readonly proposal?: ShownProposal | undefined
  /** What the run warned of. */
  readonly warnings: readonly Warning[]
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing runs but the page's own script, and nothing is asked of anybody, wherever the file is opened. */
const policy = [
  `default-src 'none'`,
  `script-src ${hashOf(playerScript)}`,
  `style-src ${hashOf(style)}`,
  'media-src blob: data:',
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ')

/** In pieces; the reel's sound is asked for when its turn comes, and is in frames as it is made. */
export async function* reviewPage(reviewed: Reviewed): AsyncGenerator<string> {
  const { title, podcastTitle, edits, waiting } = reviewed
  const splices = splicesOf(edits)
  yield `<!doctype html>
<html lang="${escape(reviewed.transcript?.language ?? 'en')}">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Review: ${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="podcast">${escape(podcastTitle)}</p>
<h1>${escape(title)}</h1>
${summary(reviewed, splices)}
</header>
<main>
${waiting.length > 0 ? waitingSection(reviewed) : ''}
${reviewed.proposal ? proposedSection(reviewed.proposal) : ''}
${reviewed.warnings.length > 0 ? notesSection(reviewed.warnings) : ''}
${reviewed.restoration ? soundSection(reviewed.restoration) : ''}
<section>
<h2>Waveform</h2>
<p class="hint">The recording from start to end; what was changed is shaded, and what waits for you.</p>
${waveform(reviewed, splices)}
${placesList(reviewed.restored)}
</section>
${editsSection(reviewed)}
<section><h2>Transcript</h2>${transcriptText(reviewed, splices)}</section>
</main>
<footer><span id="count"></span> <button id="save" disabled>Save decisions.json</button></footer>
<script id="data" type="application/json">${playerData(reviewed, splices)}</script>
<script id="reel" type="text/plain">`
  for await (const frames of reviewed.reel.mp3)
    for (let at = 0; at < frames.length; at += reelSlice) yield frames.toString('base64', at, at + reelSlice)
  yield `</script>
${placesScript(reviewed.restored)}
<script>${playerScript}</script>
</body>
</html>
`
}

/** Three bytes are four characters of base64: slices of a multiple of three can be put side by side, as frames of 96 bytes can. */
const reelSlice = 3 * 2 ** 16

const waitingSection = (reviewed: Reviewed): string =>
  `<section class="waiting">
<h2>Waiting for you</h2>
<p class="hint">The episode is made when these are decided.
Save the decisions and hand them to <code>./spool review</code>.</p>
${editTable(reviewed.waiting, reviewed)}
</section>`

const listSection = (title: string, items: readonly string[]): string =>
  `<section class="notes">
<h2>${title}</h2>
<ul>
${items.map((item) => `<li>${item}</li>`).join('\n')}
</ul>
</section>`

const notesSection = (warnings: readonly Warning[]): string =>
  listSection(
    'Notes',
    warnings.map(({ code, message }) => `${escape(message)} <code>${escape(code)}</code>`),
  )

const soundSection = (report: RestorationReport): string =>
  listSection('Sound', restorationLines(report).map(escape))

function editsSection(reviewed: Reviewed): string {
  const { edits, waiting } = reviewed
  const rest = edits.edits.filter((edit) => !waiting.includes(edit))
  if (rest.length === 0) return '<section><h2>Edits</h2><p>Nothing else was changed.</p></section>'
  return `<section>
<h2>Edits</h2>
<p class="bar"><button id="removed">Play what is cut</button></p>
${editTable(rest, reviewed)}
</section>`
}

/** A decoder needs a frame or two before it says anything right. */
const warmUpFrames = 2

function playerData({ edits, reel }: Reviewed, splices: readonly Splice[]): string {
  const { sampleRate } = edits
  const sounding = ({ insert }: Edit) =>
    insert ? { sound: insert.sound, ...(insert.sound === 'tone' ? { hz: insert.hz } : {}) } : {}
  const known = edits.edits.map((edit) => {
    const { before, after } = contextSeconds(edit.kind)
    return [
      edit.id,
      {
        id: edit.id,
        startSample: edit.startSample,
        endSample: edit.endSample,
        context: [before, after],
        ...sounding(edit),
      },
    ] as const
  })
  const data = {
    sampleRate,
    reelRate,
    warmUpFrames,
    frameSamples: reelFrameSamples,
    frameBytes: reelFrameBytes,
    delaySamples: reelDelaySamples,
    stretches: reel.stretches,
    inserted: reel.inserted,
    edits: Object.fromEntries(known),
    splices: splices.map(({ startSample, endSample, edit }) => ({
      startSample,
      endSample,
      edit: edit.id,
      ...sounding(edit),
    })),
  }
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

function summary({ analysis, finished }: Reviewed, splices: readonly Splice[]): string {
  const { sampleRate } = analysis.format
  const facts: [string, string][] = [['Recording', clock(analysis.totalSamples / sampleRate)]]
  if (finished) facts.push(['Episode', clock(finished.timeline.totalSamples / sampleRate)])
  const removed = finished
    ? analysis.totalSamples - keptSamples(finished.timeline.ledger) // the crossfades' halves with it
    : lengthOf(splices.filter(({ edit }) => edit.insert?.sound !== 'tone'))
  facts.push(['Removed', `${(removed / sampleRate).toFixed(1)} s`])
  for (const kind of editKindNames) {
    const count = new Set(splices.filter(({ edit }) => edit.kind === kind).map(({ edit }) => edit.id)).size
    if (count > 0) facts.push([editKinds[kind].many, String(count)])
  }
  if (finished) {
    const { integratedLufs, truePeakDbtp, pass } = finished.certificate
    facts.push([
      'Loudness',
      integratedLufs === null ? 'none to measure' : `${integratedLufs.toFixed(1)} LUFS`,
    ])
    facts.push(['True peak', truePeakDbtp === null ? '–' : `${truePeakDbtp.toFixed(1)} dBTP`])
    if (integratedLufs !== null) facts.push(['Certificate', pass ? 'passed' : 'missed'])
  }
  return `<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

function editTable(edits: readonly Edit[], reviewed: Reviewed): string {
  const headings = ['At', 'Length', 'Kind', 'Words', 'Why', 'Listen', 'Decide']
  return `<table>
<thead><tr>${headings.map((heading) => `<th>${heading}</th>`).join('')}</tr></thead>
<tbody>
${onePauseEach(edits, reviewed.edits)
  .map((row) => editRow(row, reviewed))
  .join('\n')}
</tbody>
</table>`
}

/**
 * A pause with a filler in it is cut before the filler and after it: one thing to decide, and one row. Each row is the edits
 * that are decided together.
 */
function onePauseEach(edits: readonly Edit[], { edits: all }: EditList): Edit[][] {
  const rowsOf: Edit[][] = []
  const goesOn = (last: Edit, next: Edit) =>
    ['kind', 'status', 'reason'].every((key) => last[key as 'kind'] === next[key as 'kind']) &&
    all.some(({ kind, startSample, endSample }) => {
      const [from, to] = [last.endSample, next.startSample]
      return kind !== 'pause' && startSample <= from && to <= endSample && from <= to
    })
  for (const edit of edits) {
    const row = edit.kind === 'pause' ? rowsOf.findLast(([first]) => first!.kind === 'pause') : undefined
    if (row && goesOn(row.at(-1)!, edit)) row.push(edit)
    else rowsOf.push([edit])
  }
  return rowsOf
}

/** In a producer's words: what is, and what can be decided. */
const said = (kind: EditKind) => ({
  pending: 'to decide',
  rejected: 'is left',
  ...(kind === 'censor' || kind === 'sfx' // something stands in the place of what was said
    ? { applied: 'is done', accept: 'do it', reject: 'leave it' }
    : { applied: 'is cut', accept: 'cut it', reject: 'keep it' }),
})

function editRow(edits: readonly Edit[], { analysis, reel }: Reviewed): string {
  const { sampleRate } = analysis.format
  const edit = edits[0]!
  const ids = edits.map((each) => each.id).join(' ')
  const { id, kind, status, startSample, endSample, text, question } = edit
  const isInReel = reel.stretches.some(
    (stretch) => stretch.startSample <= startSample && endSample <= stretch.endSample,
  )
  const players = isInReel
    ? ['before', 'after']
        .map((play) => `<button data-play="${play}" data-edit="${id}">${play}</button>`)
        .join(' ')
    : '<span class="hint">not in the reel</span>'
  const options = (['', 'accept', 'reject'] as const)
    .map((value) => `<option value="${value}">${said(kind)[value === '' ? status : value]}</option>`)
    .join('')
  return `<tr class="${status}">
<td>${clock(startSample / sampleRate, 2)}</td>
<td>${(lengthOf(edits) / sampleRate).toFixed(2)} s</td>
<td><span class="${kind}"></span> ${editKinds[kind].one}</td>
<td>${escape(question ?? text)}${answerField(edit)}</td>
<td>${escape(plainReason(edit))}</td>
<td class="play">${players}</td>
<td><select data-edit="${ids}" aria-label="Decision on ${ids}">${options}</select></td>
</tr>`
}

function answerField({ id, insert }: Edit): string {
  if (insert?.sound !== 'speech') return ''
  const field = `<br><textarea data-edit="${id}" rows="2" placeholder="What is to be said"></textarea>`
  return insert.text === null ? field : `${field}<br>Answer: ${escape(insert.text)}`
}

function transcriptText({ transcript, analysis }: Reviewed, splices: readonly Splice[]): string {
  if (!transcript) return '<p>There is no transcript: no words came with the recording.</p>'
  const ledger = keepAllBut(splices, analysis.totalSamples, 0, () => 0)
  const paragraphs: { speaker: string | null; words: string[] }[] = []
  for (const word of transcript.words) {
    const text = keptShare(ledger, word) < 0.5 ? `<del>${escape(word.text)}</del>` : escape(word.text)
    const last = paragraphs.at(-1)
    if (last?.speaker === word.speaker) last.words.push(text)
    else paragraphs.push({ speaker: word.speaker, words: [text] })
  }
  const likes = (transcript.voices ?? []).flatMap(({ label, like }) =>
    like
      ? [
          ` ${escape(label)} is like ${escape(like.name)} in earlier episodes, ${Math.round(100 * like.sureness)} % sure.`,
        ]
      : [],
  )
  const note =
    transcript.speakersBy === 'voice'
      ? `<p class="hint">Speakers suggested by voice; the console names them, or <code>speakers</code> in episode.json.${likes.join('')}</p>\n`
      : ''
  const said = paragraphs
    .map(
      ({ speaker, words }) =>
        `<p>${speaker === null ? '' : `<b>${escape(speaker)}</b> `}${words.join(' ')}</p>`,
    )
    .join('\n')
  return note + said
}
