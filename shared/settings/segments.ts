/**
 * The settings of what is laid out around a recording: segments and who speaks them, and music. Every default stands here.
 */
import { z } from 'zod'
import { fileName } from './cleaning.ts'
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

/** The synthetic voice: flite is built in and needs no key. */
export const voice = z.strictObject({
  provider: z
    .enum(voiceNames)
    .default('flite')
    .describe('Who speaks: flite is built in, in English, and needs no key.'),
  voice: z.string().min(1).max(100).default('slt').describe("The provider's name of the voice."),
  model: z.string().min(1).max(100).optional().describe("The provider's name of the model."),
  name: speakerName.default('Assistant').describe("The speaker's name in transcripts."),
  settings: z
    .record(z.string(), z.union([z.number(), z.boolean(), z.string()]))
    .default({})
    .describe("The provider's own, by its own names."),
})

const spoken = z.strictObject({
  kind: z.literal('spoken'),
  script: z
    .string()
    .trim()
    .min(1)
    .max(5000)
    .superRefine(checkVariables(variableNames))
    .describe('What is spoken.'),
  voice: voice.optional().describe("Unset: the template's."),
})
/** Listener mail, read out: the letters that the episode names, or the newest that no other has read out. */
const mailbag = z.strictObject({
  kind: z.literal('mail'),
  count: z.number().int().min(1).max(20).default(1).describe('Of `mail`: how many letters.'),
  script: z
    .string()
    .trim()
    .min(1)
    .max(1000)
    .default('{from} writes: {text}')
    .superRefine(checkVariables([...variableNames, ...letterVariableNames]))
    .describe('Of `mail`: for each letter; `{from} writes: {text}` when not given.'),
  voice: voice.optional(),
  whenEmpty: z
    .enum(['skip', 'fail'])
    .default('skip')
    .describe('When there is no letter, the segment is left out, or the episode fails.'),
})
const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('static')
      .describe(
        '`static`: a file; `spoken`: a script, by the voice; `mail`: letters of listeners, read out.',
      ),
    file: fileName.describe("Of `static`: a file among the show's assets."),
  }),
  spoken,
  mailbag,
])

/** Settings that every segment has. */
const placed = {
  title: z.string().min(1).max(255).optional().describe('Of its chapter.'),
  offsetSeconds: z
    .number()
    .min(-600)
    .max(600)
    .default(0)
    .describe("From the end of the segment before to this one's start; negative lets them overlap."),
  chapter: z.boolean().default(true).describe('Whether it is a chapter of its own.'),
  image: fileName.optional().describe('A picture among the assets, shown with the chapter.'),
}
const segmentTypes = ['intro', 'outro', 'commercial', 'transition', 'mail'] as const
export const segment = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('content').describe('`content` is the recording; it may come only once.'),
    ...placed,
  }),
  z.strictObject({
    type: z.enum(segmentTypes),
    ...placed,
    gainDb: z
      .number()
      .min(-40)
      .max(12)
      .default(0)
      .describe('Louder or quieter than the programme it is levelled to.'),
    source,
  }),
])

const ducking = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether it goes down while somebody speaks.'),
  depthDb: z
    .number()
    .min(-40)
    .max(0)
    .default(-10)
    .describe('How much quieter the bed is while somebody speaks.'),
  attackSeconds: z.number().min(0.005).max(2).default(0.2).describe('How long it takes to go down.'),
  releaseSeconds: z.number().min(0.02).max(3).default(0.6).describe('How long it takes to come back.'),
})

export const music = z.strictObject({
  file: fileName.describe("A file among the show's assets."),
  under: z
    .array(z.enum(['content', ...segmentTypes]))
    .min(1)
    .default(['content'])
    .describe('It plays under every unbroken run of these segments.'),
  startOffsetSeconds: z
    .number()
    .min(-600)
    .max(600)
    .default(0)
    .describe("Moves the bed's start and end; negative is earlier."),
  endOffsetSeconds: z.number().min(-600).max(600).default(0),
  fadeInSeconds: z.number().min(0).max(60).default(2),
  fadeOutSeconds: z.number().min(0).max(60).default(3),
  levelDb: z
    .number()
    .min(-60)
    .max(6)
    .default(-15)
    .describe("Below the programme's loudness, while nobody speaks."),
  loopCrossfadeSeconds: z
    .number()
    .min(0.05)
    .max(10)
    .default(2)
    .describe('A bed longer than its asset goes on from its start, across a fade of this length.'),
  ducking: ducking.prefault({}),
})

export type Segment = z.infer<typeof segment>
export type MusicRule = z.infer<typeof music>
export type VoiceSettings = z.infer<typeof voice>

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
