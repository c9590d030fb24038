/**
 * Whether a recording's two channels are what somebody meant to record: hides how they are compared, and from where on one of
 * them is a mistake.
 */
import type { Warning } from '../codes.ts'

/**
 * How the two channels are to each other: sums of their squares and of their product at every eighth sample, in whole
 * numbers, so that it is the same however a recording is divided. Of one channel all three are the same.
 */
export interface Sides {
  readonly left: number
  readonly right: number
  readonly both: number
}

/** Of full scale. A hundred hours of squares are whole numbers then. */
const steps = 2048
const stride = 8

type Sums = { -readonly [Side in keyof Sides]: Sides[Side] }

export const noSides = (): Sums => ({ left: 0, right: 0, both: 0 })

/** Adds planes of samples to `sides`. */
export function addSides(left: Float32Array, right: Float32Array, sides: Sums): void {
  for (let i = 0; i < left.length; i += stride) {
    const [l, r] = [Math.trunc(left[i]! * steps), Math.trunc(right[i]! * steps)]
    sides.left += l * l
    sides.right += r * r
    sides.both += l * r
  }
}

export function joinSides(parts: readonly Sides[]): Sides {
  const whole = noSides()
  for (const { left, right, both } of parts) {
    whole.left += left
    whole.right += right
    whole.both += both
  }
  return whole
}

/** So much softer a side has nothing but what strays there; so unlike each other the sides cancel each other out. */
const oneSidedDb = 18
const opposed = -0.8

/** A voice on one side alone, or turned round on one, sounds as it should only to whoever recorded it. */
export function sidesWarnings({ left, right, both }: Sides, name: string): Warning[] {
  if (left + right === 0) return []
  const aheadDb = 10 * Math.log10((left + 1) / (right + 1))
  if (Math.abs(aheadDb) >= oneSidedDb)
    return [
      {
        code: 'one_sided',
        message:
          `${name} is heard on the ${aheadDb > 0 ? 'left' : 'right'} alone: the other side is ` +
          `${Math.abs(aheadDb) > 60 ? 'silent' : `${Math.round(Math.abs(aheadDb))} dB softer`}. ` +
          '"output": {"channels": "mono"} in the template puts it on both.',
      },
    ]
  if (both < opposed * Math.sqrt(left * right))
    return [
      {
        code: 'sides_opposed',
        message:
          `The two sides of ${name} are each other's opposite: through one loudspeaker hardly anything is heard of it. ` +
          'Turn one of them round where it was recorded, or keep one alone.',
      },
    ]
  return []
}
