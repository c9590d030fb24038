/**
 * The waveform around one edit, near enough to see words, with the edges of edits to be dragged. Hides the library that
 * draws it; the sound is played elsewhere.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import WaveSurfer from 'wavesurfer.js'
import Regions from 'wavesurfer.js/plugins/regions'
import { styleNonce } from '../api.ts'
import { html, reasonOf } from '../parts.ts'
import { colourOf, styled } from './colours.ts'
import { GainLine } from './gain-line.ts'
import type { Kind, Planned, Span } from './model.ts'
import { askPeaks } from './overview.ts'

/** Shown before and after an edit. */
const besideSeconds = 4
const [shortestSeconds, longestSeconds] = [10, 120]
const points = 1600
const heightPx = 110

/** What is shown for an edit, or around a place. */
export function viewOf({ startSeconds, endSeconds }: Span, durationSeconds: number): Span {
  const wanted = endSeconds - startSeconds + 2 * besideSeconds
  const length = Math.min(durationSeconds, longestSeconds, Math.max(shortestSeconds, wanted))
  const middle = (startSeconds + endSeconds) / 2
  const start = Math.max(0, Math.min(durationSeconds - length, middle - length / 2))
  return { startSeconds: start, endSeconds: start + length }
}

export interface DetailProps {
  readonly base: string
  readonly view: Span
  readonly edits: readonly Planned[]
  readonly kinds: readonly Kind[]
  readonly current: string | undefined
  readonly heardAt: number | undefined
  readonly onGo: (seconds: number) => void
  readonly onPick: (edit: string) => void
  /** Absent for who may not move edges. */
  readonly onMove?: ((edit: Planned, span: Span) => void) | undefined
}

export function Detail({ base, view, edits, kinds, current, heardAt, onGo, onPick, onMove }: DetailProps) {
  const holder = useRef<HTMLDivElement>(null)
  const drawn = useRef<{ wave: WaveSurfer; regions: ReturnType<typeof Regions.create> }>(undefined)
  const [ready, setReady] = useState(0)
  const [gainDb, setGain] = useState<readonly number[] | null>(null)
  const [error, setError] = useState<unknown>()
  const { startSeconds, endSeconds } = view
  const acts = useRef({ edits, onGo, onPick, onMove })
  acts.current = { edits, onGo, onPick, onMove }

  useEffect(() => {
    let isGone = false
    setError(undefined)
    askPeaks(base, startSeconds, endSeconds, points).then(
      ({ low, high, gainDb: gains }) => {
        if (isGone) return
        setGain(gains)
        const peaks = [high, low].map((one) => one.map((value) => value / 127))
        drawn.current = drawWave(holder.current!, peaks, endSeconds - startSeconds, (seconds) =>
          acts.current.onGo(startSeconds + seconds),
        )
        setReady((before) => before + 1)
      },
      (reason: unknown) => setError(reason),
    )
    return () => {
      isGone = true
      drawn.current?.wave.destroy()
      drawn.current = undefined
    }
  }, [base, startSeconds, endSeconds])

  const near = edits.filter(
    (edit) => edit.startSeconds < endSeconds && edit.endSeconds > startSeconds && edit.status !== 'rejected',
  )
  const shown = JSON.stringify(near.map((edit) => [edit.id, edit.status, edit.startSeconds, edit.endSeconds]))
  useEffect(() => {
    const regions = drawn.current?.regions
    if (!regions) return undefined
    regions.clearRegions()
    for (const edit of near) {
      const isCurrent = edit.id === current
      const region = regions.addRegion({
        id: edit.id,
        start: edit.startSeconds - startSeconds,
        end: edit.endSeconds - startSeconds,
        drag: false,
        resize: onMove !== undefined && edit.puts !== 'file',
        minLength: 0.02,
        color: tint(colourOf(kinds, edit.kind), edit.status === 'pending' ? 0.25 : isCurrent ? 0.6 : 0.4),
      })
      region.on('click', () => acts.current.onPick(edit.id))
      region.on('update-end', () =>
        acts.current.onMove?.(edit, {
          startSeconds: startSeconds + region.start,
          endSeconds: startSeconds + region.end,
        }),
      )
    }
    return undefined
  }, [ready, shown, current, startSeconds])

  useEffect(() => {
    if (heardAt !== undefined && drawn.current) drawn.current.wave.setTime(heardAt - startSeconds)
  }, [heardAt, ready])
  return html`<div class="detail">
    <div ref=${holder} class="wave" role="img" aria-label="Waveform around the edit that is looked at"></div>
    <${GainLine} gainDb=${gainDb} />
    ${error === undefined ? null : html`<p class="quiet">${reasonOf(error)}</p>`}
  </div>`
}

function drawWave(
  container: HTMLElement,
  peaks: number[][],
  duration: number,
  onGo: (seconds: number) => void,
) {
  const regions = Regions.create()
  const wave = WaveSurfer.create({
    ...{ container, peaks, duration, plugins: [regions] },
    ...{ height: heightPx, cspNonce: styleNonce, normalize: true, cursorWidth: 2 },
    ...{ waveColor: styled('--wave'), progressColor: styled('--wave'), cursorColor: styled('--main') },
  })
  wave.on('interaction', onGo)
  return { wave, regions }
}

/** `#rrggbb` with so much of it. */
const tint = (colour: string, share: number): string =>
  `${colour}${Math.round(share * 255)
    .toString(16)
    .padStart(2, '0')}`
