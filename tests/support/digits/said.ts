/** Recordings of digits for the digit model: what is said and when, and the sound. The same each time. */
import { randomNumbers } from '../../../samples/random.ts'
import { speakWords } from '../../../samples/speech.ts'

export interface SaidDigit {
  readonly text: string
  readonly startSeconds: number
  readonly endSeconds: number
}

export const digitRate = 16_000
const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const perSentence = 5

/** `sentences` of five digits each with a pause behind, one channel, full scale ±1, with a little noise throughout. */
export async function sayDigits(
  sentences: number,
  seed: number,
): Promise<{ samples: Float32Array; words: readonly SaidDigit[] }> {
  const random = randomNumbers(seed)
  const [parts, words]: [Float32Array[], SaidDigit[]] = [[new Float32Array(digitRate / 2)], []]
  let length = parts[0]!.length
  for (let said = 0; said < sentences;) {
    const text = Array.from({ length: perSentence }, () => digits[Math.floor(random() * 10)]!).join(' ')
    const sentence = await speakWords(text, 'slt', -50).catch(() => undefined) // some digits slur together
    if (!sentence) continue
    said++
    for (const { text: digit, startSeconds, endSeconds } of sentence.words)
      words.push({
        ...{ text: digit, startSeconds: length / digitRate + startSeconds },
        endSeconds: length / digitRate + endSeconds,
      })
    parts.push(sentence.samples, new Float32Array(Math.round((0.4 + 0.6 * random()) * digitRate)))
    length += parts.at(-2)!.length + parts.at(-1)!.length
  }
  const samples = new Float32Array(length)
  let at = 0
  for (const part of parts) {
    samples.set(part, at)
    at += part.length
  }
  return { samples: samples.map((sample) => sample + 0.0006 * (2 * random() - 1)), words }
}
