/**
 * Makes the sample episode: `node samples/make.ts`. Nothing is downloaded, and two runs give the same bytes.
 * Hides how each file is encoded; the sounds themselves are made in recording.ts and music.ts.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { episodeSchema } from '../shared/settings/episode.ts'
import { podcastSchema } from '../shared/settings/podcast.ts'
import { templateSchema } from '../shared/settings/settings.ts'
import { intro, musicRate, outro, playMusic } from './music.ts'
import { record, recordingRate } from './recording.ts'

/** Beside each document, so that an editor completes and checks it. */
const schemas = { template: templateSchema(), podcast: podcastSchema(), episode: episodeSchema() }

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function makeSample(): Promise<void> {
  const { samples, words } = await record()
  await writeFlac('conversation.flac', [samples], recordingRate)
  await writeFile(pathOf('conversation.words.json'), wordsFile(words))
  const music = playMusic()
  await writeFlac('music.flac', music, musicRate)
  await writeFlac('intro.flac', intro(music), musicRate)
  await writeFlac('outro.flac', outro(music), musicRate)
  await drawCover()
  for (const [document, schema] of Object.entries(schemas))
    await writeFile(pathOf(`${document}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`)
}

/** One word a line, so that a change can be read. */
const wordsFile = (words: readonly object[]): string =>
  `{"version":1,"language":"en","words":[\n${words.map((word) => JSON.stringify(word)).join(',\n')}\n]}\n`

async function writeFlac(name: string, planes: readonly Float32Array[], sampleRate: number): Promise<void> {
  const raw = ['-f', 's16le', '-ar', `${sampleRate}`, '-ac', `${planes.length}`, '-i', 'pipe:0']
  const reproducible = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:a', '+bitexact']
  const flac = ['-c:a', 'flac', '-compression_level', '8', '-f', 'flac', '-y', pathOf(name)]
  const encoder = spawn('ffmpeg', ['-loglevel', 'error', ...raw, ...reproducible, ...flac], {
    stdio: ['pipe', 'inherit', 'inherit'],
    timeout: 60_000,
  })
  await Promise.all([pipeline(inSeconds(planes, sampleRate), encoder.stdin), once(encoder, 'close')])
  if (encoder.exitCode !== 0) throw new Error(`ffmpeg could not write ${name}.`)
}

/** 16-bit interleaved, a second at a time. */
// eslint-disable-next-line @typescript-eslint/require-await -- a byte stream is asynchronous
async function* inSeconds(planes: readonly Float32Array[], sampleRate: number): AsyncGenerator<Buffer> {
  const length = planes[0]!.length
  for (let first = 0; first < length; first += sampleRate) {
    const frames = Math.min(sampleRate, length - first)
    const samples = new Int16Array(frames * planes.length)
    planes.forEach((plane, channel) => {
      for (let i = 0; i < frames; i++)
        samples[i * planes.length + channel] = Math.round(plane[first + i]! * 32767)
    })
    yield Buffer.from(samples.buffer)
  }
}

async function drawCover(): Promise<void> {
  const side = 1500
  const drawing = await readFile(pathOf('cover.svg'))
  await sharp(drawing)
    .resize(side, side)
    .png({ compressionLevel: 9, palette: true, colours: 128 })
    .toFile(pathOf('cover.png'))
}

await makeSample()
