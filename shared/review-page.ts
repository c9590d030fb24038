/**
 * A page that shows what was done to a recording, readable from disk without a server: waveform with cuts, transcript with cuts struck through,
 * every edit with its reason. Hides the markup; everything it needs is inside it.
 */
import type { Analysis } from './audio/analysis.ts'
import type { Certificate } from './audio/certificate.ts'
import { keptShare } from './audio/ledger.ts'
import type { Timeline } from './audio/timeline.ts'
import { appliedCuts, type Edit, type EditList } from './transcript/edits.ts'
import type { Transcript } from './transcript/words.ts'

export interface Reviewed {
  readonly title: string
  readonly podcastTitle: string
  readonly analysis: Analysis
  readonly edits: EditList
  readonly transcript: Transcript | undefined
  readonly timeline: Timeline
  readonly certificate: Certificate
}

export function reviewPage(reviewed: Reviewed): string {
  const { title, podcastTitle } = reviewed
  return `<!doctype html>
<html lang="${escape(reviewed.transcript?.language ?? 'en')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Review: ${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header><p class="podcast">${escape(podcastTitle)}</p><h1>${escape(title)}</h1>${summary(reviewed)}</header>
<main>
<section><h2>Waveform</h2><p class="hint">The recording from start to end; what was cut is shaded.</p>${waveform(reviewed)}</section>
<section><h2>Edits</h2>${editTable(reviewed)}</section>
<section><h2>Transcript</h2>${transcriptText(reviewed)}</section>
</main>
</body>
</html>
`
}

function summary({ analysis, timeline, edits, certificate }: Reviewed): string {
  const { sampleRate } = analysis.format
  const cuts = appliedCuts(edits)
  const removed = cuts.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)
  const count = (kind: Edit['kind']) => cuts.filter((cut) => cut.kind === kind).length
  const facts: [string, string][] = [
    ['Recording', clock(analysis.totalSamples / sampleRate)],
    ['Episode', clock(timeline.totalSamples / sampleRate)],
    ['Removed', `${(removed / sampleRate).toFixed(1)} s`],
    ['Fillers', String(count('filler'))],
    ['Pauses', String(count('pause'))],
    ['Loudness', certificate.integratedLufs === null ? 'silent' : `${certificate.integratedLufs.toFixed(1)} LUFS`],
    ['True peak', certificate.truePeakDbtp === null ? '–' : `${certificate.truePeakDbtp.toFixed(1)} dBTP`],
    ['Certificate', certificate.pass ? 'passed' : 'missed'],
  ]
  return `<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`
}

const width = 1200
const height = 160
/** A line a pixel is as fine as the eye sees. */
function waveform({ analysis, edits }: Reviewed): string {
  const { waveform: points, totalSamples } = analysis
  const frames = points.length / 2
  const middle = height / 2
  const loudest = points.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  const y = (value: number) => (middle - (value / loudest) * (middle - 4)).toFixed(1)
  const path: string[] = []
  for (let x = 0; x < width; x++) {
    let [low, high] = [0, 0]
    for (let i = Math.floor((x * frames) / width); i < Math.max(Math.floor((x * frames) / width) + 1, Math.floor(((x + 1) * frames) / width)); i++) {
      low = Math.min(low, points[2 * i] ?? 0)
      high = Math.max(high, points[2 * i + 1] ?? 0)
    }
    path.push(`M${x} ${y(high)}V${y(low)}`)
  }
  const at = (sample: number) => (sample / totalSamples) * width
  const cuts = appliedCuts(edits).map(
    ({ kind, startSample, endSample }) =>
      `<rect class="${kind}" x="${at(startSample).toFixed(2)}" y="0" width="${Math.max(1, at(endSample) - at(startSample)).toFixed(2)}" height="${height}"/>`,
  )
  return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="Waveform of the recording">${cuts.join('')}<path d="${path.join('')}"/></svg>
<p class="legend"><span class="filler"></span> filler <span class="pause"></span> pause</p>`
}

function editTable({ edits, analysis }: Reviewed): string {
  if (edits.edits.length === 0) return '<p>Nothing was changed.</p>'
  const seconds = (sample: number) => clock(sample / analysis.format.sampleRate, 2)
  const row = ({ kind, status, startSample, endSample, text, reason }: Edit) =>
    `<tr class="${status}"><td>${seconds(startSample)}</td><td>${((endSample - startSample) / analysis.format.sampleRate).toFixed(2)} s</td><td><span class="${kind}"></span> ${kind}</td><td>${escape(text)}</td><td>${escape(reason)}</td></tr>`
  return `<table><thead><tr><th>At</th><th>Length</th><th>Kind</th><th>Words</th><th>Why</th></tr></thead><tbody>${edits.edits.map(row).join('\n')}</tbody></table>`
}

function transcriptText({ transcript, timeline }: Reviewed): string {
  if (!transcript) return '<p>There is no transcript: no words came with the recording.</p>'
  const paragraphs: { speaker: string | null; words: string[] }[] = []
  for (const word of transcript.words) {
    const text = keptShare(timeline.ledger, word) < 0.5 ? `<del>${escape(word.text)}</del>` : escape(word.text)
    const last = paragraphs.at(-1)
    if (last?.speaker === word.speaker) last.words.push(text)
    else paragraphs.push({ speaker: word.speaker, words: [text] })
  }
  return paragraphs.map(({ speaker, words }) => `<p>${speaker === null ? '' : `<b>${escape(speaker)}</b> `}${words.join(' ')}</p>`).join('\n')
}

function clock(seconds: number, decimals = 0): string {
  const rounded = Number(seconds.toFixed(decimals))
  const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor((rounded / 60) % 60)]
  const rest = (rounded % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 3 + decimals, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const style = `
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fbfaf7; --line: #d9d5cc; --wave: #33526e; --filler: #e2873b; --pause: #8fb3d1 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e4dd; --paper: #181b20; --line: #3a3f47; --wave: #9fc0dd; --filler: #c9712a; --pause: #3f6384 } }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
h1 { margin: 0 0 1rem; font-size: 1.9rem; line-height: 1.2 } h2 { margin: 2.2rem 0 .5rem; font-size: 1.15rem }
.podcast { margin: 0; opacity: .7 } .hint, .legend { margin: .25rem 0; font-size: .875rem; opacity: .75 }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .5rem; margin: 0 }
dl div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem } dt { font-size: .8rem; opacity: .7 } dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums }
svg { width: 100%; height: 10rem; border: 1px solid var(--line); border-radius: .5rem } svg path { stroke: var(--wave); fill: none } svg .filler { fill: var(--filler) } svg .pause { fill: var(--pause) } svg rect { opacity: .55 }
span.filler, span.pause { display: inline-block; width: .7em; height: .7em; border-radius: .15em; background: var(--filler) } span.pause { background: var(--pause) }
table { width: 100%; border-collapse: collapse; font-size: .9rem } th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top } td:nth-child(-n+2) { font-variant-numeric: tabular-nums; white-space: nowrap }
del { color: var(--filler) } tr.rejected { opacity: .5 }
`
