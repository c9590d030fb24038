/**
 * Step `preview`: one part of the review page's sound: what surrounds some of the edits, as MP3. Runs beside the
 * rendering.
 */
import { z } from 'zod'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import { outputsOf } from '../shared/db/steps.ts'
import type { EditList } from '../shared/edits/edits.ts'
import { defineStep } from '../shared/engine/step.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { encodeReelPart, planReel } from '../shared/review/reel.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'

export const preview = defineStep({
  name: 'preview',
  version: 5,
  madeBy: ffmpegVersion,
  context: pick('analysisObject', 'editsObject', 'timelineObject').and(z.object({ reelPart: z.number() })),
  load: async (db, { runId, reelPart }) => {
    const [arranged] = await outputsOf(db, runId, 'arrange')
    return { reelHash: String(arranged!.output['reelHashes']).split(' ')[reelPart]! }
  },
  inputs: ({ analysisObject }, { reelHash }) => ({ analysisObject, reelHash }),
  work: async (
    { analysisObject, editsObject, timelineObject, reelPart },
    _input,
    { storage, config, workObject, signal },
  ) => {
    const bucket = config.buckets.work
    const [bytes, edits, timeline] = await Promise.all([
      storage.read({ bucket, name: analysisObject }),
      storage.readJson<EditList>({ bucket, name: editsObject }),
      storage.readJson<Timeline>({ bucket, name: timelineObject }),
    ])
    const part = planReel(edits, timeline).parts[reelPart]!
    const reel = workObject('reel.mp3')
    const mp3 = await encodeReelPart(part, decodeAnalysis(bytes), { storage, bucket }, signal)
    await storage.create(reel, mp3, 'audio/mpeg')
    return { reelObject: reel.name }
  },
  parts: fanOut(['reelParts'], ({ reelParts }) =>
    Array.from({ length: reelParts }, (_, reelPart) => ({ reelPart })),
  ),
})
