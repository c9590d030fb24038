/**
 * The settings of a template and of listener mail, with every default in one place. An error names the field and what
 * it should be.
 */
import { z } from 'zod'
import { answererNames, cleaning } from './cleaning.ts'
import { parseDocument, problemsOf, type Problem } from './document.ts'
import { language } from './language.ts'
import { restore } from './restore.ts'
import { fliteVoices, music, segment, voice, type VoiceSettings } from './segments.ts'

export const recogniserNames = ['assemblyai', 'elevenlabs', 'deepgram', 'openai'] as const
/** A model of one's own, on the machine that makes the episode. */
export const localRecogniser = 'local'

/** Speech recognition; without a provider only a supplied words file makes a transcript. */
const transcription = z.strictObject({
  provider: z
    .enum([...recogniserNames, localRecogniser, 'none'])
    .optional()
    .describe(
      'Unset: the provider whose key was given last, else a model that is installed, if there is any.',
    ),
  model: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      "The provider's name of the model; unset: one that gives the times of words. Of `local`: an installed one.",
    ),
  language: language.optional().describe('BCP 47; unset: the provider finds out.'),
  voices: z
    .literal(2)
    .optional()
    .describe(
      'How many people speak, for a recording whose words name nobody: two are told apart by voice, as a suggestion.',
    ),
  rememberVoices: z
    .boolean()
    .optional()
    .describe(
      'Whether voices whose names you gave are remembered for the show, so that later episodes suggest these names; needs `voices`. Not unless you ask for it, and what was remembered is forgotten by the next episode that does not.',
    ),
})

const loudness = z.strictObject({
  targetLufs: z
    .number()
    .min(-31)
    .max(-8)
    .default(-16)
    .describe(
      'Integrated loudness (ITU-R BS.1770), of the MP3 decoded again, as it is heard: mono from both sides, as BS.1770 has it of dual mono. −16 is usual for both; a meter that takes mono for one loudspeaker shows it 3 LU softer.',
    ),
  maxTruePeakDbtp: z.number().min(-9).max(-0.1).default(-1).describe('The highest true peak.'),
})

const stereoBitrates = [64, 96, 112, 128, 160, 192, 224, 256, 320] as const
const output = z.strictObject({
  bitrateKbps: z.literal(stereoBitrates).optional().describe('128 when not given, 96 in mono.'),
  channels: z.enum(['stereo', 'mono']).default('stereo').describe('Joint stereo, or one channel.'),
  sampleRate: z
    .literal([44100, 48000])
    .optional()
    .describe("Unset: the recording's own when it is 44.1 or 48 kHz, else 48 kHz."),
})

const seconds = z.number().positive().optional()
const length = z
  .strictObject({
    softMinSeconds: seconds.describe('Wanted: a shorter episode gives a warning.'),
    softMaxSeconds: seconds.describe('Wanted: pauses are tightened to meet it.'),
    hardMinSeconds: seconds.describe('Required: the run ends rather than make a shorter episode.'),
    hardMaxSeconds: seconds.describe('Required: the run ends rather than make a longer episode.'),
    tightestMaxPauseSeconds: z
      .number()
      .positive()
      .default(0.7)
      .describe(
        'How far pauses may be tightened: longer ones than this become as long as `tightestTargetPauseSeconds`.',
      ),
    tightestTargetPauseSeconds: z.number().positive().default(0.25),
  })
  .refine(
    (l) => l.tightestMaxPauseSeconds >= l.tightestTargetPauseSeconds,
    'tightestMaxPauseSeconds must be at least tightestTargetPauseSeconds',
  )

export const chapterWays = ['given', 'propose', 'automatic'] as const

/** Titles, a summary, show notes and chapters that a language model proposes; nothing of it is used until it is taken. */
const notes = z.strictObject({
  provider: z
    .enum(answererNames)
    .optional()
    .describe('Who proposes titles, a summary and show notes; unset: nobody.'),
  model: z.string().min(1).max(100).optional().describe("The provider's name of the model."),
  titles: z.number().int().min(0).max(10).default(3).describe('How many titles are proposed.'),
  mostCharacters: z
    .number()
    .int()
    .min(2000)
    .max(2_000_000)
    .default(240_000)
    .describe(
      'The most of the transcript that the model is given, four hours or so; of a longer one parts are left out.',
    ),
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
  chapters: z
    .enum(chapterWays)
    .default('given')
    .describe(
      'What stands for chapters that nobody gave: nothing; a proposal for you to take; or what is found in the words, at once.',
    ),
  notes: notes.prefault({}),
  publish: z
    .enum(publishWhen)
    .default('automatic')
    .describe('As soon as it is made, or when the producer says so.'),
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
  own: z
    .array(z.email())
    .max(100)
    .default([])
    .describe("The show's own addresses: what they send is no listener mail."),
})

export type Template = z.infer<typeof template>
export type LengthSettings = z.infer<typeof length>
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
