/**
 * Step `align`: a transcript + the sound → where the words of one window are. The first part learns how the recording
 * sounds, once for all of them, and places the first window; the others are parts of their own. No parts without words.
 */
import { z } from 'zod'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import { hearStored } from '../shared/alignment/hear.ts'
import { inTheirLanguages, type SpokenWord } from '../shared/alignment/languages.ts'
import { decodeLesson, encodeLesson, type Lesson } from '../shared/alignment/learned-file.ts'
import { listenTo } from '../shared/alignment/listen.ts'
import { pronounce, pronouncedBy } from '../shared/alignment/phones.ts'
import { learnFrom, placeWindow } from '../shared/alignment/placing.ts'
import { canBeAligned, textOf } from '../shared/alignment/refine.ts'
import type { Sound } from '../shared/alignment/speech-rows.ts'
import { cuesIn, toldOf } from '../shared/alignment/told.ts'
import { isTooWide, windowsOf } from '../shared/alignment/windows.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import type { Transcript } from '../shared/words/words.ts'

const context = pick(
  'analysisObject',
  'transcriptObject',
  'pcmObject',
  'sampleRate',
  'channels',
  'sampleFormat',
).and(z.object({ learnedObject: z.string().nullable(), window: z.number() }))

/** `windows` is 0 where nothing can be learned. */
interface Output extends Record<string, string | number | null> {
  readonly learnedObject: string | null
  readonly placedObject: string | null
  readonly windows: number
}

export const align = defineStep({
  name: 'align',
  version: 9,
  madeBy: pronouncedBy,
  context,
  load: async (db, { runId }) => (await settingsOf(db, runId)).transcription.language ?? null,
  inputs: ({ analysisObject, transcriptObject, learnedObject, window }, language) => ({
    ...{ analysisObject, transcriptObject, learnedObject, window },
    language,
  }),
  work: async (
    { analysisObject, transcriptObject, pcmObject, learnedObject, window, ...given },
    language,
    tools,
  ) => {
    const { storage, config, workObject, signal } = tools
    const bucket = config.buckets.work
    const analysis = decodeAnalysis(await storage.read({ bucket, name: analysisObject }))
    const transcript = await storage.readJson<Transcript>({ bucket, name: transcriptObject! })
    if (!canBeAligned(transcript, analysis)) return { learnedObject, placedObject: null, windows: 0 }
    const sound = hearStored(analysis, listenTo(storage, { bucket, name: pcmObject }, given))
    const words = inTheirLanguages(textOf(transcript, analysis), language ?? transcript.language)
    const lesson =
      learnedObject === null
        ? await learn(words, transcript, sound, signal)
        : decodeLesson((await storage.read({ bucket, name: learnedObject })).toString())
    if (!lesson) return { learnedObject, placedObject: null, windows: 0 }
    const told = toldIn(words, transcript, lesson, sound)
    const windows = windowsOf(told)
    const passages = await placeWindow(sound, told, lesson.learned, windows[window]!, signal)
    const placed = workObject('placed.json')
    await storage.create(placed, JSON.stringify(passages), 'application/json')
    if (learnedObject !== null || windows.length === 1)
      return { learnedObject, placedObject: placed.name, windows: windows.length }
    const kept = workObject('learned.json')
    await storage.create(kept, encodeLesson(lesson, words), 'application/json')
    return { learnedObject: kept.name, placedObject: placed.name, windows: windows.length }
  },
  parts: fanOut(['transcriptObject'], ({ transcriptObject }) =>
    transcriptObject === null ? [] : [{ learnedObject: null, window: 0 }],
  ),
  furtherParts: ({ learnedObject, windows }: Output) =>
    Array.from({ length: Math.max(0, windows - 1) }, (_, i) => ({ learnedObject, window: i + 1 })),
})

const timesOf = ({ exactTimes }: Transcript) => (exactTimes ? 'words' : 'cues')

const toldIn = (
  words: readonly SpokenWord[],
  transcript: Transcript,
  { pronunciation }: Pick<Lesson, 'pronunciation'>,
  sound: Sound,
) => toldOf(words, cuesIn(words), timesOf(transcript), pronunciation, sound.frames)

/** Undefined where there is nothing to place, or no near place for it. */
async function learn(
  words: readonly SpokenWord[],
  transcript: Transcript,
  sound: Sound,
  signal: Tools['signal'],
): Promise<Lesson | undefined> {
  const pronunciation = await pronounce(words, signal)
  const told = toldIn(words, transcript, { pronunciation }, sound)
  if (told.passages.length === 0 || isTooWide(told)) return undefined
  return { pronunciation, learned: await learnFrom(sound, told, signal) }
}
