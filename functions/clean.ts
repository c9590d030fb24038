/**
 * Step `clean`: words + where they were placed + sound + settings → words where they are in the sound, with speakers
 * where these are told by voice, and proposed edits. Nothing is cut here; every change can be switched off.
 */
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import type { Analysis } from '../shared/audio/analysis.ts'
import { hearStored } from '../shared/alignment/hear.ts'
import { listenTo, type Listen } from '../shared/alignment/listen.ts'
import type { PlacedPassage } from '../shared/alignment/placing.ts'
import { refine, unrefined, type Refined } from '../shared/alignment/refine.ts'
import type { Known } from '../shared/alignment/portraits.ts'
import { suggestSpeakers } from '../shared/alignment/speakers-by-voice.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { voicesOfShow } from '../shared/db/voices.ts'
import { contentHash } from '../shared/hash.ts'
import { pick, toScalars } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import { toEditList, type EditList } from '../shared/edits/edits.ts'
import { alignForEdits, proposeEdits } from '../shared/edits/propose.ts'
import { hesitationsAmong } from '../shared/edits/untold.ts'
import type { Portrait, Transcript } from '../shared/words/words.ts'

export const clean = defineStep({
  name: 'clean',
  version: 14,
  context: pick(
    'wordsObject',
    'analysisObject',
    'transcriptObject',
    'pcmObject',
    'sampleRate',
    'channels',
    'sampleFormat',
  ),
  load: async (db: Knex, { runId, episodeId }) => {
    const { cleaning, transcription } = await settingsOf(db, runId)
    const known = transcription.rememberVoices ? { known: await voicesOfShow<Portrait>(db, episodeId) } : {}
    return { cleaning, voices: transcription.voices ?? null, placed: await placedIn(db, runId), ...known }
  },
  inputs: (
    { wordsObject, analysisObject, transcriptObject },
    { cleaning: { review: _policy, ...settings }, ...input },
  ) => ({
    isBrought: wordsObject !== null,
    analysisObject,
    transcriptObject,
    placed: input.placed,
    settings,
    voices: input.voices,
    ...('known' in input ? { known: input.known } : {}),
  }),
  work: async (
    { wordsObject, analysisObject, transcriptObject, pcmObject, ...format },
    { cleaning: settings, voices, placed, known },
    tools,
  ) => {
    const { storage, config, workObject } = tools
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: analysisObject }))
    const listen = listenTo(storage, { bucket, name: pcmObject }, format)
    const reported =
      transcriptObject === null
        ? undefined
        : await storage.readJson<Transcript>({ bucket, name: transcriptObject })
    const refined = reported && (await refinedBy(placed, reported, analysis, wordsObject !== null, tools))
    const transcript = refined && (await alignForEdits(refined.transcript, analysis, settings, listen))
    const untold = refined ? await hesitationsAmong(refined.untold, analysis, settings.fillers, listen) : []
    const proposed = toEditList(
      proposeEdits(transcript, analysis, settings, untold),
      analysis.format.sampleRate,
    )
    const [object, aligned] = [workObject('proposed.json'), workObject('transcript.json')]
    const text = JSON.stringify(proposed)
    await storage.create(object, text, 'application/json')
    if (transcript) {
      const spoken =
        voices === null ? transcript : await withSpeakers(transcript, analysis, listen, known, tools)
      await storage.create(aligned, JSON.stringify(spoken), 'application/json')
    }
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

const placedIn = async (db: Knex, runId: string): Promise<string[]> =>
  (await outputsOf(db, runId, 'align')).flatMap(({ output }) =>
    typeof output['placedObject'] === 'string' ? [output['placedObject']] : [],
  )

/** After the edits were proposed: what is suggested only changes none of them. */
async function withSpeakers(
  words: Transcript,
  analysis: Analysis,
  listen: Listen,
  known: readonly Known[] | undefined,
  { signal, warn }: Tools,
): Promise<Transcript> {
  const { transcript, warnings } = await suggestSpeakers(
    words,
    analysis,
    hearStored(analysis, listen),
    signal,
    known,
  )
  warnings.forEach(warn)
  return transcript
}

/** The words where `align` found them. Its windows are in the order of its parts. */
async function refinedBy(
  placed: readonly string[],
  reported: Transcript,
  analysis: Analysis,
  isBrought: boolean,
  { storage, config, warn }: Tools,
): Promise<Refined> {
  const passages: PlacedPassage[] = []
  for (const name of placed)
    passages.push(...(await storage.readJson<PlacedPassage[]>({ bucket: config.buckets.work, name })))
  const refined =
    passages.length === 0
      ? unrefined(reported, analysis, isBrought)
      : refine(reported, analysis, passages, isBrought)
  refined.warnings.forEach(warn)
  return refined
}

/** More than this cannot be asked in one episode: they are scalars of the run. */
const mostQuestions = 50

const questionsIn = ({ edits }: EditList): { edit: string; question: string }[] =>
  edits
    .flatMap(({ id, question }) => (question === undefined ? [] : [{ edit: id, question }]))
    .slice(0, mostQuestions)
