/**
 * What a producer may set, with every default in its one place: the template, the podcast and the episode.
 * Hides how a document is checked; an error names the field and what it should be.
 */
import { z } from 'zod'
import { Permanent, type ErrorCode } from './errors.ts'

const fillers = z.strictObject({
  enabled: z.boolean().default(true),
  /** Replaces the language's list. */
  words: z.array(z.string().trim().min(1)).optional(),
  /** Words that are often more than fillers: "like", "you know", "so". */
  risky: z.boolean().default(false),
})

const pauses = z
  .strictObject({
    enabled: z.boolean().default(true),
    maxPauseSeconds: z.number().positive().default(1.5),
    targetPauseSeconds: z.number().positive().default(0.5),
  })
  .refine(({ maxPauseSeconds, targetPauseSeconds }) => maxPauseSeconds >= targetPauseSeconds, 'maxPauseSeconds must be at least targetPauseSeconds')

/** Kinds of edits a run may be told to wait for. Whatever `waits` stops the run until its producer has decided. */
const policy = z.enum(['apply', 'wait'])

/** A phrase a speaker says to the recording rather than to the listeners. */
const phrase = z.string().trim().min(1).max(200)

const flubber = z.strictObject({
  enabled: z.boolean().default(true),
  phrases: z.array(phrase).default(['that was a mistake']),
})

const intern = z.strictObject({
  enabled: z.boolean().default(true),
  phrases: z.array(phrase).default(['ask the assistant']),
  endPhrases: z.array(phrase).default(['stop intern', 'stop']),
  /** Whether listeners hear the question. */
  keepQuestion: z.boolean().default(false),
  /** The language model that answers; unset: the producer is asked. */
  answerer: z.enum(['openai', 'gemini']).optional(),
  model: z.string().min(1).max(100).optional(),
})

/** A file among the podcast's assets. */
const fileName = z
  .string()
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
  .refine(({ startSeconds, endSeconds }) => endSeconds > startSeconds, 'endSeconds must be after startSeconds')

const cleaning = z.strictObject({
  fillers: fillers.prefault({}),
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
  review: z
    .strictObject({
      filler: policy.default('apply'),
      pause: policy.default('apply'),
      /** A guess at what was botched: somebody should look. */
      flubber: policy.default('wait'),
      intern: policy.default('apply'),
      sfx: policy.default('apply'),
      censor: policy.default('apply'),
      cut: policy.default('apply'),
    })
    .prefault({}),
  /** The run stops rather than remove more than this share of the speech. */
  maxRemovedShare: z.number().min(0).max(1).default(0.3),
})

export const recogniserNames = ['assemblyai', 'elevenlabs', 'deepgram', 'openai'] as const

/** Who writes down what was said; without a provider only a supplied words file does. */
const transcription = z.strictObject({
  /** Unset: the provider whose key was given last, if any. */
  provider: z.enum([...recogniserNames, 'none']).optional(),
  /** BCP 47; unset: the provider finds out. */
  language: z.string().min(2).max(35).optional(),
})

const loudness = z.strictObject({
  targetLufs: z.number().min(-31).max(-8).default(-16),
  maxTruePeakDbtp: z.number().min(-9).max(-0.1).default(-1),
})

const stereoBitrates = [64, 96, 112, 128, 160, 192, 224, 256, 320] as const
const output = z.strictObject({
  bitrateKbps: z.literal(stereoBitrates).optional(),
  channels: z.enum(['stereo', 'mono']).default('stereo'),
  /** Unset: the recording's own when it is 44.1 or 48 kHz, else 48 kHz. */
  sampleRate: z.literal([44100, 48000]).optional(),
})

const segment = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('content') }),
  z.strictObject({
    type: z.enum(['intro', 'outro', 'commercial', 'transition']),
    title: z.string().min(1).optional(),
    source: z.strictObject({ kind: z.literal('static'), file: fileName }),
  }),
])

/** Who speaks what is written: flite is built in and needs no key. */
const voice = z.strictObject({
  provider: z.enum(['flite', 'elevenlabs', 'openai']).default('flite'),
  /** The provider's name of the voice. */
  voice: z.string().min(1).max(100).default('slt'),
  model: z.string().min(1).max(100).optional(),
  /** The speaker's name in transcripts. */
  name: z.string().min(1).max(100).default('Assistant'),
  settings: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
})

const template = z.strictObject({
  version: z.literal(1).default(1),
  segments: z
    .array(segment)
    .max(100)
    .refine((list) => list.filter(({ type }) => type === 'content').length <= 1, 'the content may come only once')
    .default([{ type: 'content' }]),
  transcription: transcription.prefault({}),
  voice: voice.prefault({}),
  cleaning: cleaning.prefault({}),
  loudness: loudness.prefault({}),
  output: output.prefault({}),
})

const podcast = z.strictObject({
  title: z.string().min(1).max(255).default('My podcast'),
  description: z.string().min(1).max(4000).default('A podcast assembled by Spool.'),
  language: z.string().min(2).default('en'),
  author: z.string().min(1).max(255).default('Unknown author'),
  email: z.email().optional(),
  link: z.url().optional(),
  imageUrl: z.url().optional(),
  category: z.string().min(1).default('Society & Culture'),
  explicit: z.boolean().default(false),
})

const episode = z.strictObject({
  title: z.string().min(1).max(255).optional(),
  description: z.string().max(4000).optional(),
})

export type Template = z.infer<typeof template>
export type Segment = z.infer<typeof segment>
export type CleaningSettings = z.infer<typeof cleaning>
export type VoiceSettings = z.infer<typeof voice>
export type TranscriptionSettings = z.infer<typeof transcription>
export type PodcastSettings = z.infer<typeof podcast>
export type EpisodeSettings = z.infer<typeof episode>
/** What a run snapshots when it starts; a later change of the template never touches it. */
export type RunSettings = Template

/** Joint stereo at 128k by default, also for a voice; 96k when mono is asked for. */
export const bitrateOf = ({ bitrateKbps, channels }: Template['output']): number => bitrateKbps ?? (channels === 'mono' ? 96 : 128)

/** A document may be this large; it is a page of settings, not a recording. */
export const maxDocumentBytes = 1024 * 1024

export const parseTemplate = (text: string, name: string): Template => parse(template, text, name, 'bad_template')
export const parsePodcast = (text: string, name: string): PodcastSettings => parse(podcast, text, name, 'bad_podcast_file')
export const parseEpisode = (text: string, name: string): EpisodeSettings => parse(episode, text, name, 'bad_episode_file')

function parse<T>(schema: z.ZodType<T>, text: string, name: string, code: ErrorCode): T {
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''), withoutUnseen)
  } catch (error) {
    throw new Permanent(code, `${name} is not JSON: ${(error as Error).message}.`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success)
    throw new Permanent(
      code,
      `${name} cannot be used. ${parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'The document'}: ${message}`).join('; ')}.`,
    )
  return parsed.data
}

/** Control characters come with pasted text and are never seen, but one of them makes a whole feed unreadable: XML and PostgreSQL cannot hold them. */
const withoutUnseen = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '') : value

/** The content goes before the outro when the template forgot it. */
export function withContent(segments: readonly Segment[]): Segment[] {
  if (segments.some(({ type }) => type === 'content')) return [...segments]
  const outro = segments.findIndex(({ type }) => type === 'outro')
  const at = outro < 0 ? segments.length : outro
  return [...segments.slice(0, at), { type: 'content' }, ...segments.slice(at)]
}

/** A podcast's settings with every default filled in. */
export const podcastSettings = (stored: unknown): PodcastSettings => podcast.parse(stored)
/** Cleaning with every default filled in. */
export const cleaningSettings = (given: unknown): CleaningSettings => cleaning.parse(given)
export const defaultTemplate = (): Template => template.parse({})

/** Every file a template needs among the podcast's assets, and what needs it. */
export function assetsOf({ segments, cleaning }: Template): { file: string; neededBy: string }[] {
  const ofSegments = segments.flatMap((segment, i) =>
    segment.type === 'content' ? [] : [{ file: segment.source.file, neededBy: `Segment ${i + 1} (${segment.type})` }],
  )
  return [...ofSegments, ...cleaning.sfx.sounds.map(({ file, phrase: said }) => ({ file, neededBy: `The sound for "${said}"` }))]
}
