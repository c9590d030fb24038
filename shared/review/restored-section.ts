/** What the review page shows of restoration: its gains over the waveform, and places to hear before and after. */
import { clock } from './markup.ts'
import type { Restored } from './restored-places.ts'

/** From the middle to the edge: as far as levels are ever raised. */
const edgeDb = 18

/** A line over the waveform: in its middle nothing is changed, at its edges by 18 dB. Empty where all stayed as loud as it was. */
export function gainCurve(
  restored: Restored | undefined,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  if (!restored?.gainDb) return ''
  const { gainDb } = restored
  const points = gainDb.map((gain, i) => {
    const y = (height / 2) * (1 - Math.max(-1, Math.min(1, gain / edgeDb)))
    return `${(((i + 0.5) * width) / gainDb.length).toFixed(1)},${y.toFixed(1)}`
  })
  const [least, most] = [Math.min(...gainDb), Math.max(...gainDb)].map((gain) => gain.toFixed(0))
  return `<polyline class="gain" points="${points.join(' ')}"><title>${least} to ${most} dB</title></polyline>`
}

/** Two buttons a place: one goes on where the other was. */
export function placesList(restored: Restored | undefined): string {
  if (!restored || restored.places.length === 0) return ''
  const rows = restored.places.map(
    ({ startSeconds, endSeconds }, place) =>
      `<li>${clock(startSeconds)}–${clock(endSeconds)}
<button data-place="${place}" data-side="unrestored">A before</button>
<button data-place="${place}" data-side="restored">B restored</button></li>`,
  )
  return `<p class="hint">Before and after the sound was restored, equally loud; the other button goes on from the same instant.</p>
<ul class="places">
${rows.join('\n')}
</ul>`
}

/** The sounds of the places, for the page's script. */
export const placesScript = (restored: Restored | undefined): string =>
  `<script id="places" type="application/json">${JSON.stringify(
    (restored?.places ?? []).map((place) => ({
      unrestored: place.unrestored.toString('base64'),
      restored: place.restored.toString('base64'),
    })),
  )}</script>`
