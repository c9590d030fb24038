/** The waveform of the review page, with what was changed shaded and the gains of restoration over it. */
import type { Analysis, Span } from '../audio/analysis.ts'
import type { Edit, Splice } from '../edits/edits.ts'
import { editKindNames, editKinds } from '../settings/edit-kinds.ts'
import type { Restored } from './restored-places.ts'
import { gainCurve } from './restored-section.ts'

interface Drawn {
  readonly analysis: Analysis
  /** The edits that wait for a decision. */
  readonly waiting: readonly Edit[]
  readonly restored?: Restored | undefined
}

const width = 1200
const height = 160
/** One vertical line for each pixel. */
export function waveform({ analysis, waiting, restored }: Drawn, splices: readonly Splice[]): string {
  const { waveform: points, totalSamples } = analysis
  const frames = points.length / 2
  const middle = height / 2
  const loudest = points.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  const y = (value: number) => (middle - (value / loudest) * (middle - 4)).toFixed(1)
  const path: string[] = []
  for (let x = 0; x < width; x++) {
    let [low, high] = [0, 0]
    for (
      let i = Math.floor((x * frames) / width);
      i < Math.max(Math.floor((x * frames) / width) + 1, Math.floor(((x + 1) * frames) / width));
      i++
    ) {
      low = Math.min(low, points[2 * i] ?? 0)
      high = Math.max(high, points[2 * i + 1] ?? 0)
    }
    path.push(`M${x} ${y(high)}V${y(low)}`)
  }
  const at = (sample: number) => (sample / totalSamples) * width
  const shade = (shown: string, { startSample, endSample }: Span) =>
    `<rect class="${shown}" x="${at(startSample).toFixed(2)}" y="0" ` +
    `width="${Math.max(1, at(endSample) - at(startSample)).toFixed(2)}" height="${height}"/>`
  const shades = [
    ...splices.map((splice) => shade(splice.edit.kind, splice)),
    ...waiting.map((edit) => shade(`${edit.kind} undecided`, edit)),
  ]
  const legend = editKindNames
    .filter((kind) => [...splices.map(({ edit }) => edit), ...waiting].some((edit) => edit.kind === kind))
    .map((kind) => `<span class="${kind}"></span> ${editKinds[kind].one}`)
  const gain = gainCurve(restored, { width, height })
  if (gain !== '') legend.push('<span class="gain"></span> how much restoration raised or lowered it')
  if (waiting.length > 0) legend.push('(with a dashed edge: to decide)')
  return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"
role="img" aria-label="Waveform of the recording">
${shades.join('')}<path d="${path.join('')}"/>${gain}
</svg>
<p class="legend">${legend.join(' ')}</p>`
}
