/**
 * Measures how a deployed function starts: what loading its bundle takes, the memory before the first request, and when
 * the first answer is there.
 */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { memoryOf, type DeployedFunction, type Instance } from './instances.ts'
import { host } from './ports.ts'

export interface ColdStart {
  readonly name: string
  readonly bundleBytes: number
  /** In a process that has loaded the framework: what is ours. The median of a few. */
  readonly importMs: number
  /** Resident before the first request, in MiB: Node, the framework and the bundle. */
  readonly importMb: number
  /** From the start of the process to the answer of the health probe. */
  readonly firstAnswerMs: number
}

/** What every function should keep to. */
export const bars = { importMs: 150, importMb: 80 } as const

const imports = 3

/** Of an instance that has just been started and has not been called. */
export async function measureColdStart(
  deployed: DeployedFunction,
  start: () => Promise<Instance>,
  bundleBytes: number,
): Promise<ColdStart> {
  const instance = await start()
  const importMb = memoryOf(instance.pid, 'VmRSS')
  await healthOf(deployed, instance)
  const firstAnswerMs = performance.now() - instance.startedAt
  const times: number[] = []
  for (let i = 0; i < imports; i++) times.push(await importTime(deployed))
  const importMs = times.sort((a, b) => a - b)[Math.floor(imports / 2)]!
  return { name: deployed.name, bundleBytes, importMs, importMb, firstAnswerMs }
}

/** Throws what the probe says when the function could not work. */
async function healthOf({ name }: DeployedFunction, { port }: Instance): Promise<void> {
  const answer = await fetch(`http://${host}:${port}/health`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${name} is not healthy: ${text}`)
}

const program = `
const { createRequire } = require('node:module')
createRequire(process.argv[1])('@google-cloud/functions-framework/testing')
const before = performance.now()
import(process.argv[1]).then(() => console.log(performance.now() - before))`

async function importTime({ name, folder, nodeOptions }: DeployedFunction): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', program, path.join(folder, 'index.mjs')],
    { env: { FUNCTION_TARGET: name, NODE_OPTIONS: nodeOptions, LOG_LEVEL: 'silent' } },
  )
  return Number(stdout)
}

/** A line for each function; `more` adds a cell. */
export function coldStartTable(functions: readonly ColdStart[], more?: (name: string) => string): string {
  const line = (...cells: string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(14) : cell.padStart(14))).join('')
  return [
    line('', 'bundle', 'import', 'before a call', 'first answer', ...(more ? ['at most'] : [])),
    ...functions.map(({ name, bundleBytes, importMs, importMb, firstAnswerMs }) =>
      line(
        name,
        `${(bundleBytes / 1024).toFixed(0)} KB`,
        `${importMs.toFixed(0)} ms`,
        `${importMb.toFixed(0)} MB`,
        `${firstAnswerMs.toFixed(0)} ms`,
        ...(more ? [more(name)] : []),
      ),
    ),
  ].join('\n')
}
