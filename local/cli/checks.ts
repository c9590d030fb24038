/** `spool test`: types, lint, format and tests, each with its own tool, one after the other; the first that fails ends it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const jest = [
  ...[
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=MaxListenersExceededWarning',
  ],
  'node_modules/jest/bin/jest.js',
  '--maxWorkers=2', // most tests wait for ffmpeg or PostgreSQL: one worker leaves half of two cores idle
]

/** Resolves to the exit code. With `patterns` only the matching tests run. */
export async function runChecks(root: string, patterns: readonly string[]): Promise<number> {
  const tests = [process.execPath, ...jest, ...patterns]
  const checks =
    patterns.length > 0
      ? [tests]
      : [
          [tool('tsc'), '--project', '.'],
          [tool('eslint'), '--max-warnings', '0', '.'],
          [tool('prettier'), '--check', '--log-level', 'warn', '.'],
          tests,
        ]
  for (const [program, ...args] of checks) {
    const child = spawn(program!, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
    })
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) return code ?? 1
  }
  return 0
}

const tool = (name: string): string => path.join('node_modules', '.bin', name)
