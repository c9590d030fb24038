/** What the flags of `spool restore` ask for. */
import { defaultWishes, noWishes, type Wishes } from '../../shared/restoration/wishes.ts'
import { mostBreathsDb, mostNoiseDb } from '../../shared/settings/restore.ts'

export type RestoreFlags = Partial<Record<keyof typeof readers, string>>

type Reader = (text: string) => Partial<Wishes> | undefined

const number = (text: string, least: number, most: number): number | undefined => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  return value >= least && value <= most ? value : undefined
}

const oneOf =
  <K extends keyof Wishes>(key: K, ...values: Wishes[K][]): Reader =>
  (text) =>
    values.includes(text as Wishes[K]) ? { [key]: text } : undefined

/** What each flag takes, and how that is said. */
const readers = {
  noise: {
    takes: `auto, off, or a number of dB from 0 to ${mostNoiseDb}`,
    read: (text: string) => {
      const limit = number(text, 0, mostNoiseDb)
      return limit === undefined ? oneOf('noise', 'auto', 'off')(text) : { noise: limit }
    },
  },
  hum: { takes: 'auto or off', read: oneOf('hum', 'auto', 'off') },
  rumble: { takes: 'auto or off', read: oneOf('rumble', 'auto', 'off') },
  level: {
    takes: 'a number from 0 to 1, or off',
    read: (text: string) => {
      const level = text === 'off' ? 0 : number(text, 0, 1)
      return level === undefined ? undefined : { level }
    },
  },
  gate: { takes: 'auto or off', read: oneOf('gate', 'auto', 'off') },
  breaths: {
    takes: `a number of dB from 0 to ${mostBreathsDb}, or off`,
    read: (text: string) => {
      const breathsDb = text === 'off' ? 0 : number(text.replace(/^-/, ''), 0, mostBreathsDb)
      return breathsDb === undefined ? undefined : { breathsDb }
    },
  },
  clicks: { takes: 'pauses, all or off', read: oneOf('clicks', 'pauses', 'all', 'off') },
  clipping: { takes: 'auto or off', read: oneOf('clipping', 'auto', 'off') },
} satisfies Record<string, { takes: string; read: Reader }>

/** What is wished for; or what is wrong with a flag. Where one is named, those that are not are off. */
export function wishesOf(flags: RestoreFlags): Wishes | string {
  const names = Object.keys(readers) as (keyof typeof readers)[]
  const named = names.filter((name) => flags[name] !== undefined)
  if (named.length === 0) return defaultWishes
  let wishes = noWishes
  for (const name of named) {
    const read = readers[name].read(flags[name]!)
    if (!read) return `--${name} takes ${readers[name].takes}, not "${flags[name]!}".`
    wishes = { ...wishes, ...read }
  }
  return wishes
}
