/**
 * Step `clean`: words + sound + settings → words aligned to the sound, and proposed edits. Nothing is cut
 * here; every change can be switched off.
 */
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { listenTo } from '../shared/alignment/listen.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { contentHash } from '../shared/hash.ts'
import { pick, toScalars } from '../shared/episode/run-context.ts'
import { defineStep } from '../shared/engine/step.ts'
import { toEditList, type EditList } from '../shared/edits/edits.ts'
import { alignForEdits, proposeEdits } from '../shared/edits/propose.ts'
import type { Transcript } from '../shared/words/words.ts'

export const clean = defineStep({
  name: 'clean',
  version: 3,
  context: pick('analysisObject', 'transcriptObject', 'pcmObject', 'sampleRate', 'channels', 'sampleFormat'),
  load: async (db: Knex, { runId }) => (await settingsOf(db, runId)).cleaning,
  inputs: ({ analysisObject, transcriptObject }, { review: _policy, ...settings }) => ({
    analysisObject,
    transcriptObject,
    settings,
  }),
  work: async (
    { analysisObject, transcriptObject, pcmObject, ...format },
    settings,
    { storage, config, workObject },
  ) => {
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: analysisObject }))
    const listen = listenTo(storage, { bucket, name: pcmObject }, format)
    const reported =
      transcriptObject === null
        ? undefined
        : await storage.readJson<Transcript>({ bucket, name: transcriptObject })
    const transcript = reported && (await alignForEdits(reported, analysis, settings, listen))
    const proposed = toEditList(proposeEdits(transcript, analysis, settings), analysis.format.sampleRate)
    const [object, aligned] = [workObject('proposed.json'), workObject('transcript.json')]
    const text = JSON.stringify(proposed)
    await storage.create(object, text, 'application/json')
    if (transcript) await storage.create(aligned, JSON.stringify(transcript), 'application/json')
    return toScalars({
      transcriptObject: transcript ? aligned.name : null,
      proposedObject: object.name,
      proposedHash: contentHash(text),
      questions: questionsIn(proposed),
      answers: settings.intern.answerer !== undefined,
    })
  },
  passOn: (output) => output,
})

/** More than this cannot be asked in one episode: they are scalars of the run. */
const mostQuestions = 50

const questionsIn = ({ edits }: EditList): { edit: string; question: string }[] =>
  edits
    .flatMap(({ id, question }) => (question === undefined ? [] : [{ edit: id, question }]))
    .slice(0, mostQuestions)
