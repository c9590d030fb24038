/** What is to be restored, and how strongly: the choices a producer has, and what holds where nothing is said. */

export interface Wishes {
  /** How far noise goes down at most, in dB; `auto` asks how noisy the recording is. */
  readonly noise: 'auto' | 'off' | number
  readonly hum: 'auto' | 'off'
  /** How much of the difference between a phrase's loudness and the recording's is taken away, 0 (none) to 1. */
  readonly level: number
  /** Whether what is heard of others is turned down in each of several tracks. */
  readonly gate: 'auto' | 'off'
  /** How far breaths go down, in dB; 0 leaves them. */
  readonly breathsDb: number
  readonly clicks: 'pauses' | 'all' | 'off'
}

export const defaultWishes: Wishes = {
  noise: 'auto',
  hum: 'auto',
  level: 0.9,
  gate: 'auto',
  breathsDb: 0,
  clicks: 'pauses',
}

export const noWishes: Wishes = {
  noise: 'off',
  hum: 'off',
  level: 0,
  gate: 'off',
  breathsDb: 0,
  clicks: 'off',
}

/** More than this sounds worse than the noise. */
export const mostNoiseDb = 24
export const mostBreathsDb = 40
