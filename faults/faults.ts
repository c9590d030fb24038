/**
 * `spool faults`: the proof that nothing is lost and nothing done twice. The crash matrix with real processes, the protocol
 * simulated by seeds, bugs that are planted and must be noticed, and a soak under chaos; each says what it saw, and how to
 * see it again.
 */
import { hunt, plantedBugs, simulatedBugs, type Hunt } from './planted/planted-bugs.ts'
import { log } from '../shared/log.ts'
import { runMatrix, type MatrixResult } from './run-matrix.ts'
import { simulateInLanes } from './simulation/lanes.ts'
import type { Simulated } from './simulation/simulate.ts'
import { soak, type SoakResult } from './soak.ts'

export interface FaultsOptions {
  readonly root: string
  /** A sample of each, in a few minutes. */
  readonly quick: boolean
  /** The soak alone, for so long. */
  readonly soakMinutes: number | undefined
  /** With `quick` or a soak which sample; else one case again: of the matrix by its number, a schedule by its seed. */
  readonly seed: number | undefined
  readonly say: (text: string) => void
}

export interface FaultsReport {
  /** Cases of the matrix, schedules of the simulation, and what was begun and ended in the soak. */
  readonly cases: number
  readonly failed: number
  readonly planted: { readonly total: number; readonly caught: number }
  readonly recovery: { readonly p50Ms: number; readonly p99Ms: number }
}

export interface Faults {
  readonly report: FaultsReport
  readonly matrix?: MatrixResult
  readonly simulated?: Simulated
  readonly planted?: Hunt
  readonly soaked?: SoakResult
}

/** How much of each. */
const amounts = {
  quick: { sample: 60, schedules: 300, soakMinutes: 1 },
  whole: { sample: undefined, schedules: 30_000, soakMinutes: 5 },
} as const
/** Seeds of schedules begin here, so that none is the number of a case. */
const firstSchedule = 1_000_000
/** Of the planted bugs a quick run takes every so manyth, and plays fewer schedules with each. */
const everyBug = 12
const quickSchedules = 1000

export async function faults(options: FaultsOptions): Promise<Faults> {
  const { root, quick, soakMinutes, seed = 1, say } = options
  log.level = 'silent' // the simulation runs in this process, whose output is the report
  if (options.seed !== undefined && !quick && soakMinutes === undefined)
    return report(await replay(root, seed, say))
  if (soakMinutes !== undefined)
    return report({ soaked: await soak({ root, say, minutes: soakMinutes, seed }) })
  const { sample, schedules, soakMinutes: minutes } = amounts[quick ? 'quick' : 'whole']
  const matrix = await runMatrix({ root, say, seed, ...(sample === undefined ? {} : { sample }) })
  const simulated = await play(firstSchedule * (quick ? seed : 1), schedules, say)
  const bugs = quick ? simulatedBugs.filter((_, i) => (i + seed) % everyBug === 0) : plantedBugs
  const planted = await hunt({
    seed,
    bugs,
    ...(quick ? { schedules: quickSchedules } : {}),
    onHunted: ({ bug, isCaught }) => say(`${isCaught ? 'noticed' : 'NOT NOTICED'}: ${bug.name}`),
  })
  return report({ matrix, simulated, planted, soaked: await soak({ root, say, minutes, seed }) })
}

/** One case again, or one schedule. */
async function replay(
  root: string,
  seed: number,
  say: FaultsOptions['say'],
): Promise<Omit<Faults, 'report'>> {
  if (seed >= firstSchedule) return { simulated: await play(seed, 1, say) }
  return { matrix: await runMatrix({ root, say, only: seed }) }
}

const mostFailures = 5

function play(seed: number, schedules: number, say: FaultsOptions['say']): Promise<Simulated> {
  say(`${schedules} schedules from seed ${seed} on`)
  return simulateInLanes({ seed, schedules, further: ['--failures', String(mostFailures)] })
}

/** What all of it comes to; a bug that nobody notices is a failure too. */
function report(found: Omit<Faults, 'report'>): Faults {
  const { matrix, simulated, planted, soaked } = found
  const begun = Object.values(soaked?.finished ?? {}).reduce((sum, count) => sum + count, 0)
  const broken = (simulated?.failed.length ?? 0) + (simulated?.missingGuards.length ?? 0)
  const { total, caught } = planted ?? { total: 0, caught: 0 }
  const { p50Ms, p99Ms } = soaked?.recovery ?? { p50Ms: 0, p99Ms: 0 }
  return {
    ...found,
    report: {
      cases: (matrix?.cases ?? 0) + (simulated?.schedules ?? 0) + begun,
      failed: (matrix?.failures.length ?? 0) + broken + (soaked?.complaints.length ?? 0) + total - caught,
      planted: { total, caught },
      recovery: { p50Ms, p99Ms },
    },
  }
}

export const describeFaults = ({ matrix, simulated, planted, soaked }: Faults): string =>
  [
    ...(matrix ? describeMatrix(matrix) : []),
    ...(simulated ? describeSimulated(simulated) : []),
    ...(planted ? describePlanted(planted) : []),
    ...(soaked ? describeSoak(soaked) : []),
  ].join('\n') + '\n'

const describeSimulated = ({ schedules, failed, missingGuards, seconds }: Simulated): string[] => [
  `Simulation ${schedules} schedules in ${Math.round(seconds)} s, ${Math.round((3600 * schedules) / seconds)} an hour; ${failed.length} failed`,
  ...failed.flatMap(({ seed, scenario, trace, complaints }) => [
    `  ${scenario}: ${complaints.join('; ')}`,
    ...trace.map((line) => `    ${line}`),
    `    again: spool faults --seed ${seed}`,
  ]),
  ...missingGuards.map((guard) => `  ${guard}`),
]

const describePlanted = ({ total, caught, escaped }: Hunt): string[] => [
  `Planted    ${caught} of ${total} bugs were noticed`,
  ...escaped.map((name) => `  not noticed: ${name}`),
]

function describeMatrix({ known, cases, unreached, failures, table, seconds }: MatrixResult): string[] {
  const columns = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))].sort()
  const wide = Math.max(0, ...columns.map((column) => column.length))
  const names = Object.keys(table)
  const row = (head: string, cells: readonly (string | number)[]): string =>
    `${head.padEnd(wide)}  ${cells.map((cell, i) => String(cell).padStart(Math.max(6, names[i]!.length))).join('  ')}`
  return [
    row('', names),
    ...columns.map((column) =>
      row(
        column,
        names.map((name) => table[name]![column] ?? 0),
      ),
    ),
    '',
    `Matrix     ${cases} of ${known} cases in ${Math.round(seconds)} s, ${Math.round((3600 * cases) / seconds)} an hour; ` +
      `${failures.length} failed; ${unreached} did not come to their point`,
    ...failures.map(
      ({ number, name, complaints }) =>
        `  ${name}\n    ${complaints.join('\n    ')}\n    again: spool faults --seed ${number}`,
    ),
  ]
}

function describeSoak({ finished, troubles, recovery, attempts, complaints, minutes }: SoakResult): string[] {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${count} × ${name}`)
      .join(', ')
  return [
    `Soak       ${minutes.toFixed(1)} minutes; ended: ${list(finished)}`,
    `Troubles   ${list(troubles)}`,
    `Recovery   p50 ${(recovery.p50Ms / 1000).toFixed(1)} s, p99 ${(recovery.p99Ms / 1000).toFixed(1)} s over ${recovery.count} kills`,
    `Attempts   ${Object.entries(attempts)
      .map(([taken, steps]) => `${steps} steps took ${taken}`)
      .join(', ')}`,
    ...complaints.map((complaint) => `  ${complaint}`),
  ]
}
