/**
 * Step `render`: one chunk of the mix at its gain → MP3 frames, and the loudness partials of those frames
 * decoded again.
 */
import { z } from 'zod'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { chunkParts, loadChunk } from '../shared/mastering/chunk-step.ts'
import { crc16 } from '../shared/mastering/mp3.ts'
import { renderChunk } from '../shared/mastering/render-chunk.ts'
import { encodePartials } from '../shared/mastering/partials.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'

export const render = defineStep({
  name: 'render',
  version: 3,
  madeBy: ffmpegVersion,
  context: pick('timelineObject', 'sampleRate', 'gainDb').and(z.object({ chunk: z.number() })),
  load: loadChunk,
  inputs: ({ gainDb }, { chunkHash, format, loudness }) => ({ gainDb, chunkHash, format, loudness }),
  work: async (
    { timelineObject, chunk, gainDb },
    { format, loudness },
    { storage, config, workObject, signal },
  ) => {
    const bucket = config.buckets.work
    const timeline = await storage.readJson<Timeline>({ bucket, name: timelineObject })
    const rendered = await renderChunk(timeline, { storage, bucket }, chunk, gainDb, loudness, format, signal)
    const [frames, partials] = [workObject('frames.mp3'), workObject('partials')]
    await storage.create(frames, rendered.frames, 'audio/mpeg')
    await storage.create(partials, encodePartials([rendered.blocks]), 'application/octet-stream')
    return {
      framesObject: frames.name,
      partialsObject: partials.name,
      bytes: rendered.frames.length,
      crc: crc16(rendered.frames),
      truePeakDbtp: Number.isFinite(rendered.truePeakDbtp) ? rendered.truePeakDbtp : null,
      loweredDb: rendered.loweredDb,
    }
  },
  parts: chunkParts,
})
