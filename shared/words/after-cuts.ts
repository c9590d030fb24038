/**
 * Words as they read after something between them was cut: what belonged to the words that are gone goes with them. Hides
 * what punctuation and capitals say of a sentence that has lost some of its words. What is heard stays as it is.
 */
import { spelling } from './phrases.ts'

interface Text {
  readonly text: string
}

const endsSentence = (text: string): boolean => /[.!?…]["'”’)]?$/.test(text)
const endsInComma = (text: string): boolean => text.endsWith(',')
const beginsBig = (text: string): boolean => /^["'“‘(]?\p{Lu}/u.test(text)
const big = (text: string): string =>
  text.replace(/^(\P{L}*)(\p{Ll})/u, (_all, before: string, letter: string) => before + letter.toUpperCase())

/**
 * The words that are kept, by what stood between them: `isKept` says which those are, `isReplaced` whether something stands
 * in the place of what is gone, so that the sentence has it still.
 */
export function readAfterCuts<W extends Text>(
  words: readonly W[],
  isKept: (word: W) => boolean,
  isReplaced: (gone: readonly W[]) => boolean = () => false,
): W[] {
  const read: W[] = []
  let gone: W[] = []
  for (const word of words) {
    if (!isKept(word)) gone.push(word)
    else if (gone.length === 0) read.push(word)
    else {
      if (isReplaced(gone)) read.push(word)
      else join(read, gone, word)
      gone = []
    }
  }
  const last = read.at(-1)
  if (last && gone.length > 0 && endsSentence(gone.at(-1)!.text) && !isReplaced(gone))
    read[read.length - 1] = ended(last, gone)
  return read
}

/** Puts a word behind those that were read before, where `gone` stood between. */
function join<W extends Text>(read: W[], gone: readonly W[], word: W): void {
  const before = read.at(-1)
  const isNewSentence = !before || endsSentence(before.text)
  const [first, last] = [gone[0]!, gone.at(-1)!]
  if (before && !isNewSentence) {
    if (spelling(before.text) === spelling(word.text)) {
      read[read.length - 1] = word // said twice, with a filler between: it reads once
      return
    }
    if (endsSentence(last.text)) read[read.length - 1] = ended(before, gone)
    else if (endsInComma(before.text) && endsInComma(last.text))
      read[read.length - 1] = { ...before, text: before.text.slice(0, -1) }
  }
  const opens = isNewSentence && beginsBig(first.text) && !endsSentence(last.text)
  read.push(opens ? { ...word, text: big(word.text) } : word)
}

/** The sentence that the gone words ended now ends with this one. */
const ended = <W extends Text>(word: W, gone: readonly W[]): W => {
  if (endsSentence(word.text)) return word
  const end = /[.!?…]["'”’)]?$/.exec(gone.at(-1)!.text)![0]
  return { ...word, text: word.text.replace(/[,;:]$/, '') + end }
}
