/**
 * The settings of restoration: which faults of the sound are taken away, and how far. Hides the presets, and with them
 * every default.
 */
import { z } from 'zod'

/** More than this sounds worse than the noise. */
export const mostNoiseDb = 24
export const mostBreathsDb = 40

export interface RestoreSettings {
  /** How many dB noise goes down at most; `auto`: as far as the recording needs it, up to 15. */
  readonly noise: 'auto' | 'off' | number
  /** Of the mains, 50 or 60 Hz, with its overtones. */
  readonly hum: 'auto' | 'off'
  /** Below the lowest voice: wind, steps, traffic. */
  readonly rumble: 'auto' | 'off'
  /** How much of the difference between loud and quiet phrases is taken away, 0 to 1. */
  readonly level: number | 'off'
  /** Whether what is heard of others is turned down in each of several tracks. */
  readonly gate: 'auto' | 'off'
  /** How many dB breaths go down. */
  readonly breaths: number | 'off'
  /** Where clicks are repaired; in speech some rough sounds of the voice are taken for clicks. */
  readonly clicks: 'pauses' | 'all' | 'off'
  /** Whether peaks that were cut off at full scale are put back. */
  readonly clipping: 'auto' | 'off'
}

export const presetNames = ['studio', 'home', 'field', 'off'] as const
export type PresetName = (typeof presetNames)[number]

const home: RestoreSettings = {
  noise: 'auto',
  hum: 'auto',
  rumble: 'auto',
  level: 0.9,
  gate: 'auto',
  breaths: 'off',
  clicks: 'pauses',
  clipping: 'off',
}

export const presets: Readonly<Record<PresetName, RestoreSettings>> = {
  /** A quiet room and good microphones: what does not belong there goes, the dynamics stay. */
  studio: { ...home, noise: 'off', level: 'off' },
  /** A room that nobody built for sound. */
  home,
  /** Outdoors, and among people. */
  field: { ...home, noise: 18, level: 1 },
  off: {
    noise: 'off',
    hum: 'off',
    rumble: 'off',
    level: 'off',
    gate: 'off',
    breaths: 'off',
    clicks: 'off',
    clipping: 'off',
  },
}

const orOff = (least: number, most: number, unit: string) =>
  z.union([z.number().min(least).max(most), z.literal('off')], {
    error: `should be off, or ${unit} from ${least} to ${most}`,
  })
const own = z.strictObject({
  noise: z
    .union([z.enum(['auto', 'off']), z.number().min(1).max(mostNoiseDb)], {
      error: `should be auto, off, or a number of dB from 1 to ${mostNoiseDb}`,
    })
    .default(home.noise)
    .describe(
      'How many dB noise goes down at most; auto: as far as the recording needs it, up to 15, and not at all where speech is 45 dB over it.',
    ),
  hum: z
    .enum(['auto', 'off'])
    .default(home.hum)
    .describe('Hum of the mains, 50 or 60 Hz and its overtones, is subtracted where it is found.'),
  rumble: z
    .enum(['auto', 'off'])
    .default(home.rumble)
    .describe('What is lower than the lowest voice is taken away where it is loud: wind, steps, traffic.'),
  level: orOff(0, 1, 'a number')
    .default(home.level)
    .describe(
      'How much of the difference between loud and quiet phrases is taken away, 0 to 1; of a large one more. At 0.9 speakers end within half a dB.',
    ),
  gate: z
    .enum(['auto', 'off'])
    .default(home.gate)
    .describe(
      'In each of several tracks of one conversation what is heard of the others is turned down while only they speak, before they are mixed.',
    ),
  breaths: orOff(1, mostBreathsDb, 'a number of dB')
    .default(home.breaths)
    .describe('How many dB breaths go down.'),
  clicks: z
    .enum(['pauses', 'all', 'off'])
    .default(home.clicks)
    .describe('Where clicks are repaired; in speech some rough sounds of a voice are taken for clicks.'),
  clipping: z
    .enum(['auto', 'off'])
    .default(home.clipping)
    .describe('Peaks of up to 3 ms that were cut off at full scale are put back, as what lies around says.'),
})

/** Of an object what is wrong in it; of anything else what there is to choose from. */
function problemOf({ code, input, ...issue }: z.core.$ZodRawIssue): string | undefined {
  if (code !== 'invalid_union') return undefined
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (!isObject)
    return `should be one of ${presetNames.join(', ')}, or an object { ${Object.keys(home).join(', ')} }`
  const [, inside = []] = issue['errors'] as readonly (readonly z.core.$ZodIssue[])[]
  return inside.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ')
}

/** What a template says where it says nothing of restoration: what no good recording has goes, and nothing else changes. */
const usual: PresetName = 'studio'

export const restore = z
  .union([z.enum(presetNames), own], { error: problemOf })
  .default(usual)
  .describe(
    'How the sound is restored, before anything listens to it: for a studio (hum, rumble, clicks and crosstalk), a home (noise and uneven levels too), ' +
      'the field (more of both), off, or what is named here.',
  )

export const restoreSettings = (given: z.infer<typeof restore>): RestoreSettings =>
  typeof given === 'string' ? presets[given] : given

/** Whether anything is to be looked for. */
export const restoresAnything = (given: z.infer<typeof restore>): boolean =>
  Object.values(restoreSettings(given)).some((wish) => wish !== 'off')
