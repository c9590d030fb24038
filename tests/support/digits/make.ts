/**
 * Makes the digit model: `node tests/support/digits/make.ts` (ten minutes). Flite's voices say digits, a small network
 * learns which frame belongs to which, and model and tokens are written beside this file. The same each time.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { randomNumbers } from '../../../samples/random.ts'
import { speakWords } from '../../../samples/speech.ts'
import { voices, type Voice } from '../../../shared/providers/flite.ts'
import { bands, logMels, modelRate } from './log-mels.ts'
import { layersOf, learner, type Shape } from './network.ts'
import { onnxOf } from './onnx.ts'

/** By digit its tokens; those that begin a word begin with "▁", as in SentencePiece's models. */
const tokensOf: Readonly<Record<string, readonly string[]>> = {
  zero: ['▁ze', 'ro'],
  ...{ one: ['▁one'], two: ['▁two'], three: ['▁three'], four: ['▁four'], five: ['▁five'], six: ['▁six'] },
  seven: ['▁se', 'ven'],
  ...{ eight: ['▁eight'], nine: ['▁nine'] },
}
const digits = Object.keys(tokensOf)
const tokens = [...Object.values(tokensOf).flat(), '<blk>']
const blank = tokens.length - 1

const shapes: readonly Shape[] = [
  { inputs: bands, outputs: 24, width: 5, stride: 2 },
  { inputs: 24, outputs: 32, width: 5, stride: 2 },
  { inputs: 32, outputs: 40, width: 7, stride: 1 },
  { inputs: 40, outputs: tokens.length, width: 1, stride: 1 },
]
const subsampling = 4
const rowSeconds = subsampling * 0.01

interface Utterance {
  readonly samples: Float32Array
  readonly words: readonly {
    readonly text: string
    readonly startSeconds: number
    readonly endSeconds: number
  }[]
}

const random = randomNumbers(20)
const among = <T>(things: readonly T[]): T => things[Math.floor(random() * things.length)]!
const between = (low: number, high: number): number => low + random() * (high - low)

async function say(voice: Voice): Promise<Utterance> {
  const said = Array.from({ length: 5 }, () => among(digits) + (random() < 0.3 ? ',' : ''))
  const { samples, sampleRate, words } = await speakWords(said.join(' '), voice, -50)
  if (sampleRate !== modelRate) throw new Error(`Flite spoke at ${sampleRate} Hz.`)
  return { samples, words }
}

/** As another speaker in another room would say it: faster or slower, with silence around it, louder, noisier. */
function varied({ samples, words }: Utterance): Utterance {
  const speed = between(0.88, 1.14)
  const [before, after] = [Math.round(between(0, 1) * modelRate), Math.round(between(0, 1) * modelRate)]
  const [gain, noise] = [10 ** (between(-18, 6) / 20), 10 ** (between(-80, -42) / 20)]
  const length = Math.floor(samples.length / speed)
  const made = Float32Array.from({ length: before + length + after }, () => noise * (2 * random() - 1))
  for (let i = 0; i < length; i++) {
    const at = i * speed
    const [whole, part] = [Math.floor(at), at % 1]
    made[before + i]! += gain * ((1 - part) * samples[whole]! + part * (samples[whole + 1] ?? 0))
  }
  const moved = (seconds: number) => before / modelRate + seconds / speed
  return {
    samples: made,
    words: words.map(({ text, startSeconds, endSeconds }) => ({
      ...{ text, startSeconds: moved(startSeconds), endSeconds: moved(endSeconds) },
    })),
  }
}

/** A token is said from the beginning of its share of the word until shortly before the next one. */
function classesOf({ words }: Utterance, rows: number): Uint8Array {
  const classes = new Uint8Array(rows).fill(blank)
  for (const { text, startSeconds, endSeconds } of words) {
    const own = tokensOf[text.replace(',', '')]!
    const share = (endSeconds - startSeconds) / own.length
    own.forEach((token, i) => {
      const [from, to] = [startSeconds + (i + 0.1) * share, startSeconds + (i + 0.6) * share]
      classes.fill(tokens.indexOf(token), Math.round(from / rowSeconds), Math.ceil(to / rowSeconds))
    })
  }
  return classes
}

const layers = layersOf(shapes, random)
const learn = learner(layers)
const said: Utterance[] = []
for (let i = 0; said.length < 160; i++) {
  const utterance = await say(voices[i % voices.length]!).catch(() => undefined) // some runs of digits slur together
  if (utterance) said.push(utterance)
}
const lessons = 5000
for (let lesson = 0; lesson < lessons; lesson++) {
  const utterance = varied(among(said))
  const rows = logMels(utterance.samples)
  const made = Math.ceil(Math.ceil(rows.length / bands / 2) / 2)
  learn(rows, classesOf(utterance, made), 0.003 * (1 - lesson / lessons))
}
const here = (file: string) => path.join(import.meta.dirname, file)
await writeFile(
  here('model.onnx'),
  onnxOf(layers, {
    model_type: 'EncDecCTCModelBPE',
    vocab_size: String(blank),
    subsampling_factor: String(subsampling),
    normalize_type: 'per_feature',
  }),
)
await writeFile(here('tokens.txt'), tokens.map((token, i) => `${token} ${i}\n`).join(''))
