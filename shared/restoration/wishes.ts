/** What is to be restored, and how strongly: the choices a producer has, as the meters and plans take them. */
import { presets, type RestoreSettings } from '../settings/restore.ts'

export interface Wishes {
  /** How far noise goes down at most, in dB; `auto` asks how noisy the recording is. */
  readonly noise: 'auto' | 'off' | number
  readonly hum: 'auto' | 'off'
  /** Whether what is lower than any voice is taken away. */
  readonly rumble: 'auto' | 'off'
  /** How much of the difference between a phrase's loudness and the recording's is taken away, 0 (none) to 1. */
  readonly level: number
  /** Whether what is heard of others is turned down in each of several tracks. */
  readonly gate: 'auto' | 'off'
  /** How far breaths go down, in dB; 0 leaves them. */
  readonly breathsDb: number
  readonly clicks: 'pauses' | 'all' | 'off'
  /** Whether what was cut off at full scale is put back. */
  readonly clipping: 'auto' | 'off'
}

export const wishesOf = ({ level, breaths, ...others }: RestoreSettings): Wishes => ({
  ...others,
  level: level === 'off' ? 0 : level,
  breathsDb: breaths === 'off' ? 0 : breaths,
})

export const defaultWishes = wishesOf(presets.home)
export const noWishes = wishesOf(presets.off)
