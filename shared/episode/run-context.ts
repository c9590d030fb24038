/**
 * The context of a run of an episode: every scalar that one step passes to another, declared once; each step
 * picks what it needs. Hides how a list or a record travels inside a scalar: a step sees the list, its task
 * carries text.
 */
import { z } from 'zod'
import type { Scalars } from '../context.ts'
import { Permanent } from '../errors.ts'
import { pcmScalars } from '../audio/pcm.ts'

/** A value that travels as JSON inside one scalar. */
const json = <T extends z.ZodType>(schema: T): z.ZodCodec<z.ZodString, T> =>
  z.codec(z.string(), schema, {
    decode: (text, context) => {
      try {
        return JSON.parse(text) as z.input<T>
      } catch {
        context.issues.push({ code: 'custom', message: 'is not JSON', input: text })
        return z.NEVER
      }
    },
    encode: (value) => JSON.stringify(value),
  })

/** Words without spaces, which travel with a space between them. */
const words = z.codec(z.string(), z.array(z.string()), {
  decode: (text) => text.split(' ').filter(Boolean),
  encode: (list) => list.join(' '),
})

/** One generation of an uploaded file. */
const uploadedFile = z.object({ object: z.string(), generation: z.string(), contentHash: z.string() })
const recordingFile = uploadedFile.extend({ gainDb: z.number(), offsetSeconds: z.number() })

/** What its producer says of the episode besides title and description. */
const episodeFacts = z.object({
  number: z.number().optional(),
  season: z.number().optional(),
  /** ISO 8601. */
  date: z.string().optional(),
  /** Names by what the transcript calls the speakers. */
  speakers: z.record(z.string(), z.string()).default({}),
})

/**
 * What a run is told before its first step. A default stands for runs that began before the field was there.
 */
const start = {
  recordingObject: z.string(),
  recordingGeneration: z.string(),
  recordingHash: z.string(),
  /** Every file of a recording that has several, and what they are to one another. */
  recordings: json(z.array(recordingFile)),
  recordingsAre: z.enum(['sequence', 'tracks']),
  outputRate: z.number().nullable(),
  /** The template's files, each once. */
  assets: json(z.array(uploadedFile)),
  wordsObject: z.string().nullable(),
  wordsGeneration: z.string().nullable(),
  wordsHash: z.string().nullable(),
  coverObject: z.string().nullable(),
  coverGeneration: z.string().nullable(),
  coverHash: z.string().nullable(),
  /** The show's, where the episode has none of its own. */
  showCover: json(z.array(uploadedFile).max(1)).default([]),
  chaptersObject: z.string().nullable().default(null),
  chaptersGeneration: z.string().nullable().default(null),
  chaptersHash: z.string().nullable().default(null),
  /** Shown with chapters. */
  pictures: json(z.array(uploadedFile)).default([]),
  episodeFacts: json(episodeFacts).default({ speakers: {} }),
  /** Who transcribes; null when nobody does. */
  recogniser: z.string().nullable(),
  /** The model of one's own that does, and what stands for its bytes where that is known. */
  recogniserModel: z.string().nullable().default(null),
  recogniserDigest: z.string().nullable().default(null),
  /** The user's sealed keys of the providers that this run may ask, by provider. */
  providerKeys: json(z.record(z.string(), z.string())),
  /** What scripts may name. */
  variables: json(z.record(z.string(), z.string())),
  /** The ids of the letters that are read out. */
  letters: json(z.array(z.string())).default([]),
  /** What the episode's own file says of its publication. */
  publish: z.string().nullable().default(null),
  /** The time named before this run that counts no more, since the episode's own file says something new of its publication. */
  supersededTime: z.string().nullable().default(null),
  /** Why it is not published by itself, whatever its settings say; null where nothing is against it. */
  heldFor: z.enum(['given_before', 'unpublished', 'unscheduled']).nullable().default(null),
  /** In a run that makes nothing: what is asked for. */
  publication: z.enum(['publish', 'withdraw', 'clear']).nullable().default(null),
  /** The newest of the producer's decisions that count in this run. */
  decisionRevision: z.number(),
  /** The run could not even begin as its producer wanted; made again, it is planned anew. */
  unplanned: z.boolean().default(false),
  /** Stands for the steps as they were when the run began, each with its version. */
  madeBy: z.string().default(''),
  /** Whether the sound is to be restored. */
  restores: z.boolean().default(false),
  /** Whether something is proposed to be said of the episode, once it is made. */
  proposes: z.boolean().default(false),
  /** Whether the producer has looked: what is still open then stays undone, and the run goes on. */
  reviewed: z.boolean(),
}

/** What steps pass on to every later one. */
const passedOn = {
  // prepare, of the recording; where that is divided, join; where it is restored, combine
  isDivided: z.boolean().default(false),
  pcmObject: z.string(),
  analysisObject: z.string(),
  ...pcmScalars,
  totalSamples: z.number(),
  /** The object of the chapter marks inside the recording. */
  marksObject: z.string().nullable().default(null),
  // examine, or prescribe; of what was restored combine tells the report
  /** What is done to the sound; null where nothing is. */
  planObject: z.string().nullable().default(null),
  planHash: z.string().nullable().default(null),
  restoredParts: z.number().default(0),
  /** What was found and done; null where nobody looked. */
  restorationObject: z.string().nullable().default(null),
  // transcribe, and clean once the words are aligned to the sound
  transcriptObject: z.string().nullable(),
  // clean
  proposedObject: z.string(),
  proposedHash: z.string(),
  questions: json(z.array(z.object({ edit: z.string(), question: z.string() }))),
  /** Whether a language model answers the questions. */
  answers: z.boolean(),
  // decide; the edits also arrange, which may shorten pauses further
  editsObject: z.string(),
  editsHash: z.string(),
  /** What the producer has taken of proposals; null when nothing. */
  takenObject: z.string().nullable().default(null),
  spokenObject: z.string(),
  /** Of each text that is to be spoken, in their order. */
  spokenHashes: words,
  /** Of the speech, from 0 to 1. */
  shareCutByHand: z.number().default(0),
  /** That is more than its template lets go unseen, and than listeners miss already. */
  isMostlyCut: z.boolean().default(false),
  // arrange
  timelineObject: z.string(),
  chunkCount: z.number(),
  gainEstimateDb: z.number(),
  /** How many parts the review page's sound has. */
  reelParts: z.number(),
  // level
  gainDb: z.number(),
  // finish
  contentHash: z.string(),
  /** The audio meets its loudness bars, or has nothing that could be measured. */
  isCertified: z.boolean().default(true),
  isSilent: z.boolean().default(false),
  /** Words were to be bleeped, and where they are said is not known. */
  isUnbleeped: z.boolean().default(false),
  /** Its words do not sound like it, and are in its transcript. */
  isOfOtherWords: z.boolean().default(false),
  /** The names of the deliverables. */
  files: words,
  /** Stands for the recorded words that are heard; empty in episodes that were made before there was one. */
  heardHash: z.string().default(''),
  // notes
  /** What is proposed to be said of the episode; null where nothing is. */
  proposalObject: z.string().nullable().default(null),
}

export const startContext = z.object(start)
export const runContext = z.object({ ...start, ...passedOn })

export type StartContext = z.infer<typeof startContext>
export type RunContext = z.infer<typeof runContext>
export type EpisodeFacts = RunContext['episodeFacts']

type Field = keyof RunContext
type Fields<K extends Field> = Pick<RunContext, K>

/** The schema of some fields: how a step says what it needs. */
export const pick = <K extends Field>(...fields: readonly K[]): z.ZodType<Fields<K>> =>
  runContext.pick(Object.fromEntries(fields.map((field) => [field, true])) as never)

/** The scalars that carry these values. */
export const toScalars = <K extends Field>(values: Fields<K>): Scalars =>
  z.encode(pick(...(Object.keys(values) as K[])), values) as Scalars

/** Reads some fields of a run's context. Throws Permanent `bad_context` naming what is missing. */
export function readContext<K extends Field>(context: Scalars, ...fields: readonly K[]): Fields<K> {
  const read = pick(...fields).safeParse(context)
  if (read.success) return read.data
  const lacking = z.prettifyError(read.error)
  throw new Permanent('bad_context', `The run's context lacks what is needed: ${lacking}`)
}

/** Makes the `parts` of a step with several parts: one entry each, from fields of the run's context. */
export const fanOut =
  <K extends Field>(fields: readonly K[], parts: (context: Fields<K>) => readonly Scalars[]) =>
  (context: Scalars): readonly Scalars[] =>
    parts(readContext(context, ...fields))
