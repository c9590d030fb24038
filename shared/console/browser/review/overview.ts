/** The whole recording at a glance: its waveform, what is cut in its colours, and where one is. A click goes there. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { get } from '../api.ts'
import { clock, html, useApi } from '../parts.ts'
import { colourOf, styled } from './colours.ts'
import { GainLine } from './gain-line.ts'
import type { Kind, Planned } from './model.ts'

interface Peaks {
  readonly low: readonly number[]
  readonly high: readonly number[]
  readonly gainDb: readonly number[] | null
}

export const peaksPath = (base: string, startSeconds: number, endSeconds: number, points: number): string =>
  `${base}/review/peaks?${new URLSearchParams({
    startSeconds: startSeconds.toFixed(3),
    endSeconds: endSeconds.toFixed(3),
    points: String(points),
  })}`

export const askPeaks = (...asked: Parameters<typeof peaksPath>): Promise<Peaks> => get(peaksPath(...asked))

const points = 1200
const heightPx = 64

export interface OverviewProps {
  readonly base: string
  readonly durationSeconds: number
  readonly edits: readonly Planned[]
  readonly kinds: readonly Kind[]
  readonly at: number
  readonly onGo: (seconds: number) => void
}

export function Overview({ base, durationSeconds, edits, kinds, at, onGo }: OverviewProps) {
  const { data: peaks, error } = useApi<Peaks>(peaksPath(base, 0, durationSeconds, points))
  const canvas = useRef<HTMLCanvasElement>(null)
  const [widthPx, setWidth] = useState(0)
  useEffect(() => {
    const sized = new ResizeObserver(() => setWidth(canvas.current?.clientWidth ?? 0))
    sized.observe(canvas.current!)
    return () => sized.disconnect()
  }, [])
  useEffect(() => {
    if (canvas.current && peaks && widthPx > 0)
      draw(canvas.current, widthPx, peaks, edits, kinds, durationSeconds)
  }, [peaks, edits, widthPx])
  const share = durationSeconds > 0 ? at / durationSeconds : 0
  return html`<div class="overview">
    <div class="strip">
      <canvas
        ref=${canvas}
        aria-hidden="true"
        onClick=${(event: MouseEvent) => onGo((event.offsetX / widthPx) * durationSeconds)}
      ></canvas>
      <${GainLine} gainDb=${peaks?.gainDb} />
      <div class="needle" style=${{ left: `${share * 100}%` }}></div>
    </div>
    ${peaks?.gainDb ? html`<p class="quiet gain-note">The line: how much restoration raised or lowered the sound, by 18 dB at the edges.</p>` : null}
    ${error === undefined ? null : html`<p class="quiet">The waveform cannot be shown.</p>`}
    <label class="position"
      ><span class="quiet">${clock(at)} of ${clock(durationSeconds)}</span>
      <input
        type="range"
        min="0"
        max=${durationSeconds}
        step="0.1"
        value=${at}
        aria-label="Place in the recording"
        aria-valuetext=${`${clock(at)} of ${clock(durationSeconds)}`}
        onInput=${(event: Event) => onGo(Number((event.target as HTMLInputElement).value))}
      />
    </label>
  </div>`
}

function draw(
  canvas: HTMLCanvasElement,
  widthPx: number,
  { low, high }: Peaks,
  edits: readonly Planned[],
  kinds: readonly Kind[],
  durationSeconds: number,
): void {
  const scale = devicePixelRatio
  canvas.width = widthPx * scale
  canvas.height = heightPx * scale
  const context = canvas.getContext('2d')!
  context.scale(scale, scale)
  const loudest = Math.max(1, ...high, ...low.map((value) => -value))
  const x = (seconds: number) => (seconds / durationSeconds) * widthPx
  for (const { kind, status, startSeconds, endSeconds } of edits) {
    if (status === 'rejected') continue
    context.globalAlpha = status === 'pending' ? 0.35 : 0.7
    context.fillStyle = colourOf(kinds, kind)
    context.fillRect(x(startSeconds), 0, Math.max(1, x(endSeconds) - x(startSeconds)), heightPx)
  }
  context.globalAlpha = 1
  context.fillStyle = styled('--wave')
  high.forEach((value, i) => {
    const [top, bottom] = [value, low[i]!].map((one) => heightPx / 2 - (one / loudest) * (heightPx / 2 - 2))
    const [left, right] = [i, i + 1].map((one) => (one / high.length) * widthPx)
    context.fillRect(left!, top!, Math.max(0.5, right! - left!), Math.max(1, bottom! - top!))
  })
}
