/**
 * The settings of cleaning: which detectors run, how sure they must be, and which of their edits wait for the
 * producer's decision.
 */
import { z } from 'zod'
import { editKindNames, editKinds, type EditKind } from './edit-kinds.ts'

const fillers = z.strictObject({
  enabled: z.boolean().default(true),
  /** Replaces the language's list. */
  words: z.array(z.string().trim().min(1)).optional(),
  /** Words that are often more than fillers: "like", "you know", "so". */
  risky: z.boolean().default(false),
  /** Short sounds that no word of the text explains: proposed for review, cut, or left alone. */
  untold: z.enum(['review', 'cut', 'keep']).default('review'),
})

const pauses = z
  .strictObject({
    enabled: z.boolean().default(true),
    maxPauseSeconds: z.number().positive().default(1.5),
    targetPauseSeconds: z.number().positive().default(0.5),
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
  enabled: z.boolean().default(true),
  phrases: z.array(phrase).default(['that was a mistake']),
})

export const answererNames = ['openai', 'gemini'] as const

const intern = z.strictObject({
  enabled: z.boolean().default(true),
  phrases: z.array(phrase).default(['ask the assistant']),
  endPhrases: z.array(phrase).default(['stop intern', 'stop']),
  /** Whether listeners hear the question. */
  keepQuestion: z.boolean().default(false),
  /** The language model that answers; unset: the producer is asked. */
  answerer: z.enum(answererNames).optional(),
  model: z.string().min(1).max(100).optional(),
})

/** A file among the podcast's assets. */
export const fileName = z
  .string()
  .normalize()
  .max(200)
  .regex(/^[^/\\]+$/, 'a file name without folders')

const sfx = z.strictObject({
  sounds: z
    .array(z.strictObject({ phrase, file: fileName, mode: z.enum(['replace', 'follow']).default('replace') }))
    .max(50)
    .default([]),
})

const censor = z.strictObject({
  enabled: z.boolean().default(false),
  words: z.array(phrase).default(['fuck', 'shit']),
})

const cut = z
  .strictObject({ startSeconds: z.number().nonnegative(), endSeconds: z.number().positive() })
  .refine(
    ({ startSeconds, endSeconds }) => endSeconds > startSeconds,
    'endSeconds must be after startSeconds',
  )

export const cleaning = z.strictObject({
  fillers: fillers.prefault({}),
  /**
   * Words said twice by accident, and words broken off ("I I", "wh- where"): proposed for review, cut, or left alone.
   * Repeats that may be meant are never cut without a decision.
   */
  stutters: z.enum(['off', 'propose', 'cut']).default('propose'),
  pauses: pauses.prefault({}),
  flubber: flubber.prefault({}),
  intern: intern.prefault({}),
  sfx: sfx.prefault({}),
  censor: censor.prefault({}),
  /** Spans of the recording to remove, whatever is in them. */
  cuts: z.array(cut).max(1000).default([]),
  /** How like a spoken command what was said must be, 0.5 to 0.95. */
  matchScore: z
    .number()
    .default(0.8)
    .transform((score) => Math.min(0.95, Math.max(0.5, score))),
  /** By kind of edit: whether it is made at once, or the run stops until its producer has decided. */
  review: z.strictObject(reviewPolicy).prefault({}),
  /** The run stops rather than remove more than this share of the speech. */
  maxRemovedShare: z.number().min(0).max(1).default(0.3),
})

export type CleaningSettings = z.infer<typeof cleaning>

/** Cleaning with every default filled in. */
export const cleaningSettings = (given: unknown): CleaningSettings => cleaning.parse(given)
