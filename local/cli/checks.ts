/**
 * `spool test`: types, lint, format and tests, each with its own tool. The first three run side by side, and
 * what they say comes out in one piece each; the tests run when all of them are content.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { mallocSettings } from '../host/malloc.ts'

const jest = [
  '--disable-warning=MaxListenersExceededWarning',
  // Sound lies outside the heap. Left to itself V8 marks the whole heap for every 64 MB of it, which is a
  // sixth of all the time.
  ...['--external-memory-accounted-in-global-limit', '--initial-heap-size=384'],
  'node_modules/jest/bin/jest.js',
  '--maxWorkers=2', // most tests wait for ffmpeg or PostgreSQL: one worker leaves half of two cores idle
]

/** Resolves to the exit code. With `patterns` only the matching tests run. */
export async function runChecks(root: string, patterns: readonly string[]): Promise<number> {
  if (patterns.length === 0) {
    const found = await Promise.all([
      inOnePiece(root, 'tsc', ['--project', '.']),
      inOnePiece(root, 'tsc', ['--project', 'shared/console/browser']),
      inOnePiece(root, 'eslint', ['--max-warnings', '0', '.']),
      inOnePiece(root, 'prettier', ['--check', '--log-level', 'warn', '.']),
    ])
    const bad = found.find((code) => code !== 0)
    if (bad !== undefined) return bad
  }
  // The commands that tests start are a hundred processes of the same modules.
  const compiled = { NODE_COMPILE_CACHE: path.join(root, 'node_modules', '.cache', 'node') }
  const env = { ...environment(), ...mallocSettings, ...compiled }
  const tests = spawn(process.execPath, [...jest, ...patterns], { cwd: root, stdio: 'inherit', env })
  return await codeOf(tests)
}

async function inOnePiece(root: string, tool: string, args: readonly string[]): Promise<number> {
  const program = path.join('node_modules', '.bin', tool)
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
  })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece))
  const code = await codeOf(child)
  process.stdout.write(Buffer.concat(said))
  return code
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, METADATA_SERVER_DETECTION: 'none' })

/** A tool that was killed has failed. */
async function codeOf(child: ReturnType<typeof spawn>): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}
