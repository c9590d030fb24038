/**
 * The settings a producer may give, with every default in one place: of the template, the podcast and the
 * episode. Hides how a document is checked; an error names the field and what it should be.
 */
import { z } from 'zod'
import { findCategory, nearestCategory } from './categories.ts'
import { cleaning, fileName } from './cleaning.ts'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import { language, registeredLanguage } from './language.ts'
import { checkVariables, letterVariableNames, variableNames } from './script.ts'
import { withoutUnseen } from './unseen.ts'

/** A line break in a name would end a caption. */
const speakerName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .transform((name) => name.replaceAll(/\s+/g, ' '))
/** A link that a listener's program may open. */
const webAddress = z.url({ protocol: /^https?$/ })

export const voiceNames = ['flite', 'elevenlabs', 'openai'] as const
export const recogniserNames = ['assemblyai', 'elevenlabs', 'deepgram', 'openai'] as const

/** Speech recognition; without a provider only a supplied words file makes a transcript. */
const transcription = z.strictObject({
  /** Unset: the provider whose key was given last, if any. */
  provider: z.enum([...recogniserNames, 'none']).optional(),
  /** The provider's name of the model; unset: one that gives the times of words. */
  model: z.string().min(1).max(100).optional(),
  /** BCP 47; unset: the provider finds out. */
  language: language.optional(),
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

/** The synthetic voice: flite is built in and needs no key. */
const voice = z.strictObject({
  provider: z.enum(voiceNames).default('flite'),
  /** The provider's name of the voice. */
  voice: z.string().min(1).max(100).default('slt'),
  model: z.string().min(1).max(100).optional(),
  /** The speaker's name in transcripts. */
  name: speakerName.default('Assistant'),
  settings: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
})

const spoken = z.strictObject({
  kind: z.literal('spoken'),
  script: z.string().trim().min(1).max(5000).superRefine(checkVariables(variableNames)),
  /** Unset: the template's. */
  voice: voice.optional(),
})
/** Listener mail, read out: the letters that the episode names, or the newest. */
const mailbag = z.strictObject({
  kind: z.literal('mail'),
  count: z.number().int().min(1).max(20).default(1),
  /** For each letter. */
  script: z
    .string()
    .trim()
    .min(1)
    .max(1000)
    .default('{from} writes: {text}')
    .superRefine(checkVariables([...variableNames, ...letterVariableNames])),
  voice: voice.optional(),
})
const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('static'), file: fileName }),
  spoken,
  mailbag,
])

/** Settings that every segment has. */
const placed = {
  title: z.string().min(1).max(255).optional(),
  /** From the end of the segment before to this one's start; negative lets them overlap. */
  offsetSeconds: z.number().min(-600).max(600).default(0),
  /** Whether it is a chapter of its own. */
  chapter: z.boolean().default(true),
  /** A picture among the assets, shown with the chapter. */
  image: fileName.optional(),
}
const segmentTypes = ['intro', 'outro', 'commercial', 'transition', 'mail'] as const
const segment = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('content'), ...placed }),
  z.strictObject({
    type: z.enum(segmentTypes),
    ...placed,
    /** Louder or quieter than the programme it is levelled to. */
    gainDb: z.number().min(-40).max(12).default(0),
    source,
  }),
])

const ducking = z.strictObject({
  enabled: z.boolean().default(true),
  /** How much quieter the bed is while somebody speaks. */
  depthDb: z.number().min(-40).max(0).default(-10),
  attackSeconds: z.number().min(0.005).max(2).default(0.2),
  releaseSeconds: z.number().min(0.02).max(3).default(0.6),
})

const music = z.strictObject({
  file: fileName,
  /** It plays under every unbroken run of these segments. */
  under: z
    .array(z.enum(['content', ...segmentTypes]))
    .min(1)
    .default(['content']),
  /** Moves the bed's start and end; negative is earlier. */
  startOffsetSeconds: z.number().min(-600).max(600).default(0),
  endOffsetSeconds: z.number().min(-600).max(600).default(0),
  fadeInSeconds: z.number().min(0).max(60).default(2),
  fadeOutSeconds: z.number().min(0).max(60).default(3),
  /** Below the programme's loudness, while nobody speaks. */
  levelDb: z.number().min(-60).max(6).default(-15),
  /** A bed longer than its asset goes on from its start, across a fade of this length. */
  loopCrossfadeSeconds: z.number().min(0.05).max(10).default(2),
  ducking: ducking.prefault({}),
})

const seconds = z.number().positive().optional()
const length = z
  .strictObject({
    /** Wanted: pauses are tightened to meet the longest, and a shorter episode gives a warning. */
    softMinSeconds: seconds,
    softMaxSeconds: seconds,
    /** Required: the run ends rather than publish outside of these. */
    hardMinSeconds: seconds,
    hardMaxSeconds: seconds,
    /** How far pauses may be tightened: longer ones than the first become as long as the second. */
    tightestMaxPauseSeconds: z.number().positive().default(0.7),
    tightestTargetPauseSeconds: z.number().positive().default(0.25),
  })
  .refine(
    (l) => l.tightestMaxPauseSeconds >= l.tightestTargetPauseSeconds,
    'tightestMaxPauseSeconds must be at least tightestTargetPauseSeconds',
  )

const publishWhen = ['automatic', 'manual'] as const

const template = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1).default(1),
  segments: z
    .array(segment)
    .max(100)
    .refine(
      (list) => list.filter(({ type }) => type === 'content').length <= 1,
      'the content may come only once',
    )
    .prefault([{ type: 'content' }]),
  music: z.array(music).max(20).default([]),
  length: length.prefault({}),
  transcription: transcription.prefault({}),
  voice: voice.prefault({}),
  cleaning: cleaning.prefault({}),
  loudness: loudness.prefault({}),
  output: output.prefault({}),
  /** As soon as it is made, or when the producer says so. */
  publish: z.enum(publishWhen).default('automatic'),
})

const podcast = z.strictObject({
  title: z.string().min(1).max(255).default('My podcast'),
  description: z.string().min(1).max(4000).default('A podcast assembled by Spool.'),
  language: registeredLanguage.default('en'),
  author: z.string().min(1).max(255).default('Unknown author'),
  email: z.email().optional(),
  link: webAddress.optional(),
  imageUrl: webAddress.optional(),
  /** One of Apple's, alone or as "Parent:Child". */
  category: z
    .string()
    .max(100)
    .refine((text) => findCategory(text) !== undefined, {
      error: ({ input }) =>
        `Apple's list of categories has no such one; the nearest is "${nearestCategory(String(input))}"`,
    })
    .default('Society & Culture'),
  explicit: z.boolean().default(false),
})

const episode = z.strictObject({
  title: z.string().min(1).max(255).optional(),
  description: z.string().max(4000).optional(),
  number: z.number().int().positive().optional(),
  season: z.number().int().positive().optional(),
  guest: z.string().min(1).max(255).optional(),
  /** The day it is about; today when not given. */
  date: z.iso.date().optional(),
  /**
   * Several files as one recording; their order here is that of the episode. The run starts when all of them
   * are there.
   */
  recordings: z
    .array(
      z.strictObject({
        file: fileName,
        gainDb: z.number().min(-60).max(60).default(0),
        offsetSeconds: z.number().min(-3600).max(3600).default(0),
      }),
    )
    .min(1)
    .max(20)
    .optional(),
  /** One after the other, or tracks of one conversation. */
  recordingsAre: z.enum(['sequence', 'tracks']).default('sequence'),
  /** The letters that a mail segment reads out, by id; the newest when not given. */
  letters: z.array(z.uuid()).max(100).optional(),
  /** In place of the template's, or at a time. */
  publish: z
    .union([z.enum(publishWhen), z.iso.datetime({ offset: true })], {
      error: '"automatic", "manual", or a time with its zone such as "2026-12-24T06:00:00+01:00"',
    })
    .optional(),
  /** Names for the speakers that a transcript calls A, B or otherwise. */
  speakers: z.record(z.string(), speakerName).default({}),
})

const mail = z.strictObject({
  /** The show's own addresses: what they send is no listener mail. */
  own: z.array(z.email()).max(100).default([]),
})

export type Template = z.infer<typeof template>
export type Segment = z.infer<typeof segment>
export type MusicRule = z.infer<typeof music>
export type LengthSettings = z.infer<typeof length>
export type VoiceSettings = z.infer<typeof voice>
export type TranscriptionSettings = z.infer<typeof transcription>
export type PodcastSettings = z.infer<typeof podcast>
export type EpisodeSettings = z.infer<typeof episode>
/** What a run snapshots when it starts; a later change of the template never touches it. */
export type RunSettings = Template

/** Joint stereo at 128k by default, also for a voice; 96k when mono is asked for. */
export const bitrateOf = ({ bitrateKbps, channels }: Template['output']): number =>
  bitrateKbps ?? (channels === 'mono' ? 96 : 128)

/** The largest settings document, in bytes. */
export const maxDocumentBytes = 1024 * 1024

export const parseTemplate = (text: string, name: string): Template =>
  parse(template, text, name, 'bad_template')
export const parsePodcast = (text: string, name: string): PodcastSettings =>
  parse(podcast, text, name, 'bad_podcast_file')
export const parseMailSettings = (text: string, name: string): z.infer<typeof mail> =>
  parse(mail, text, name, 'bad_mail_settings')
export const parseEpisode = (text: string, name: string): EpisodeSettings =>
  parse(episode, text, name, 'bad_episode_file')

function parse<T>(schema: z.ZodType<T>, text: string, name: string, code: ErrorCode): T {
  let json: unknown
  try {
    json = parseJson(text.replace(/^\uFEFF/, ''), (_key, value) =>
      typeof value === 'string' ? withoutUnseen(value) : value,
    )
  } catch (error) {
    throw new Permanent(code, `${name} is not JSON; ${(error as Error).message}.`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'The document'}: ${message}`,
    )
    throw new Permanent(code, `${name} cannot be used. ${issues.join('; ')}.`)
  }
  return parsed.data
}

/** The content goes before the outro when the template forgot it. */
export function withContent(segments: readonly Segment[]): Segment[] {
  if (segments.some(({ type }) => type === 'content')) return [...segments]
  const outro = segments.findIndex(({ type }) => type === 'outro')
  const at = outro < 0 ? segments.length : outro
  return [...segments.slice(0, at), segment.parse({ type: 'content' }), ...segments.slice(at)]
}

/**
 * The settings a run was started with, and the default of every field that came since. What was stored
 * keeps its values and its order, so that results keyed by it are found again.
 */
export const runSettings = (stored: unknown): RunSettings =>
  completed(stored, template.parse(stored)) as RunSettings

function completed(stored: unknown, parsed: unknown): unknown {
  if (Array.isArray(stored) && Array.isArray(parsed))
    return stored.map((item, i) => completed(item, parsed[i]))
  if (!isRecord(stored) || !isRecord(parsed)) return stored
  const known = Object.entries(stored).map(([key, value]) => [key, completed(value, parsed[key])] as const)
  const missing = Object.entries(parsed).filter(([key]) => !(key in stored))
  return Object.fromEntries([...known, ...missing])
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What was stored before the lists were checked stays as it is. */
const storedPodcast = podcast.extend({
  language: z.string().default('en'),
  category: z.string().default('Society & Culture'),
})
/** A podcast's settings with every default filled in. */
export const podcastSettings = (stored: unknown): PodcastSettings => storedPodcast.parse(stored)
export const defaultTemplate = (): Template => template.parse({})

/** The template as a JSON schema, for editors that complete and check as one types. */
export const templateSchema = (): object => ({
  title: 'Spool template',
  ...z.toJSONSchema(template, { io: 'input', unrepresentable: 'any' }),
})
