/**
 * Tracks of one conversation, before they are mixed: recorders' clocks are brought together, and what each microphone hears of
 * others goes down while only they speak. Hides that every track is decoded for that beforehand, one after the other.
 */
import { toPlanar } from '../audio/pcm.ts'
import type { Identity, Tools } from '../engine/step.ts'
import { fileOf } from '../objects.ts'
import { analysed } from '../restoration/analysis.ts'
import { driftOf } from '../restoration/clocks.ts'
import type { BandLevels } from '../restoration/crosstalk.ts'
import { gatedShareOf, gatePlans } from '../restoration/crosstalk.ts'
import { noWishes } from '../restoration/wishes.ts'
import { accept, withUpload, type Upload } from './recording.ts'
import { letOthers } from './restoring.ts'

/** Less of the time is not worth a change. */
const leastShare = 0.01

/** The upload, each of its tracks with the clock and the gains that it needs; its producer is told. */
export async function withoutCrosstalk<U extends Upload & Pick<Identity, 'runId' | 'userId'>>(
  upload: U,
  tools: Tools,
): Promise<U> {
  const sampleRate = await withUpload(upload, tools, async ({ probed }) => {
    if (probed.certainSeconds !== undefined) await accept(probed.certainSeconds, upload, tools) // before any work is done
    return probed.pcm.sampleRate
  })
  const others = () => letOthers(tools.signal)
  const look = (track: Upload['recordings'][number]) =>
    bandsOf({ ...upload, recordings: [track], targetRate: sampleRate }, tools)
  const bands: BandLevels[] = []
  const tracks: Upload['recordings'][number][] = []
  for (const given of upload.recordings) {
    const seen = await look(given)
    const drift = bands.length === 0 ? 0 : await driftOf(bands[0]!, seen, others)
    const track = drift === 0 ? given : { ...given, drift }
    tracks.push(track)
    bands.push(drift === 0 ? seen : await look(track))
  }
  const drifting = tracks.flatMap(({ object, drift }) =>
    drift ? [`${fileOf(object)} by ${(1e6 * drift).toFixed(0)} parts in a million`] : [],
  )
  if (drifting.length > 0)
    tools.warn({
      code: 'clock_drift_mended',
      message: `Recorders had clocks of their own, other than that of the first track: ${drifting.join(', ')}. The tracks were brought together.`,
    })
  const plans = await gatePlans(bands, others)
  const shares = plans.map(gatedShareOf)
  if (shares.every((share) => share < leastShare)) return { ...upload, recordings: tracks }
  const named = tracks.map(({ object }, i) => `${fileOf(object)} for ${(100 * shares[i]!).toFixed(0)} %`)
  tools.warn({
    code: 'crosstalk_reduced',
    message: `While only others spoke, tracks were turned down: ${named.join(', ')} of the time.`,
  })
  const stepSamples = Math.round(sampleRate / 100)
  return {
    ...upload,
    recordings: tracks.map((track, i) => ({ ...track, curve: { db: plans[i]!, stepSamples } })),
  }
}

/** Of one track, at its place in the conversation, as far as a recording may be long. */
async function bandsOf(track: Upload, tools: Tools): Promise<BandLevels> {
  const most = tools.config.limits.recordingSeconds
  return await withUpload(track, tools, async ({ probed, decode }) => {
    const { sampleRate, channels } = probed.pcm
    async function* sound(): AsyncGenerator<readonly Float32Array[]> {
      let samples = 0
      for await (const block of decode(tools.signal).sound) {
        const planes = toPlanar(block, probed.pcm)
        yield planes
        samples += planes[0]!.length
        if (samples > most * sampleRate) return
        await letOthers(tools.signal)
      }
    }
    const wishes = { ...noWishes, gate: 'auto' } as const
    const { bands } = await analysed(sound, { sampleRate, channels, wishes, isOneOfSeveral: true })
    return bands!
  })
}
