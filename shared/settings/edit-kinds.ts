/**
 * The kinds of edits, one row each: everything that is said of a kind besides how it is detected. A new kind is a row
 * here and a detector that edits/propose.ts asks: those that look for words stand in a table there, which does not
 * compile without an entry for each; cuts, fillers, stutters and pauses, which need more than words, are asked by name.
 */

interface KindRow {
  /** What the review does with it when the template says nothing: make it, or wait for the producer. */
  readonly review: 'apply' | 'wait'
  /** Whether what a detector removes of this kind counts against `maxRemovedShare`. */
  readonly isBudgeted: boolean
  readonly one: string
  readonly many: string
  /** On the review page, on light and on dark. */
  readonly colours: readonly [light: string, dark: string]
}

/**
 * In the order in which they win where they overlap: what a person asked for, then whole takes, then words,
 * then silence.
 */
export const editKinds = {
  cut: { review: 'apply', isBudgeted: false, one: 'cut', many: 'Cuts', colours: ['#8a6fb0', '#7c63a3'] },
  // the extent of the mistake is a guess: the producer should look
  flubber: {
    review: 'wait',
    isBudgeted: true,
    one: 'mistake',
    many: 'Mistakes',
    colours: ['#c2546b', '#a9485c'],
  },
  intern: {
    review: 'apply',
    isBudgeted: true,
    one: 'question',
    many: 'Questions',
    colours: ['#4f9e77', '#3f8261'],
  },
  // the tone stands where the word was: nothing is lost
  censor: {
    review: 'apply',
    isBudgeted: false,
    one: 'bleep',
    many: 'Bleeps',
    colours: ['#5b5b66', '#8b8b98'],
  },
  sfx: { review: 'apply', isBudgeted: true, one: 'sound', many: 'Sounds', colours: ['#c9a32e', '#a5852a'] },
  filler: {
    review: 'apply',
    isBudgeted: true,
    one: 'filler',
    many: 'Fillers',
    colours: ['#e2873b', '#c9712a'],
  },
  stutter: {
    review: 'apply',
    isBudgeted: true,
    one: 'stutter',
    many: 'Stutters',
    colours: ['#3f9aa8', '#327d89'],
  },
  pause: {
    review: 'apply',
    isBudgeted: false,
    one: 'pause',
    many: 'Pauses',
    colours: ['#8fb3d1', '#3f6384'],
  },
} as const satisfies Readonly<Record<string, KindRow>>

export type EditKind = keyof typeof editKinds

/** Every kind, the one that wins first. */
export const editKindNames = Object.keys(editKinds) as readonly EditKind[]
