/**
 * Bugs that are planted on purpose, one at a time, in a copy of the sources: the simulation must notice each. Hides where
 * the copy is, and how a bug is put into it and taken out.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { undoing } from '../undoing.ts'
import { withServer } from '../simulation/server.ts'
import { simulate, type Simulated } from '../simulation/simulate.ts'
import type { PlantedBug } from './bug.ts'
import { claimBugs } from './claims.ts'
import { engineBugs } from './engine.ts'
import { listenerBugs } from './listeners.ts'
import { guardBugs, matrixBugs } from './outside.ts'
import { runBugs } from './runs.ts'

/** All of them, those for the matrix of real processes among them. */
export const plantedBugs: readonly PlantedBug[] = [
  ...engineBugs,
  ...claimBugs,
  ...runBugs,
  ...listenerBugs,
  ...guardBugs,
  ...matrixBugs,
]

/** Those that the simulation must notice, which is quicker than the matrix. */
export const simulatedBugs = plantedBugs.filter(({ caughtBy }) => typeof caughtBy === 'string')

export interface Hunted {
  readonly bug: PlantedBug
  readonly isCaught: boolean
  /** Until it was noticed, or given up. */
  readonly schedules: number
  readonly complaint: string | undefined
}

export interface Hunt {
  readonly total: number
  readonly caught: number
  readonly escaped: readonly string[]
}

export interface HuntOptions {
  readonly seed: number
  readonly bugs?: readonly PlantedBug[]
  /** For each bug. */
  readonly schedules?: number
  /** A PostgreSQL to use; one of its own when not given. */
  readonly serverUrl?: string
  readonly onHunted?: (hunted: Hunted) => void
}

const root = path.join(import.meta.dirname, '../..')
const copied = ['shared', 'functions', 'migrations', 'local', 'deploy', 'faults', 'samples', 'package.json']
const manySchedules = 3000
const longestMs = 900_000
/** Of the matrix, for a bug that it must notice. */
const casesForBug = 300

/**
 * Plants each bug and plays schedules until one fails. Throws when a bug cannot be planted, when nothing runs with it, and
 * when what fails with it fails without it too.
 */
export async function hunt(options: HuntOptions): Promise<Hunt> {
  const { bugs = simulatedBugs, serverUrl, onHunted = () => undefined } = options
  const huntOn = async (url: string): Promise<Hunted[]> => {
    const hunted: Hunted[] = []
    await inACopy(async (dir) => {
      for (const bug of bugs) {
        const found = await withBug(bug, dir, () => huntOne(bug, dir, url, options))
        onHunted(found)
        hunted.push(found)
      }
    })
    return hunted
  }
  const hunted = await (serverUrl === undefined ? withServer(huntOn) : huntOn(serverUrl))
  const escaped = hunted.filter(({ isCaught }) => !isCaught).map(({ bug }) => bug.name)
  return { total: hunted.length, caught: hunted.length - escaped.length, escaped }
}

async function inACopy(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-planted-'))
  const remove = () => rm(dir, { recursive: true, force: true })
  await undoing(remove, async () => {
    for (const name of copied) await cp(path.join(root, name), path.join(dir, name), { recursive: true })
    await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
    await use(dir)
  })
}

async function withBug<T>(bug: PlantedBug, dir: string, use: () => Promise<T>): Promise<T> {
  const file = path.join(dir, bug.file)
  const source = await readFile(file, 'utf8')
  await writeFile(file, planted(bug, source))
  try {
    return await use()
  } finally {
    await writeFile(file, source)
  }
}

/** The source with the bug. Throws when its place is not there once. */
export function planted({ name, file, find, replace }: PlantedBug, source: string): string {
  const places = source.split(find).length - 1
  if (places !== 1)
    throw new Error(`"${name}" cannot be planted: its place occurs ${places} times in ${file}.`)
  return source.replace(find, () => replace)
}

async function huntOne(
  bug: PlantedBug,
  dir: string,
  serverUrl: string,
  { seed, schedules = manySchedules }: HuntOptions,
): Promise<Hunted> {
  const { caughtBy } = bug
  const byMatrix = typeof caughtBy === 'object'
  const only = byMatrix || caughtBy === 'guards' ? {} : { only: caughtBy }
  const given = {
    seed,
    schedules: caughtBy === 'guards' ? 0 : schedules,
    server: serverUrl,
    shrink: 0,
    budget: (0.9 * longestMs) / 1000, // a slow machine says how far it came
    ...only,
  }
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)])
  const program = byMatrix
    ? [
        'faults/matrix-main.ts',
        '--seed',
        String(seed),
        '--sample',
        String(casesForBug),
        '--of',
        caughtBy.matrix,
      ]
    : ['faults/simulation/main.ts', '--json', ...args]
  const child = spawn(process.execPath, program, {
    cwd: dir,
    env: { ...process.env, LOG_LEVEL: 'silent', METADATA_SERVER_DETECTION: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestMs,
  })
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const end = async () => {
    child.kill()
    await ended
  }
  const [output, trouble] = await undoing(end, () => ended)
  if (output === '') throw new Error(`Nothing runs with "${bug.name}": ${trouble.slice(-2000)}`)
  const found = JSON.parse(output) as Simulated
  const [failure] = found.failed
  if (failure && !byMatrix) {
    const sound = await simulate({ seed: failure.seed, schedules: 1, shrinkMs: 0, serverUrl, ...only })
    if (sound.failed.length > 0) throw new Error(`Seed ${failure.seed} fails without "${bug.name}" too.`)
  }
  const complaints = [...found.failed.flatMap((one) => one.complaints), ...found.missingGuards]
  return { bug, isCaught: complaints.length > 0, schedules: found.schedules, complaint: complaints[0] }
}
