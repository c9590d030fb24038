/**
 * Words that are often said otherwise than anybody can tell from how they are written: "8500", "IVR", "spool.dev". What of
 * them their phones do not explain is found beside them as sound that no word explains, and is theirs. Pure.
 */
import type { PlacedWord, UntoldSound } from './placing.ts'

/** So many frames between a word and a sound are no pause; within an address or a telephone number there are pauses. */
const attachedFrames = 10
const withinFrames = 30

/** Nobody takes longer to say one: so many frames, and so many for each digit, and for each letter. */
const [mostFrames, framesPerDigit, framesPerLetter] = [50, 60, 25]

const figuresOrAddress = /\p{N}|\p{L}\.\p{L}/u
/** One digit alone is said in one way: what stands beside it is as likely a hesitation as beside any other word. */
const loneDigit = /^[^\p{L}\p{N}\p{S}%]*\p{N}[^\p{L}\p{N}\p{S}%]*$/u
const saidInGroups = /\p{L}\.\p{L}|(?:\p{N}\W?){7}/u
const initials = /\p{Lu}\p{Lu}/u
const smallLetter = /\p{Ll}/u

/** `words` and `found` are parallel, times in frames. The words with what is theirs, and the sounds that nobody claims. */
export function withOwnSound<S extends UntoldSound>(
  words: readonly { readonly text: string }[],
  found: readonly PlacedWord[],
  untold: readonly S[],
): { words: PlacedWord[]; untold: S[] } {
  const grown = [...found]
  const claimants = saidOtherwise(words).filter((place) => found[place])
  const isClaimed = (sound: S): boolean => {
    const place = claimants.find((each) => isAttached(grown[each]!, sound, words[each]!.text))
    if (place === undefined) return false
    const { start, end } = grown[place]!
    const whole = { start: Math.min(start, sound.start), end: Math.max(end, sound.end) }
    if (whole.end - whole.start > longestOf(words[place]!.text)) return false
    grown[place] = whole
    return true
  }
  return { untold: untold.filter((sound) => !isClaimed(sound)), words: grown }
}

const longestOf = (text: string): number => {
  const [digits, letters] = [/\p{N}/gu, /\p{L}/gu].map((sign) => text.match(sign)?.length ?? 0)
  return mostFrames + framesPerDigit * digits! + framesPerLetter * letters!
}

const isAttached = (word: { start: number; end: number }, sound: UntoldSound, text: string): boolean =>
  Math.min(Math.abs(sound.start - word.end), Math.abs(word.start - sound.end)) <=
  (saidInGroups.test(text) ? withinFrames : attachedFrames)

/** Places of such words. Capitals tell nothing in a text that has hardly anything else. */
function saidOtherwise(words: readonly { readonly text: string }[]): number[] {
  const small = words.filter(({ text }) => smallLetter.test(text)).length
  const capitalsTell = small > words.length / 2
  return words.flatMap(({ text }, place) =>
    (figuresOrAddress.test(text) && !loneDigit.test(text)) || (capitalsTell && initials.test(text))
      ? [place]
      : [],
  )
}
