/**
 * Step `prepare`: any audio file → canonical PCM, seekable by sample, and its analysis. The recording comes first, then
 * each asset at the recording's rate. Of a long recording that can be divided, the first part only says where, and its
 * stretches are parts of their own, which `join` makes one.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import type { SourcePart } from '../shared/audio/multi-source.ts'
import { pcmScalars } from '../shared/audio/pcm.ts'
import type { OpenedSource } from '../shared/audio/source.ts'
import { stretch, type Stretch } from '../shared/audio/stretches.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { defineStep, type Identity, type Tools } from '../shared/engine/step.ts'
import { withoutCrosstalk } from '../shared/episode/crosstalk.ts'
import {
  accept,
  prepareStretch,
  prepareWhole,
  withUpload,
  type Prepared,
  type PreparedStretch,
} from '../shared/episode/recording.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { fileOf } from '../shared/objects.ts'
import { wishesOf, type Wishes } from '../shared/restoration/wishes.ts'
import { restoreSettings } from '../shared/settings/restore.ts'

const uploaded = { object: z.string(), generation: z.string(), contentHash: z.string() }
const part = z.discriminatedUnion('source', [
  z.object({ source: z.enum(['recording', 'asset']), ...uploaded, targetRate: z.number().nullable() }),
  z.object({ source: z.literal('stretch'), ...uploaded, stretch: z.string() }),
])

const context = pick('assets', 'recordings', 'recordingsAre').and(part)
type Context = z.output<typeof context> & Identity
type FileContext = Exclude<Context, { source: 'stretch' }>

/** Where a recording is divided: a list of stretches as JSON. */
type Divided = z.infer<z.ZodObject<typeof pcmScalars>> & { readonly divided: string }
type Output = ((Prepared | Divided) & { readonly marksObject: string | null }) | PreparedStretch

export const prepare = defineStep({
  name: 'prepare',
  version: 4,
  madeBy: ffmpegVersion,
  context,
  load: async (db, given) => ({ gate: areTracks(given) && (await wishesOfRun(db, given)).gate === 'auto' }),
  inputs: (given, { gate }) => ({
    ...(gate ? { gate } : {}),
    source: given.source,
    file: fileOf(given.object),
    contentHash: given.contentHash,
    ...(given.source === 'stretch'
      ? { stretch: given.stretch }
      : { targetRate: given.targetRate, recordingsAre: given.recordingsAre }),
  }),
  work: async (given, { gate }, tools): Promise<Output> => {
    if (given.source === 'stretch')
      return await prepareStretch(given, stretch.parse(JSON.parse(given.stretch)), tools)
    return await prepareFile(gate ? await withoutCrosstalk(given, tools) : given, tools)
  },
  passOn: (output, { source }) => {
    if (source !== 'recording' || 'isAsPromised' in output) return {}
    const { sampleRate, channels, sampleFormat, marksObject } = output
    const passed = { sampleRate, channels, sampleFormat, marksObject }
    if ('divided' in output) return { ...passed, isDivided: true }
    const { pcmObject, analysisObject, totalSamples } = output
    return { ...passed, pcmObject, analysisObject, totalSamples }
  },
  parts: fanOut(
    ['recordingObject', 'recordingGeneration', 'recordingHash', 'outputRate'],
    ({ recordingObject, recordingGeneration, recordingHash, outputRate }) => [
      {
        source: 'recording',
        object: recordingObject,
        generation: recordingGeneration,
        contentHash: recordingHash,
        targetRate: outputRate,
      },
    ],
  ),
  furtherParts: (output, { assets, object, generation, contentHash }) => {
    if ('isAsPromised' in output) return []
    const stretches = 'divided' in output ? (JSON.parse(output.divided) as Stretch[]) : []
    return [
      ...assets.map((asset) => ({ source: 'asset', targetRate: output.sampleRate, ...asset })),
      ...stretches.map((own) => ({
        ...{ source: 'stretch', object, generation, contentHash },
        stretch: JSON.stringify(own),
      })),
    ]
  },
})

const areTracks = ({ source, recordings, recordingsAre }: Context): boolean =>
  source === 'recording' && recordingsAre === 'tracks' && recordings.length > 1

const wishesOfRun = async (db: Knex, { runId }: Identity): Promise<Wishes> =>
  wishesOf(restoreSettings((await settingsOf(db, runId)).restore))

const prepareFile = async (given: FileContext, tools: Tools): Promise<Output> =>
  await withUpload(given, tools, async (opened, parts) => {
    const marksObject =
      given.source === 'recording' ? await storeMarks(opened, parts, fileOf(given.object), tools) : null
    const most = tools.config.limits.recordingSeconds
    const stretches = given.source === 'recording' ? await opened.stretches(most) : []
    if (stretches.length === 0) return { ...(await prepareWhole(opened, given, tools)), marksObject }
    const { certainSeconds, pcm } = opened.probed
    if (certainSeconds !== undefined) await accept(certainSeconds, given, tools) // before any work is done
    return { ...pcm, divided: JSON.stringify(stretches), marksObject }
  })

/** Stores the chapter marks inside a recording; only those of a single file have a known place in it. */
async function storeMarks(
  { probed }: OpenedSource,
  parts: readonly SourcePart[],
  name: string,
  tools: Tools,
): Promise<string | null> {
  if (probed.marks.length === 0) return null
  if (parts.length > 1) {
    tools.warn({
      code: 'chapters_left_out',
      message:
        `${name} brings chapters with it, but is one of ${parts.length} files. ` +
        `Give the episode's chapters in a chapters file.`,
    })
    return null
  }
  const { offsetSeconds } = parts[0]!
  const object = tools.workObject('marks.json')
  const marks = probed.marks.map(({ startSeconds, title }) => ({
    startSeconds: startSeconds + offsetSeconds,
    title,
  }))
  await tools.storage.create(object, JSON.stringify(marks), 'application/json')
  return object.name
}
