/**
 * How many words were heard wrongly: substitutions, words left out and words too many, by the shortest way from what was said
 * to what was heard (Levenshtein, over words). Hides what counts as the same word: case and punctuation do not matter.
 */
export interface WordErrors {
  /** Words that were said. */
  readonly said: number
  readonly errors: number
}

/** Of two texts. */
export function wordErrors(said: string, heard: string): WordErrors {
  const [a, b] = [plainWords(said), plainWords(heard)]
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, word] of a.entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (word === b[j - 1] ? 0 : 1)))
    row = next
  }
  return { said: a.length, errors: row.at(-1)! }
}

const plainWords = (text: string): string[] =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[’]/g, "'")
    .replaceAll(/[^\p{L}\p{N}\p{M}'\s-]/gu, ' ')
    .split(/[\s-]+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
