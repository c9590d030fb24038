/**
 * Step `preview`: makes the sound of the review page: the parts of the recording around every edit as one
 * small file. Runs beside the rendering.
 */
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { makeReel } from '../shared/review/reel.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'
import type { EditList } from '../shared/edits/edits.ts'

export const preview = defineStep({
  name: 'preview',
  version: 3,
  context: pick('analysisObject', 'editsObject', 'editsHash', 'timelineObject'),
  inputs: ({ analysisObject, editsHash, timelineObject }) => ({ analysisObject, editsHash, timelineObject }),
  work: async (
    { analysisObject, editsObject, timelineObject },
    _input: undefined,
    { storage, config, workObject, signal },
  ) => {
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: analysisObject }))
    const edits = await storage.readJson<EditList>({ bucket, name: editsObject })
    const { sources, answers } = await storage.readJson<Timeline>({ bucket, name: timelineObject })
    const inserted = new Map(Object.entries(answers).map(([edit, source]) => [edit, sources[source]!]))
    const { mp3, ...places } = await makeReel(
      edits,
      analysis,
      sources[0]!,
      inserted,
      { storage, bucket },
      signal,
    )
    const [reel, index] = [workObject('reel.mp3'), workObject('reel.json')]
    await storage.create(reel, mp3, 'audio/mpeg')
    await storage.create(index, JSON.stringify(places), 'application/json')
    return { reelObject: reel.name, reelIndexObject: index.name }
  },
  passOn: (output) => output,
})
