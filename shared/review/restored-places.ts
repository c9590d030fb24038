/**
 * A few places of a restored recording to hear before and after on the review page, which has no server to ask. Hides which
 * they are: one in each third of the recording, where most was changed in what is no music.
 */
import type { Analysis } from '../audio/analysis.ts'
import type { EditList } from '../edits/edits.ts'
import type { Plan } from '../restoration/decide.ts'
import type { ObjectStore } from '../storage.ts'
import type { TimelineSource } from '../timeline/timeline.ts'
import { gainPoints } from './gains.ts'
import { spanSound } from './sound.ts'

const mostPlaces = 3
const placeSeconds = 6
/** A shorter recording has fewer places. */
const secondsPerPlace = 15
/** With the six sounds the page grows by 380 kB. Less would be heard in the noise. */
const bitrateKbps = 64
const perSecond = 100
/** A moment of which this share of the loudest sounds counts. */
const soundingShare = 1 / 16
/** A click that is repaired counts as so many dB for a second. */
const clickDb = 20

export interface RestoredPlace {
  readonly startSeconds: number
  readonly endSeconds: number
  /** MP3s as long as the place: as loud as each other, from the same instant on. */
  readonly unrestored: Buffer
  readonly restored: Buffer
}

type Done = Pick<Plan, 'gainDb' | 'stepSamples' | 'sampleRate' | 'clicks' | 'music'>

/** The beginnings of the places, in seconds. */
export function placesToHear(plan: Done, { waveform }: Pick<Analysis, 'waveform'>): number[] {
  const sums = summedChanges(plan, waveform)
  const seconds = Math.floor((sums.length - 1) / perSecond)
  const count = Math.min(mostPlaces, Math.max(1, Math.floor(seconds / secondsPerPlace)))
  return Array.from({ length: count }, (_, place) => {
    const [from, to] = [place, place + 1].map((share) => Math.floor((share * seconds) / count))
    let [best, most] = [from!, -1]
    for (let start = from!; start + Math.min(placeSeconds, to! - from!) <= to!; start++) {
      const end = Math.min(sums.length - 1, (start + placeSeconds) * perSecond)
      const change = sums[end]! - sums[start * perSecond]!
      if (change > most) [best, most] = [start, change]
    }
    return best
  })
}

/** How much was changed up to each hundredth of a second. */
function summedChanges(
  { gainDb, music, stepSamples, sampleRate, clicks }: Done,
  waveform: Int8Array,
): Float64Array {
  const frames = waveform.length / 2
  const reach = (frame: number) => Math.max(-waveform[2 * frame]!, waveform[2 * frame + 1]!)
  let loudest = 1
  for (let frame = 0; frame < frames; frame++) loudest = Math.max(loudest, reach(frame))
  const changes = Float64Array.from({ length: frames }, (_, frame) => {
    const step = Math.floor((frame * sampleRate) / perSecond / stepSamples)
    if (reach(frame) < soundingShare * loudest || music[step]) return 0
    return 1 + Math.abs(gainDb?.[step] ?? 0)
  })
  for (const { start } of clicks) {
    const frame = Math.floor((start * perSecond) / sampleRate)
    if (frame < frames) changes[frame]! += clickDb * perSecond
  }
  const sums = new Float64Array(frames + 1)
  for (let frame = 0; frame < frames; frame++) sums[frame + 1] = sums[frame]! + changes[frame]!
  return sums
}

interface Location {
  readonly storage: ObjectStore
  readonly bucket: string
}

interface Sounds {
  readonly plan: Done
  readonly analysis: Analysis
  readonly edits: EditList
  readonly recording: TimelineSource
  readonly unrestored: TimelineSource
}

/** What a page shows of a recording that was restored. */
export interface Restored {
  /** How much louder or softer each point of its waveform is; null where all stayed as loud as it was. */
  readonly gainDb: readonly number[] | null
  readonly places: readonly RestoredPlace[]
}

export const gainCurvePoints = 600

export const restoredParts = async (
  sounds: Sounds,
  location: Location,
  signal: AbortSignal,
): Promise<Restored> => ({
  gainDb: gainPoints(sounds.plan, {
    startSeconds: 0,
    endSeconds: sounds.recording.totalSamples / sounds.plan.sampleRate,
    points: gainCurvePoints,
  }),
  places: await restoredPlaces(sounds, location, signal),
})

/** The places with their sound. */
async function restoredPlaces(
  { plan, analysis, edits, recording, unrestored }: Sounds,
  location: Location,
  signal: AbortSignal,
): Promise<RestoredPlace[]> {
  const { sampleRate } = recording.format
  const unedited = { edits: { ...edits, edits: [] }, inserted: new Map() }
  const places: RestoredPlace[] = []
  for (const startSeconds of placesToHear(plan, analysis)) {
    const endSeconds = Math.min(recording.totalSamples / sampleRate, startSeconds + placeSeconds)
    const [startSample, endSample] = [startSeconds, endSeconds].map((at) => Math.round(at * sampleRate))
    const hear = async (heard: { recording: TimelineSource; asLoudAs?: TimelineSource }) => {
      const span = { startSample: startSample!, endSample: endSample! }
      return (await spanSound({ ...unedited, ...heard }, span, location, signal, bitrateKbps)).mp3
    }
    places.push({
      ...{ startSeconds, endSeconds },
      unrestored: await hear({ recording: unrestored, asLoudAs: recording }),
      restored: await hear({ recording }),
    })
  }
  return places
}
