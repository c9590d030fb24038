/** Over a waveform: by how much restoration raised or lowered the sound. In the middle nothing is changed. */
import { html } from '../parts.ts'

/** From the middle to the edge: as far as levels are ever raised. */
const edgeDb = 18

export function GainLine({ gainDb }: { gainDb: readonly number[] | null | undefined }) {
  if (!gainDb || gainDb.length === 0) return null
  const y = (gain: number) => (1 - Math.max(-1, Math.min(1, gain / edgeDb))).toFixed(3)
  const [least, most] = [Math.min(...gainDb), Math.max(...gainDb)].map((gain) => gain.toFixed(0))
  return html`<svg
    class="gain"
    viewBox=${`0 0 ${gainDb.length} 2`}
    preserveAspectRatio="none"
    role="img"
    aria-label=${`Restoration changed the level by ${least} to ${most} dB`}
  >
    <polyline points=${gainDb.map((gain, i) => `${i + 0.5},${y(gain)}`).join(' ')} />
  </svg>`
}
