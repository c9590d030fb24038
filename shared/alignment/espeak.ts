/**
 * Asks espeak-ng how words are said. It is a program of its own, under a licence of its own (GPL), that runs where a
 * system has it and is no part of Spool. Hides its command line, its voices' names, where it is missing, and how it is
 * held in: it reads what strangers wrote.
 */
import { spawn } from 'node:child_process'
import { bareEnvironment, heldIn, type Limits } from '../held-in.ts'

export interface Said {
  /** The program with its version. */
  readonly version: string
  /** By line that was asked for: its phones in the International Phonetic Alphabet, with "_" between them. */
  readonly lines: readonly string[]
}

/** Its names of languages that others name otherwise, or that it has several of. */
const voices: Readonly<Record<string, string>> = {
  en: 'en-us',
  fr: 'fr-fr',
  zh: 'cmn',
  no: 'nb',
  'fr-ca': 'fr-fr',
}

/** What a voice may be called: it names a file. */
const isLanguage = (name: string): boolean => /^[a-z]{2,8}(-[a-z0-9]{1,8})*$/.test(name)

const voicesFor = (language: string): string[] => {
  const asked = language.toLowerCase()
  const names = new Set([asked, asked.split('-')[0]!])
  return [...names].filter(isLanguage).map((name) => voices[name] ?? name)
}

/** By the PATH on which it was found: each part of a recording's words asks. */
const versions = new Map<string | undefined, string>()

/** The program with its version; undefined where it is missing. */
export async function espeakVersion(): Promise<string | undefined> {
  const place = process.env['PATH']
  const known = versions.get(place)
  if (known !== undefined) return known
  const printed = await run(['--version'], '', new AbortController().signal)
  const number = /\d+(\.\d+)+/.exec(printed ?? '')?.[0]
  if (number === undefined) return undefined
  versions.set(place, `espeak-ng ${number}`)
  return versions.get(place)
}

/** How lines of text are said, in a language (BCP 47); undefined where the program is missing or knows no such voice. */
export async function espeak(
  lines: readonly string[],
  language: string,
  signal: AbortSignal,
): Promise<Said | undefined> {
  const version = await espeakVersion()
  if (version === undefined) return undefined
  const text = `${lines.join('\n')}\n`
  for (const voice of voicesFor(language)) {
    const printed = await run(['-q', '--ipa', '--sep=_', '-v', voice], text, signal)
    const said = printed?.split('\n').slice(0, -1)
    if (said?.length === lines.length) return { version, lines: said }
  }
  return undefined
}

/** A voice's speech: one channel, full scale ±1. */
export interface Speech {
  readonly samples: Float32Array
  readonly sampleRate: number
}

/** It says ten hours of text in two minutes and takes 8 MB; its sound library sets 64 MB aside, as a file, for a loudspeaker. */
const longestMs = 300_000
const limits: Limits = { megabytes: 256, seconds: longestMs / 1000, openFiles: 64, fileMegabytes: 65 }
/** The phones of a hundred thousand words are 4 MB, a sentence spoken is 10. */
const mostPrintedBytes = 64 * 1024 * 1024
const longestSentence = 2000
const headerBytes = 44

/** One sentence spoken; undefined where the program is missing or knows no such voice. */
export async function synthesise(
  text: string,
  language: string,
  signal: AbortSignal,
): Promise<Speech | undefined> {
  for (const voice of voicesFor(language)) {
    const wav = await runForBytes(['--stdout', '-v', voice], `${text.slice(0, longestSentence)}\n`, signal)
    if (!wav || wav.length <= headerBytes) continue
    const samples = new Float32Array((wav.length - headerBytes) >> 1)
    for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(headerBytes + 2 * i) / 32768
    return { samples, sampleRate: wav.readUInt32LE(24) }
  }
  return undefined
}

const run = async (
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string | undefined> => (await runForBytes(args, input, signal))?.toString('utf8')

/** What it prints; undefined where it is not there, or fails. Rejects with the signal's reason. */
async function runForBytes(
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const [command, ...rest] = heldIn(limits, ['espeak-ng', ...args])
  const child = spawn(command!, rest, {
    ...{ signal, killSignal: 'SIGKILL', cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], timeout: longestMs },
    env: { ...bareEnvironment(), LC_ALL: 'C.UTF-8' },
  })
  const parts: Buffer[] = []
  let printed = 0
  child.stdout.on('data', (part: Buffer) => {
    printed += part.length
    if (printed <= mostPrintedBytes) return void parts.push(part)
    child.kill('SIGKILL')
    child.stdout.destroy() // whoever else holds its other end stops too
  })
  child.stdin.on('error', () => undefined) // it ended before it read everything: its status tells
  child.stdin.end(input)
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  signal.throwIfAborted()
  return status === 0 ? Buffer.concat(parts) : undefined
}
