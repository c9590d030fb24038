/**
 * Plays schedules side by side, each lane in a process with a PostgreSQL of its own: the simulated clock is a process's,
 * and one lane waits for its database most of the time. Which schedules there are does not depend on how many lanes.
 */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { undoing } from '../undoing.ts'
import { onCore } from './cores.ts'
import type { Simulated } from './simulate.ts'

const main = path.join(import.meta.dirname, 'main.ts')
const mostOutput = 64 * 1024 * 1024
/** MiB: nearly all that a schedule makes is garbage before it is old. */
const roomForTheYoung = '--max-semi-space-size=32'

export interface LanesOptions {
  /** Of the first schedule; each further one has the next. */
  readonly seed: number
  readonly schedules: number
  readonly lanes?: number
  /** Arguments of main.ts besides. */
  readonly further?: readonly string[]
}

export async function simulateInLanes(options: LanesOptions): Promise<Simulated> {
  const { seed, schedules, lanes = availableParallelism(), further = [] } = options
  const each = Math.ceil(schedules / lanes)
  const firsts = Array.from({ length: Math.ceil(schedules / each) }, (_, lane) => lane * each)
  const since = performance.now()
  const parts = await Promise.all(
    firsts.map((first, lane) =>
      playLane(lane, { seed: seed + first, schedules: Math.min(each, schedules - first), further }),
    ),
  )
  return {
    schedules: parts.reduce((sum, part) => sum + part.schedules, 0),
    failed: parts.flatMap(({ failed }) => failed),
    missingGuards: [...new Set(parts.flatMap(({ missingGuards }) => missingGuards))],
    seconds: (performance.now() - since) / 1000,
  }
}

async function playLane(
  lane: number,
  { seed, schedules, further }: Required<Omit<LanesOptions, 'lanes'>>,
): Promise<Simulated> {
  const own = ['--seed', String(seed), '--schedules', String(schedules), '--lanes', '1', '--json']
  const node = [process.execPath, ...process.execArgv, roomForTheYoung, main, ...own, ...further]
  const [program, ...args] = [...onCore(lane), ...node] as [string, ...string[]]
  const playing = promisify(execFile)(program, args, { maxBuffer: mostOutput })
  const end = (): Promise<unknown> => {
    playing.child.kill('SIGINT')
    return playing.catch(() => undefined)
  }
  const found = await undoing(end, () => playing.catch(outputOfFailed))
  return JSON.parse(found.stdout) as Simulated
}

/** A lane in which a schedule failed ends with 1, and has said all the same what it saw. */
function outputOfFailed(error: unknown): { readonly stdout: string } {
  const { code, stdout } = error as { readonly code?: unknown; readonly stdout?: string }
  if (code !== 1 || !stdout) throw error
  return { stdout }
}
