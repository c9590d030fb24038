/**
 * `spool bench --ears FOLDER`: how well the installed models hear, on recordings whose words are known (NAME.wav with
 * NAME.txt beside it), in the pieces and the process in which an episode is heard. Prints word errors, speed and memory of
 * each model, and beside them what its makers have published, where a source of their own says it.
 */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { modelsFolder } from '../local/host/models-folder.ts'
import { listenTo } from '../shared/alignment/listen.ts'
import { analyser, type Analysis } from '../shared/audio/analysis.ts'
import { ffmpeg } from '../shared/audio/ffmpeg.ts'
import { hearSpan } from '../shared/ears/hear.ts'
import { installedModels, type InstalledModel } from '../shared/ears/installed.ts'
import { openListener } from '../shared/ears/listener.ts'
import { Permanent } from '../shared/errors.ts'
import { wordErrors } from './word-errors.ts'

const format = { sampleRate: 16_000, channels: 1, sampleFormat: 's16le' } as const

/**
 * Word errors that a model's makers publish, in percent. Of the others no figure was found in a source of their makers' that
 * could be read where this was written.
 */
const published: Readonly<
  Record<string, { readonly of: string; readonly percent: number; readonly source: string }>
> = {
  'parakeet-v2': {
    of: 'Open ASR Leaderboard, mean of its sets, 2025-04-15',
    percent: 6.05,
    source:
      'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v2/blob/main/.eval_results/open_asr_leaderboard.yaml',
  },
}

interface Sample {
  readonly name: string
  readonly text: string
  readonly pcm: Buffer
  readonly analysis: Analysis
}

interface Row {
  readonly model: string
  readonly seconds: number
  readonly said: number
  readonly errors: number
  readonly hearSeconds: number
  readonly megabytes: number
}

/** Throws Permanent `model_missing`, `not_found`. */
export async function benchEars(folder: string, signal: AbortSignal): Promise<void> {
  const models = await installedModels(modelsFolder(process.env))
  if (models.length === 0)
    throw new Permanent(
      'model_missing',
      'No model is installed to be measured. Install one: spool ears install',
    )
  const samples = await readSamples(folder, signal)
  for (const model of models) process.stdout.write(describe(await measure(model, samples, signal)))
}

async function readSamples(folder: string, signal: AbortSignal): Promise<Sample[]> {
  const files = await readdir(folder)
  const names = files
    .filter((file) => file.endsWith('.wav') && files.includes(file.replace(/\.wav$/, '.txt')))
    .sort()
  if (names.length === 0)
    throw new Permanent(
      'not_found',
      `${folder} has no recording NAME.wav with its words in NAME.txt beside it.`,
    )
  const samples: Sample[] = []
  for (const name of names) samples.push(await readSample(folder, name, signal))
  return samples
}

async function readSample(folder: string, name: string, signal: AbortSignal): Promise<Sample> {
  const file = path.resolve(folder, name)
  const { stdout, ended } = ffmpeg(
    ['-i', `file:${file}`, '-vn', '-ac', '1', '-ar', `${format.sampleRate}`, '-f', 's16le', '-'],
    signal,
  )
  const parts: Buffer[] = []
  for await (const part of stdout) parts.push(part)
  await ended
  const pcm = Buffer.concat(parts)
  const gather = analyser(format)
  for (let at = 0; at < pcm.length; at += gather.blockBytes)
    gather.add(pcm.subarray(at, at + gather.blockBytes))
  const text = await readFile(file.replace(/\.wav$/, '.txt'), 'utf8')
  return { name, text, pcm, analysis: gather.finish() }
}

async function measure(model: InstalledModel, samples: readonly Sample[], signal: AbortSignal): Promise<Row> {
  const listener = await openListener(model, undefined, signal)
  try {
    const startedAt = performance.now()
    const sums = { seconds: 0, said: 0, errors: 0 }
    for (const { pcm, text, analysis } of samples) {
      const span = { startSample: 0, endSample: analysis.totalSamples }
      const read = (_: object, range?: { start: number; end: number }) =>
        Promise.resolve(pcm.subarray(range?.start, range?.end))
      const listen = listenTo({ read }, { bucket: '', name: '' }, format)
      const { words } = await hearSpan(analysis, span, listen, listener, () => undefined)
      const { said, errors } = wordErrors(text, words.map((word) => word.text).join(' '))
      sums.seconds += analysis.totalSamples / format.sampleRate
      sums.said += said
      sums.errors += errors
    }
    const hearSeconds = (performance.now() - startedAt) / 1000
    return { model: model.name, ...sums, hearSeconds, megabytes: listener.peakBytes() / 1e6 }
  } finally {
    listener.close()
  }
}

function describe({ model, seconds, said, errors, hearSeconds, megabytes }: Row): string {
  const own = published[model]
  return (
    `${model.padEnd(16)} ${((100 * errors) / Math.max(1, said)).toFixed(2)} % of ${said} words wrong, ` +
    `${(seconds / hearSeconds).toFixed(1)} × real time on one core, ${Math.ceil(megabytes)} MB\n` +
    (own
      ? `${''.padEnd(16)} published: ${own.percent} % (${own.of}; ${own.source})\n`
      : `${''.padEnd(16)} published: no figure of its makers' was found\n`)
  )
}
