/**
 * Runs ffmpeg and ffprobe as child processes over pipes, held in. Hides spawning, back-pressure, cancellation and what
 * their error messages mean.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Retryable } from '../errors.ts'
import { bareEnvironment, heldIn, notFoundStatus, type Limits } from '../held-in.ts'

export interface RunningFfmpeg {
  readonly stdout: AsyncIterable<Buffer>
  /** Resolves when the process ended well; rejects with what it complained of. */
  readonly ended: Promise<void>
}

/** Bytes from an asynchronous or a synchronous source. */
export type Pieces = AsyncIterable<Buffer> | Iterable<Buffer>

/** A graph of ours is light: one thread of its own is as fast as one for each core. */
const alone = ['-filter_threads', '1', '-filter_complex_threads', '1']
const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error', ...alone]
const talkative = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+verbose', ...alone]
/** Long enough for the reason, short enough for a row. */
const keptComplaint = 2000
/** Of what ffprobe says of a file: a recording with a thousand chapters needs half a megabyte. */
const mostPrintedBytes = 16 * 1024 * 1024

/**
 * Its address space holds libraries of 200 MB that are hardly ever touched; decoding takes less than 300 MB of it,
 * whatever the format. With its worst a function of 1 GiB stays alive. Ten hours of sound are decoded in five hundred
 * seconds. It ends by itself where whoever started it was killed.
 */
const limits: Limits = { megabytes: 768, seconds: 3600, openFiles: 64, fileMegabytes: 0 }

/** Starts ffmpeg; `input`, if any, is fed to its standard input. Killed when the signal aborts. */
export function ffmpeg(args: readonly string[], signal: AbortSignal, input?: Pieces): RunningFfmpeg {
  return start('ffmpeg', [...quiet, ...args], signal, input)
}

/** As `ffmpeg`, and hands every line of its log to `onLine`. */
export function ffmpegWithLog(
  args: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void,
): RunningFfmpeg {
  return start('ffmpeg', [...talkative, ...args], signal, undefined, onLine)
}

/** Runs ffmpeg to its end and returns all that it wrote. */
export async function ffmpegOutput(
  args: readonly string[],
  signal: AbortSignal,
  input?: Pieces,
): Promise<Buffer> {
  const { stdout, ended } = ffmpeg(args, signal, input)
  const [bytes] = await Promise.all([collect(stdout), ended])
  return bytes
}

/** Of a log only the complaint at its end is wanted. */
const ignored = (): void => undefined

/** Runs ffprobe and returns what it printed. Throws FfmpegError when that is without end. */
export async function ffprobe(args: readonly string[], signal: AbortSignal): Promise<string> {
  const enough = new AbortController()
  const probe = start(
    'ffprobe',
    ['-hide_banner', '-loglevel', 'level+warning', ...args],
    AbortSignal.any([signal, enough.signal]),
    undefined,
    ignored,
  )
  const printed = collect(
    atMost(mostPrintedBytes, probe.stdout, () => enough.abort(new FfmpegError(endless))),
  )
  const [text] = await Promise.all([printed, probe.ended])
  return text.toString('utf8')
}

async function* atMost(
  most: number,
  source: AsyncIterable<Buffer>,
  more: () => void,
): AsyncGenerator<Buffer> {
  let left = most
  for await (const piece of source) {
    left -= piece.length
    if (left < 0) {
      more()
      return
    }
    yield piece
  }
}

/** What is said of a file whose tags, tracks and chapters are too many to be printed. */
export const endless = 'It has no end of tags, tracks or chapters'

let version: Promise<string> | undefined

/**
 * Which ffmpeg runs here; asked once for the life of the process. Throws `ffmpeg_missing` where there is none, and
 * where it cannot make MP3.
 */
export async function ffmpegVersion(): Promise<string> {
  version ??= askVersion()
  try {
    return await version
  } catch (error) {
    version = undefined
    throw error
  }
}

async function askVersion(): Promise<string> {
  const asked = start('ffmpeg', ['-version'], new AbortController().signal)
  const [bytes] = await Promise.all([collect(asked.stdout), asked.ended])
  const text = bytes.toString('utf8')
  if (!text.includes('--enable-libmp3lame'))
    throw new Retryable('ffmpeg_missing', 'The ffmpeg where the work runs was built without libmp3lame.')
  return /^ffmpeg version \S+/.exec(text)?.[0] ?? 'ffmpeg'
}

export async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

function start(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  input?: Pieces,
  onLine?: (line: string) => void,
): RunningFfmpeg {
  signal.throwIfAborted()
  const [command, ...rest] = heldIn(limits, [program, ...args])
  const child = spawn(command!, rest, { signal, killSignal: 'SIGKILL', env: bareEnvironment(), cwd: '/' })
  const fed = input ? feed(child, input) : Promise.resolve(child.stdin.destroy())
  const complaint = onLine ? complaintInLog(child.stderr, onLine) : firstWords(child.stderr)
  const ended = Promise.all([outcome(program, child, signal, complaint), fed]).then(() => undefined)
  ended.catch(() => undefined) // the caller sees it; unseen until then it must not end the process
  return { stdout: child.stdout, ended }
}

/** A child that ends before it read everything closes the pipe: its exit status tells why, not the pipe. */
async function feed(child: ChildProcessWithoutNullStreams, input: Pieces): Promise<void> {
  try {
    await pipeline(input, child.stdin)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      child.kill('SIGKILL')
      throw error
    }
  }
}

/** What was printed, as far as it is kept. */
function firstWords(stderr: Readable): () => string {
  let words = ''
  stderr.on('data', (text: Buffer) => (words = (words + text.toString()).slice(0, keptComplaint)))
  return () => words
}

/** The log's errors alone, as far as they are kept; each line goes to `onLine`. */
function complaintInLog(stderr: Readable, onLine: (line: string) => void): () => string {
  let errors = ''
  createInterface(stderr).on('line', (line) => {
    if (/\[(?:error|fatal|panic)\]|not implemented/.test(line))
      errors = `${errors}${line}\n`.slice(0, keptComplaint)
    onLine(line.slice(0, keptComplaint))
  })
  return () => errors
}

function outcome(
  program: string,
  child: ChildProcessWithoutNullStreams,
  signal: AbortSignal,
  complaint: () => string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason as Error)
      else reject(error.code === 'ENOENT' ? missing(program) : error)
    })
    child.on('close', (status, killedBy) => {
      if (status === 0) resolve()
      else if (signal.aborted) reject(signal.reason as Error)
      else if (status === notFoundStatus) reject(missing(program))
      else if (killedBy) reject(new Retryable('ffmpeg_failed', `${program} was killed by ${killedBy}.`))
      else reject(new FfmpegError(complaint().trim() || `${program} ended with status ${status}`))
    })
  })
}

const missing = (program: string): Retryable =>
  new Retryable(
    'ffmpeg_missing',
    `${program} is not installed where the work runs. Install ffmpeg and retry.`,
  )

/** ffmpeg failed; the message is what it printed. The caller knows what it means for the producer. */
export class FfmpegError extends Retryable {
  constructor(complaint: string) {
    super('ffmpeg_failed', complaint)
  }
}
