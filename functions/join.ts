/**
 * Step `join`: the stretches of a long recording → one recording, as `prepare` leaves a short one. Where they do not
 * fit together, the file is not what it promises, and is decoded again in one go, which judges it.
 */
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { fitTogether } from '../shared/audio/stretches.ts'
import { defineStep } from '../shared/engine/step.ts'
import { joinStretches, preparedStretches, prepareWhole, withUpload } from '../shared/episode/recording.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'

export const join = defineStep({
  name: 'join',
  version: 2,
  madeBy: ffmpegVersion,
  context: pick(
    'recordingObject',
    'recordingGeneration',
    'recordingHash',
    'outputRate',
    'recordings',
    'recordingsAre',
  ),
  load: async (db, { runId }) => await preparedStretches(db, runId),
  inputs: ({ recordingHash }, stretches) => ({ recordingHash, stretches }),
  work: async (given, stretches, tools) => {
    const recording = {
      source: 'recording',
      object: given.recordingObject,
      generation: given.recordingGeneration,
      contentHash: given.recordingHash,
      targetRate: given.outputRate,
      recordings: given.recordings,
      recordingsAre: given.recordingsAre,
      runId: given.runId,
      userId: given.userId,
    } as const
    return fitTogether(stretches)
      ? await joinStretches(stretches, recording, tools)
      : await withUpload(recording, tools, (opened) => prepareWhole(opened, recording, tools))
  },
  passOn: ({ pcmObject, analysisObject, totalSamples }) => ({ pcmObject, analysisObject, totalSamples }),
  parts: fanOut(['isDivided'], ({ isDivided }) => (isDivided ? [{}] : [])),
})
