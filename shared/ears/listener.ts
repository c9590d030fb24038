/**
 * Hears with a model, in a process of its own: what ends that process (a fault in native code, or the system when memory
 * is short) fails one attempt with a message and nothing else. Hides how the process is started, asked and ended.
 */
import { fork, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { Permanent, Retryable } from '../errors.ts'
import { layoutOfModel, type InstalledModel } from './installed.ts'
import type { Layout } from './layout.ts'

/** What sherpa-onnx says of a piece of sound; times in seconds. */
export interface Result {
  readonly text: string
  readonly lang?: string
  readonly tokens?: readonly string[]
  readonly timestamps?: readonly number[]
  readonly durations?: readonly number[]
  readonly ys_log_probs?: readonly number[]
}

export type Asked =
  | { readonly ask: 'open'; readonly config: object }
  | { readonly ask: 'hear'; readonly samples: Float32Array; readonly sampleRate: number }
export type Told =
  | { readonly tell: 'ready' }
  | { readonly tell: 'heard'; readonly result: Result; readonly peakBytes: number }
  | { readonly tell: 'failed'; readonly message: string }

export interface Listener {
  /** What is said in a piece of sound, one channel. Throws Retryable `recogniser_failed`, and the signal's reason. */
  readonly hear: (samples: Float32Array, sampleRate: number) => Promise<Result>
  /** The most memory that its process has had, in bytes; 0 before it has heard anything. */
  readonly peakBytes: () => number
  readonly pid: number
  readonly close: () => void
}

const title = "The recogniser's process"
/** Enough of what native code prints before it gives up. */
const mostPrinted = 500

/**
 * Opens a model. `language`: BCP 47, where it is known; most models find out by themselves. Whoever opens it closes it.
 * Throws Permanent `bad_model`, `recogniser_missing`; Retryable `recogniser_failed`; the signal's reason.
 */
export async function openListener(
  model: Pick<InstalledModel, 'name' | 'files' | 'folder' | 'modelType'>,
  language: string | undefined,
  signal: AbortSignal,
): Promise<Listener> {
  signal.throwIfAborted()
  const config = configOf(layoutOfModel(model), model, language)
  const child = fork(new URL('listener-process.ts', import.meta.url), {
    execArgv: [],
    env: { PATH: process.env['PATH'] },
    cwd: '/',
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const end = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', end)
  const ask = asking(child, signal)
  let peakBytes = 0
  const close = () => {
    signal.removeEventListener('abort', end)
    end()
  }
  try {
    await ask({ ask: 'open', config })
  } catch (error) {
    close()
    throw error
  }
  return {
    hear: async (samples, sampleRate) => {
      const told = await ask({ ask: 'hear', samples, sampleRate })
      if (told.tell !== 'heard') throw new Error(`${title} answered "${told.tell}".`)
      peakBytes = Math.max(peakBytes, told.peakBytes)
      return told.result
    },
    peakBytes: () => peakBytes,
    pid: child.pid!,
    close,
  }
}

/** Asks one thing after the other; whatever ends the process is the answer to what was asked. */
function asking(child: ChildProcess, signal: AbortSignal): (asked: Asked) => Promise<Told> {
  let printed = ''
  let ended: Error | undefined
  let waiting: { resolve: (told: Told) => void; reject: (error: unknown) => void } | undefined
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-mostPrinted)
  })
  child.on('message', (told: Told) => {
    const asker = waiting
    waiting = undefined
    if (told.tell === 'failed') asker?.reject(failureOf(told.message))
    else asker?.resolve(told)
  })
  child.on(
    'error',
    (error) =>
      (ended ??= new Retryable('recogniser_failed', `${title} could not be started: ${error.message}`)),
  )
  child.on('close', (code, by) => {
    ended ??= endOf(code, by, printed)
    waiting?.reject(signal.aborted ? signal.reason : ended)
  })
  return (asked) =>
    new Promise((resolve, reject) => {
      if (signal.aborted || ended) {
        reject(signal.aborted ? signal.reason : ended)
        return
      }
      waiting = { resolve, reject }
      child.send(asked, (error) => {
        if (error && child.exitCode === null && child.signalCode === null) reject(error)
      })
    })
}

const failureOf = (message: string): Error =>
  new Retryable('recogniser_failed', `${title} could not hear: ${message}`)

function endOf(code: number | null, by: string | null, printed: string): Error {
  if (/Cannot find (package|module) 'sherpa-onnx|Could not find sherpa-onnx/.test(printed))
    return new Permanent('recogniser_missing')
  const said = printed.trim().split(/\s+/).join(' ')
  const how = by === null ? `ended with status ${code ?? 'unknown'}` : `was ended by ${by}`
  const memory =
    by === 'SIGKILL'
      ? ' The system does that where memory is short; `./spool doctor` says what a model takes.'
      : ''
  return new Retryable(
    'recogniser_failed',
    `${title} ${how}.${memory}${said === '' ? '' : ` It said: ${said}`}`,
  )
}

/** What sherpa-onnx is told. One thread: slices are heard side by side, and any number of threads says the same. */
function configOf(
  layout: Layout,
  { folder, modelType }: Pick<InstalledModel, 'folder' | 'modelType'>,
  language: string | undefined,
): object {
  const at = (file: string) => path.join(folder, file)
  const { files } = layout
  const common = { tokens: at(files.tokens), numThreads: 1, provider: 'cpu', debug: 0, modelType }
  return {
    featConfig: { sampleRate: 16_000, featureDim: 80 },
    modelConfig: { ...common, ...partsOf(layout, at, language) },
  }
}

function partsOf(layout: Layout, at: (file: string) => string, language: string | undefined): object {
  switch (layout.kind) {
    case 'transducer': {
      const { encoder, decoder, joiner } = layout.files
      return { transducer: { encoder: at(encoder), decoder: at(decoder), joiner: at(joiner) } }
    }
    case 'whisper': {
      const { encoder, decoder } = layout.files
      const spoken = language === undefined ? {} : { language: language.split('-')[0] }
      return { whisper: { encoder: at(encoder), decoder: at(decoder), task: 'transcribe', ...spoken } }
    }
    case 'nemo-ctc':
      return { nemoCtc: { model: at(layout.files.model) } }
  }
}
