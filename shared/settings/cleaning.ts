/**
 * The settings of cleaning: which detectors run, how sure they must be, and which of their edits wait for the
 * producer's decision.
 */
import { z } from 'zod'
import { editKindNames, editKinds, type EditKind } from './edit-kinds.ts'

const fillers = z.strictObject({
  enabled: z.boolean().default(true).describe('Cuts "um", "uh" and their like.'),
  words: z.array(z.string().trim().min(1)).optional().describe('Take the place of the language’s own list.'),
  risky: z
    .boolean()
    .default(false)
    .describe('Words that are often more than fillers: "like", "you know", "so".'),
  untold: z
    .enum(['review', 'cut', 'keep'])
    .default('review')
    .describe('Short sounds that no word of the text explains: proposed for review, cut, or left alone.'),
})

const pauses = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Tightens long pauses.'),
    maxPauseSeconds: z.number().positive().default(1.5).describe('Longer ones are tightened.'),
    targetPauseSeconds: z.number().positive().default(0.5).describe('How long they are then.'),
  })
  .refine(
    ({ maxPauseSeconds, targetPauseSeconds }) => maxPauseSeconds >= targetPauseSeconds,
    'maxPauseSeconds must be at least targetPauseSeconds',
  )

const policy = z.enum(['apply', 'wait'])
const reviewPolicy = Object.fromEntries(
  editKindNames.map((kind) => [kind, policy.default(editKinds[kind].review)]),
) as Record<EditKind, z.ZodDefault<typeof policy>>

/** A phrase a speaker says to the recording rather than to the listeners. */
const phrase = z.string().trim().min(1).max(200)

const flubber = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Takes the sentence out that stands before one of the phrases.'),
  phrases: z
    .array(phrase)
    .default(['that was a mistake'])
    .describe('What a speaker says after a botched sentence.'),
})

export const answererNames = ['openai', 'gemini'] as const

const intern = z.strictObject({
  enabled: z.boolean().default(true).describe('Has a question to the assistant answered, by the voice.'),
  phrases: z.array(phrase).default(['ask the assistant']).describe('What stands before the question.'),
  endPhrases: z
    .array(phrase)
    .default(['stop intern', 'stop'])
    .describe('What ends it, said at once behind it; else its question mark, or a long pause.'),
  keepQuestion: z.boolean().default(false).describe('Whether listeners hear the question.'),
  answerer: z
    .enum(answererNames)
    .optional()
    .describe('The language model that answers; unset: the producer is asked.'),
  model: z.string().min(1).max(100).optional().describe('The provider’s name of the model.'),
})

/** A file among the podcast's assets. */
export const fileName = z
  .string()
  .normalize()
  .max(200)
  .regex(/^[^/\\]+$/, 'a file name without folders')

const sfx = z.strictObject({
  sounds: z
    .array(
      z.strictObject({
        phrase: phrase.describe('What is said.'),
        file: fileName.describe('A sound among the show’s assets.'),
        mode: z
          .enum(['replace', 'follow'])
          .default('replace')
          .describe('In place of the phrase, or after it.'),
      }),
    )
    .max(50)
    .default([]),
})

const censor = z.strictObject({
  enabled: z.boolean().default(false).describe('Puts a bleep in place of words, also in the transcript.'),
  words: z
    .array(phrase)
    .default(['fuck', 'shit', 'shitty', 'bullshit', 'shithead', 'motherfucker'])
    .describe('Which words; also with an ending, drawn out, or spelt in disguise.'),
})

const cut = z
  .strictObject({ startSeconds: z.number().nonnegative(), endSeconds: z.number().positive() })
  .refine(
    ({ startSeconds, endSeconds }) => endSeconds > startSeconds,
    'endSeconds must be after startSeconds',
  )

export const cleaning = z.strictObject({
  fillers: fillers.prefault({}),
  stutters: z
    .enum(['off', 'propose', 'cut'])
    .default('propose')
    .describe(
      'Words said twice by accident, and words broken off ("I I", "wh- where"): proposed for review, cut, or left alone. Repeats that may be meant are never cut without a decision.',
    ),
  pauses: pauses.prefault({}),
  flubber: flubber.prefault({}),
  intern: intern.prefault({}),
  sfx: sfx.prefault({}),
  censor: censor.prefault({}),
  cuts: z.array(cut).max(1000).default([]).describe('Spans of the recording to remove, whatever is in them.'),
  matchScore: z
    .number()
    .default(0.8)
    .transform((score) => Math.min(0.95, Math.max(0.5, score)))
    .describe('How like a spoken command what was said must be, 0.5 to 0.95.'),
  review: z
    .strictObject(reviewPolicy)
    .prefault({})
    .describe(
      'By kind of edit: whether it is made at once, or the run stops until its producer has decided.',
    ),
  maxRemovedShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe(
      'The run stops rather than remove more than this share of the speech by itself; where you have cut more, the episode is held until you publish it.',
    ),
})

export type CleaningSettings = z.infer<typeof cleaning>

/** Cleaning with every default filled in. */
export const cleaningSettings = (given: unknown): CleaningSettings => cleaning.parse(given)
