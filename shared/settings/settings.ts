/**
 * The settings of a template and of listener mail, with every default in one place. An error names the field and what
 * it should be.
 */
import { z } from 'zod'
import { answererNames, cleaning, fileName } from './cleaning.ts'
import { parseDocument, problemsOf, type Problem } from './document.ts'
import { language } from './language.ts'
import { restore } from './restore.ts'
import { checkVariables, letterVariableNames, variableNames } from './script.ts'

/** A line break in a name would end a caption. */
export const speakerName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .transform((name) => name.replaceAll(/\s+/g, ' '))
export const voiceNames = ['flite', 'elevenlabs', 'openai'] as const
/** The voices that flite has. */
export const fliteVoices = ['slt', 'rms', 'awb', 'kal16'] as const
export const recogniserNames = ['assemblyai', 'elevenlabs', 'deepgram', 'openai'] as const
/** A model of one's own, on the machine that makes the episode. */
export const localRecogniser = 'local'

/** Speech recognition; without a provider only a supplied words file makes a transcript. */
const transcription = z.strictObject({
  /** Unset: the provider whose key was given last, else a model that is installed, if there is any. */
  provider: z.enum([...recogniserNames, localRecogniser, 'none']).optional(),
  /** The provider's name of the model; unset: one that gives the times of words. Of `local`: an installed one. */
  model: z.string().min(1).max(100).optional(),
  /** BCP 47; unset: the provider finds out. */
  language: language.optional(),
  /** How many people speak, for a recording whose words name nobody: two are told apart by voice, as a suggestion. */
  voices: z.literal(2).optional(),
  /**
   * Whether voices whose names you gave are remembered for the show, so that later episodes suggest these names; needs
   * `voices`. Not unless you ask for it, and what was remembered is forgotten by the next episode that does not.
   */
  rememberVoices: z.boolean().optional(),
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
  /** When there is no letter, the segment is left out, or the episode fails. */
  whenEmpty: z.enum(['skip', 'fail']).default('skip'),
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

/** What stands for chapters that nobody gave: nothing; a proposal, for its producer to take; or what is found in the words. */
export const chapterWays = ['given', 'propose', 'automatic'] as const

/** Titles, a summary, show notes and chapters that a language model proposes; nothing of it is used until it is taken. */
const notes = z.strictObject({
  /** Unset: nobody writes any. */
  provider: z.enum(answererNames).optional(),
  model: z.string().min(1).max(100).optional(),
  titles: z.number().int().min(0).max(10).default(3),
  /** The most of the transcript that the model is given, four hours or so; of a longer one parts are left out. */
  mostCharacters: z.number().int().min(2000).max(2_000_000).default(240_000),
})

export const publishWhen = ['automatic', 'manual'] as const

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
  restore,
  cleaning: cleaning.prefault({}),
  loudness: loudness.prefault({}),
  output: output.prefault({}),
  /** Chapters given by hand always count. */
  chapters: z.enum(chapterWays).default('given'),
  notes: notes.prefault({}),
  /** As soon as it is made, or when the producer says so. */
  publish: z.enum(publishWhen).default('automatic'),
})

/** A template as it is brought: what a run was once started with may name a voice that is gone. */
const broughtTemplate = template.superRefine(({ voice: usual, segments }, { addIssue }) => {
  const check = (named: VoiceSettings | undefined, path: (string | number)[]) => {
    if (named?.provider !== 'flite' || fliteVoices.some((one) => one === named.voice)) return
    const message = `flite has no voice "${named.voice}"; it has ${fliteVoices.join(', ')}`
    addIssue({ code: 'custom', path: [...path, 'voice', 'voice'], message })
  }
  check(usual, [])
  for (const [i, one] of segments.entries())
    if (one.type !== 'content' && one.source.kind !== 'static')
      check(one.source.voice, ['segments', i, 'source'])
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
export type NotesSettings = z.infer<typeof notes>
export type TranscriptionSettings = z.infer<typeof transcription>
/** What a run snapshots when it starts; a later change of the template never touches it. */
export type RunSettings = Template

/** Joint stereo at 128k by default, also for a voice; 96k when mono is asked for. */
export const bitrateOf = ({ bitrateKbps, channels }: Template['output']): number =>
  bitrateKbps ?? (channels === 'mono' ? 96 : 128)

export const parseTemplate = (text: string, name: string): Template =>
  parseDocument(broughtTemplate, text, name, 'bad_template')
export const parseMailSettings = (text: string, name: string): z.infer<typeof mail> =>
  parseDocument(mail, text, name, 'bad_mail_settings')

/** Whether the template says where the recording stands. */
export const namesContent = (segments: readonly Segment[]): boolean =>
  segments.some(({ type }) => type === 'content')

/** The content goes before the outro when the template forgot it. */
export function withContent(segments: readonly Segment[]): Segment[] {
  if (namesContent(segments)) return [...segments]
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

export const defaultTemplate = (): Template => template.parse({})

/** The template as a JSON schema, for editors that complete and check as one types. */
export const templateSchema = (): object => ({
  title: 'Spool template',
  ...z.toJSONSchema(template, { io: 'input', unrepresentable: 'any' }),
})
export const templateProblems = (text: string): readonly Problem[] => problemsOf(broughtTemplate, text)

/** The settings of listener mail as a JSON schema. */
export const mailSchema = (): object => ({
  title: 'Spool listener mail',
  ...z.toJSONSchema(mail, { io: 'input', unrepresentable: 'any' }),
})
export const mailProblems = (text: string): readonly Problem[] => problemsOf(mail, text)
