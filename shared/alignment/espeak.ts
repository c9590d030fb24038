/**
 * Asks espeak-ng how words are said. It is a program of its own, under a licence of its own (GPL), that runs where a
 * system has it, or somebody has installed it beside Spool from npm, and is no part of Spool. Hides which it is, its command
 * line, its voices' names, where it is missing, and how it is held in: it reads what strangers wrote.
 */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
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

interface Program {
  /** Its name with its version. */
  readonly version: string
  /** What stands before its arguments. */
  readonly command: readonly string[]
  readonly limits: Limits
}

/** By the PATH on which it was found: each part of a recording's words asks. */
const programs = new Map<string | undefined, Program>()

/** The system's, else npm's package; undefined where both are missing. */
async function findProgram(): Promise<Program | undefined> {
  const place = process.env['PATH']
  const known = programs.get(place)
  if (known) return known
  const found = (await ofSystem()) ?? (await ofPackage())
  if (found) programs.set(place, found)
  return found
}

async function ofSystem(): Promise<Program | undefined> {
  const program = { command: ['espeak-ng'], limits }
  const printed = await run(program, ['--version'], '', new AbortController().signal)
  const number = /\d+(\.\d+)+/.exec(printed ?? '')?.[0]
  return number === undefined ? undefined : { ...program, version: `espeak-ng ${number}` }
}

/** What is to be installed beside Spool; never a dependency of it, never bundled. */
export const espeakPackage = '@echogarden/espeak-ng-emscripten'

async function ofPackage(): Promise<Program | undefined> {
  try {
    const main = createRequire(import.meta.url).resolve(espeakPackage)
    const folder = path.dirname(main)
    const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
      version: string
    }
    const runner = fileURLToPath(new URL('espeak-runner.ts', import.meta.url))
    const mayRead = [folder, path.dirname(runner)].map((each) => `--allow-fs-read=${each}`)
    return {
      version: `espeak-ng-emscripten ${version}`,
      command: [process.execPath, ...nodeOptions, ...mayRead, runner, main],
      limits: { ...limits, megabytes: nodeMegabytes },
    }
  } catch {
    return undefined
  }
}

/** The program with its version; undefined where it is missing. */
export const espeakVersion = async (): Promise<string | undefined> => (await findProgram())?.version

/** How lines of text are said, in a language (BCP 47); undefined where the program is missing or knows no such voice. */
export async function espeak(
  lines: readonly string[],
  language: string,
  signal: AbortSignal,
): Promise<Said | undefined> {
  const program = await findProgram()
  if (!program) return undefined
  const { version } = program
  const text = `${lines.join('\n')}\n`
  for (const voice of voicesFor(language)) {
    const printed = await run(program, ['-q', '--ipa', '--sep=_', '-v', voice], text, signal)
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
/** It may read its own files, and do nothing else; Node sets far more addresses aside than it uses (110 MB). */
const nodeOptions = ['--permission', '--disable-wasm-trap-handler', '--no-warnings']
const nodeMegabytes = 2048
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
  const program = await findProgram()
  if (!program) return undefined
  for (const voice of voicesFor(language)) {
    const wav = await runForBytes(
      program,
      ['--stdout', '-v', voice],
      `${text.slice(0, longestSentence)}\n`,
      signal,
    )
    if (!wav || wav.length <= headerBytes) continue
    const samples = new Float32Array((wav.length - headerBytes) >> 1)
    for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(headerBytes + 2 * i) / 32768
    return { samples, sampleRate: wav.readUInt32LE(24) }
  }
  return undefined
}

const run = async (
  program: Omit<Program, 'version'>,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string | undefined> => (await runForBytes(program, args, input, signal))?.toString('utf8')

/** What it prints; undefined where it is not there, or fails. Rejects with the signal's reason. */
async function runForBytes(
  { command: before, limits: own }: Omit<Program, 'version'>,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const [command, ...rest] = heldIn(own, [...before, ...args])
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
