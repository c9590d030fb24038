/**
 * `spool restore`: the sound of recordings restored, in this process, without the cloud. Hides that a file is decoded again for
 * every look at it, and once more to mend it, so that memory does not grow with its length.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Decoding } from '../../shared/audio/decoding.ts'
import { byOtherClock } from '../../shared/audio/clock.ts'
import { bytesPerFrame, toInterleavedBytes, toPlanar } from '../../shared/audio/pcm.ts'
import { withSource, type OpenedSource } from '../../shared/audio/source.ts'
import { floatWavHead } from '../../shared/audio/wav.ts'
import type { Warning } from '../../shared/codes.ts'
import { analysed, type Tables } from '../../shared/restoration/analysis.ts'
import { restorer } from '../../shared/restoration/apply.ts'
import { driftOf } from '../../shared/restoration/clocks.ts'
import { decide, type Plan, type Summary } from '../../shared/restoration/decide.ts'
import type { Wishes } from '../../shared/restoration/wishes.ts'
import { mustBeFree, noteRestored, restoredFiles } from './restored-folder.ts'

export interface RestoreJob {
  readonly recordings: readonly string[]
  readonly wishes: Wishes
  readonly out: string
}

interface Restored extends Summary {
  /** By how many parts in a million its recorder's clock ran faster than the first one's; it is brought to that. */
  readonly driftPpm: number
}

/** Of one recording what was found in it; of several, of all together. */
export interface RestoreReport extends Omit<Summary, 'noiseLimitDb' | 'rumble' | 'levels' | 'gatedShare'> {
  readonly levels: Summary['levels'] | readonly Summary['levels'][]
  /** What was found in each recording, in their order. */
  readonly recordings: readonly Restored[]
  readonly files: Readonly<Record<string, string>>
  readonly warnings: readonly Warning[]
}

type Planes = readonly Float32Array[]

/** Throws Permanent with one of the codes for recordings, or `bad_output`. Nothing is left where it fails. */
export async function restore(job: RestoreJob, signal: AbortSignal): Promise<RestoreReport> {
  await mustBeFree(job)
  const tables: Tables[] = []
  const drifts: number[] = []
  for (const file of job.recordings) {
    const look = (drift: number) =>
      withRecording(file, signal, (source) => tablesOf(source, job, drift, signal))
    const seen = await look(0)
    const first = tables[0]?.bands
    const drift = first && seen.bands ? await driftOf(first, seen.bands, othersTurn) : 0
    drifts.push(drift)
    tables.push(drift === 0 ? seen : await look(drift))
  }
  const plans = await decide(tables, job.wishes, othersTurn)
  const places = restoredFiles(job)
  const [files, warnings]: [Record<string, string>, Warning[]] = [{}, []]
  await mkdir(job.out, { recursive: true })
  await noteRestored(job)
  for (const [i, plan] of plans.entries()) {
    const file = places[i]!
    files[path.basename(file)] = file
    warnings.push(
      ...(await withRecording(job.recordings[i]!, signal, (source) =>
        written(source, plan, drifts[i]!, file, signal),
      )),
    )
  }
  const summaries = plans.map(({ summary }, i) => ({
    ...summary,
    untouched: summary.untouched && drifts[i] === 0,
    driftPpm: Math.round(1e7 * drifts[i]!) / 10,
  }))
  return { ...together(summaries), recordings: summaries, files, warnings }
}

/** Ten hours of stereo in float, and room for a film around it. */
const mostBytes = 64 * 1024 ** 3

async function withRecording<T>(
  file: string,
  signal: AbortSignal,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const handle = await open(file)
  try {
    const store = {
      stat: async () => {
        const { size, mtime } = await stat(file)
        const object = { name: file, generation: '1', bytes: size, createdAt: mtime }
        return { ...object, contentType: 'application/octet-stream', contentHash: '' }
      },
      read: async (_object: unknown, range?: { start: number; end: number }) => {
        const { start, end } = range ?? { start: 0, end: (await handle.stat()).size }
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start)
        return buffer.subarray(0, bytesRead)
      },
    }
    const terms = { bytes: mostBytes, targetRate: 'own' } as const
    return await withSource(store, { bucket: '', name: file }, terms, signal, use)
  } finally {
    await handle.close()
  }
}

/** `drift`: by which share the recorder's clock was faster than the first one's. */
function planesOf(
  { sound }: Decoding,
  { pcm }: OpenedSource['probed'],
  drift: number,
): AsyncIterable<Planes> {
  async function* decoded(): AsyncGenerator<Planes> {
    for await (const block of sound) if (block.length >= bytesPerFrame(pcm)) yield toPlanar(block, pcm)
  }
  return drift === 0 ? decoded() : byOtherClock(decoded(), drift)
}

async function tablesOf(
  source: OpenedSource,
  { wishes, recordings }: RestoreJob,
  drift: number,
  signal: AbortSignal,
): Promise<Tables> {
  const { sampleRate, channels } = source.probed.pcm
  const sound = () => planesOf(source.decode(signal), source.probed, drift)
  return await analysed(sound, { sampleRate, channels, wishes, isOneOfSeveral: recordings.length > 1 })
}

/** Writes the restored sound, and says what the decoder has to say. */
async function written(
  source: OpenedSource,
  plan: Plan,
  drift: number,
  file: string,
  signal: AbortSignal,
): Promise<readonly Warning[]> {
  const decoding = source.decode(signal)
  async function* bytes(): AsyncGenerator<Buffer> {
    yield floatWavHead(plan.totalSamples, plan.channels, plan.sampleRate)
    const restoring = restorer(plan, othersTurn)
    for await (const planes of planesOf(decoding, source.probed, drift))
      for await (const done of restoring.add(planes)) yield toInterleavedBytes(done)
    for await (const done of restoring.end()) yield toInterleavedBytes(done)
  }
  const unfinished = `${file}.part`
  try {
    await pipeline(bytes(), createWriteStream(unfinished), { signal })
    await rename(unfinished, file)
  } finally {
    await rm(unfinished, { force: true })
  }
  return decoding.warnings()
}

/** What is said of several recordings at once: the noisiest, and all that was found. */
function together(summaries: readonly Restored[]): Omit<RestoreReport, 'recordings' | 'files' | 'warnings'> {
  const ratios = summaries.map(({ snrDb }) => snrDb).filter((ratio) => ratio !== null)
  return {
    snrDb: ratios.length === 0 ? null : Math.min(...ratios),
    untouched: summaries.every(({ untouched }) => untouched),
    hum: summaries.flatMap(({ hum }) => hum),
    levels: summaries.length === 1 ? summaries[0]!.levels : summaries.map(({ levels }) => levels),
    music: summaries.flatMap(({ music }) => music),
    breaths: summaries.reduce((sum, { breaths }) => sum + breaths, 0),
    clicks: summaries.reduce((sum, { clicks }) => sum + clicks, 0),
    unclipped: summaries.reduce((sum, { unclipped }) => sum + unclipped, 0),
    clippedShare: Math.max(...summaries.map(({ clippedShare }) => clippedShare)),
  }
}

export function summariseRestoration({ recordings, files, warnings }: RestoreReport): string {
  const names = Object.values(files)
  const lines = recordings.flatMap((found, i) => [names[i]!, ...describe(found).map((line) => `  ${line}`)])
  return [...lines, ...warnings.map(({ message }) => message), ''].join('\n')
}

function describe(found: Restored): string[] {
  const {
    snrDb,
    untouched,
    hum,
    rumble,
    noiseLimitDb,
    levels,
    music,
    gatedShare,
    breaths,
    clicks,
    clippedShare,
    unclipped,
    driftPpm,
  } = found
  return [
    snrDb === null
      ? 'it is silent, or too short to be judged'
      : `speech is ${snrDb.toFixed(0)} dB over the noise`,
    ...(noiseLimitDb === null ? [] : [`noise goes down by up to ${noiseLimitDb.toFixed(0)} dB`]),
    ...hum.map(
      ({ mainsHz, start, end, levelDb }) =>
        `hum of ${mainsHz} Hz at ${levelDb.toFixed(0)} dBFS is taken away from ${start.toFixed(0)} s to ${end.toFixed(0)} s`,
    ),
    ...(rumble ? [`rumble at ${rumble.levelDb.toFixed(0)} dBFS is cut off below ${rumble.cutHz} Hz`] : []),
    ...(levels.changed
      ? [
          `phrases lay ${levels.spreadDb.toFixed(1)} dB apart and get ${levels.leastGainDb.toFixed(0)} to ` +
            `${levels.mostGainDb.toFixed(0)} dB`,
        ]
      : []),
    ...music.map(
      ({ start, end }) => `music from ${start.toFixed(0)} s to ${end.toFixed(0)} s stays as it is`,
    ),
    ...(gatedShare === null ? [] : [`others are turned down ${(100 * gatedShare).toFixed(0)} % of the time`]),
    ...(breaths === 0 ? [] : [`${breaths} breaths are turned down`]),
    ...(clicks === 0 ? [] : [`${clicks} clicks are repaired`]),
    ...(clippedShare === 0 ? [] : [`${(100 * clippedShare).toPrecision(2)} % of the samples are clipped`]),
    ...(driftPpm === 0
      ? []
      : [
          `its clock ran ${Math.abs(driftPpm)} ppm ${driftPpm > 0 ? 'fast' : 'slow'} and is brought to the first one's`,
        ]),
    ...(unclipped === 0 ? [] : [`what was cut off is put back in ${unclipped} places`]),
    ...(untouched ? ['nothing is changed'] : []),
  ]
}
