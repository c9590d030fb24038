/**
 * Step `transcribe`: supplied or recognised words → a transcript in samples, in order, without words that
 * nobody said. Without any words the episode goes on, with a warning.
 */
import type { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import type { Analysis } from '../shared/audio/analysis.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { fileOf } from '../shared/objects.ts'
import { readPinnedFile } from '../shared/pinned-file.ts'
import type { Recognised } from '../shared/providers/recogniser.ts'
import { pick } from '../shared/episode/run-context.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import { withoutHallucinations } from '../shared/words/hallucinations.ts'
import { checkTiming, withoutLag } from '../shared/words/timing.ts'
import { parseWords } from '../shared/words/supplied.ts'
import { fromRecognised } from '../shared/words/repair.ts'
import type { Transcript } from '../shared/words/words.ts'

/** A ten-hour transcript with all its fields is a tenth of this. */
const maxWordsBytes = 128 * 1024 * 1024

const context = pick(
  'wordsObject',
  'wordsGeneration',
  'wordsHash',
  'analysisObject',
  'sampleRate',
  'totalSamples',
)

type Context = z.output<typeof context>
interface Slice {
  readonly object: string
  readonly startSample: number
  /** Absent of what was recognised before it was noted. */
  readonly hash?: string
}

export const transcribe = defineStep({
  name: 'transcribe',
  version: 4,
  context,
  load: async (db: Knex, { runId }) =>
    (await outputsOf(db, runId, 'recognise', 'hear')).map(({ output }): Slice => ({
      object: String(output['recognisedObject']),
      startSample: Number(output['startSample']),
      ...(output['recognisedHash'] === undefined ? {} : { hash: String(output['recognisedHash']) }),
    })),
  inputs: ({ wordsHash, analysisObject }, slices) => ({ wordsHash, analysisObject, slices }),
  work: async (context, slices, tools) => {
    const { storage, config, workObject, warn } = tools
    const analysis = decodeAnalysis(
      await storage.read({ bucket: config.buckets.work, name: context.analysisObject }),
    )
    const found =
      context.wordsObject === null
        ? await recognised(context, slices, tools)
        : await supplied(context, context.wordsObject, tools)
    if (!found) {
      warn({
        code: 'no_words',
        message:
          'There is no transcript of the recording, so filler words cannot be found and the feed has none; ' +
          'pauses are found from the sound. Give words with --words FILE, or name a recogniser in the template.',
      })
      return { transcriptObject: null }
    }
    const text = JSON.stringify(alignToSound(dropHallucinations(found, analysis, tools), analysis, tools))
    const object = workObject('transcript.json')
    await storage.create(object, text, 'application/json')
    return { transcriptObject: object.name }
  },
  passOn: (output) => output,
})

async function recognised(
  context: Context,
  slices: readonly Slice[],
  { storage, config }: Tools,
): Promise<Transcript | undefined> {
  if (slices.length === 0) return undefined
  const parts = await Promise.all(
    slices.map(async ({ object, startSample }) => ({
      startSample,
      recognised: await storage.readJson<Recognised>({ bucket: config.buckets.work, name: object }),
    })),
  )
  return fromRecognised(parts, context)
}

async function supplied(
  { wordsGeneration, wordsHash, ...audio }: Context,
  wordsObject: string,
  tools: Tools,
): Promise<Transcript> {
  const name = fileOf(wordsObject)
  const sidecar = { object: wordsObject, generation: wordsGeneration, contentHash: wordsHash }
  const bytes = await readPinnedFile(sidecar, { mostBytes: maxWordsBytes, tooLarge: 'bad_words_file' }, tools)
  const { transcript, warnings } = parseWords(bytes, name, audio)
  warnings.forEach(tools.warn)
  return transcript
}

/** Recognisers sometimes report words in silence. */
function dropHallucinations(transcript: Transcript, analysis: Analysis, { warn }: Tools): Transcript {
  if (!transcript.exactTimes) return transcript
  const { transcript: kept, dropped } = withoutHallucinations(transcript, analysis)
  if (dropped.length > 0) {
    const few = dropped.slice(0, 5).map(({ text }) => `"${text}"`)
    warn({
      code: 'words_over_silence',
      message:
        `${dropped.length} word${dropped.length === 1 ? '' : 's'} stood where nothing is heard and ` +
        `${dropped.length === 1 ? 'was' : 'were'} dropped: ` +
        `${few.join(', ')}${dropped.length > few.length ? ' …' : ''}.`,
    })
  }
  return kept
}

/** Recognisers can be late or early throughout; where the sound shows it, their words are moved back. */
function alignToSound(transcript: Transcript, analysis: Analysis, { warn }: Tools): Transcript {
  if (!transcript.exactTimes) return transcript
  const timing = checkTiming(transcript, analysis)
  if (timing.lagSamples === 0) return transcript
  const lagMs = Math.round((1000 * timing.lagSamples) / analysis.format.sampleRate)
  warn({
    code: 'words_shifted',
    message:
      `The words' times were ${Math.abs(lagMs)} ms too ${lagMs > 0 ? 'late' : 'early'} throughout ` +
      'and were moved.',
  })
  return withoutLag(transcript, timing, analysis.totalSamples)
}
