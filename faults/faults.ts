/**
 * `spool faults`: the proof that nothing is lost and nothing done twice. The crash matrix with real processes, and a soak
 * under chaos; each says what it saw, and how to see it again.
 */
import { runMatrix, type MatrixResult } from './run-matrix.ts'
import { soak, type SoakResult } from './soak.ts'

export interface FaultsOptions {
  readonly root: string
  /** A sample of each, in a few minutes. */
  readonly quick: boolean
  /** The soak alone, for so long. */
  readonly soakMinutes: number | undefined
  /** With `quick` which sample; else the case of this number alone. */
  readonly seed: number | undefined
  readonly say: (text: string) => void
}

export interface FaultsReport {
  /** Cases of the matrix, and what was begun and ended in the soak. */
  readonly cases: number
  readonly failed: number
  readonly recovery: { readonly p50Ms: number; readonly p99Ms: number }
}

export interface Faults {
  readonly report: FaultsReport
  readonly matrix: MatrixResult | undefined
  readonly soak: SoakResult | undefined
}

const quickCases = 150
const soakMinutes = { quick: 1, whole: 5 } as const

export async function faults({ root, quick, soakMinutes: asked, seed, say }: FaultsOptions): Promise<Faults> {
  const replayed = seed !== undefined && !quick && asked === undefined ? seed : undefined
  const matrix =
    asked === undefined
      ? await runMatrix({
          root,
          say,
          ...(quick ? { sample: quickCases, seed: seed ?? 1 } : {}),
          ...(replayed === undefined ? {} : { only: replayed }),
        })
      : undefined
  const minutes = asked ?? soakMinutes[quick ? 'quick' : 'whole']
  const soaked = replayed === undefined ? await soak({ root, say, minutes, seed: seed ?? 1 }) : undefined
  const begun = Object.values(soaked?.finished ?? {}).reduce((sum, count) => sum + count, 0)
  return {
    report: {
      cases: (matrix?.cases ?? 0) + begun,
      failed: (matrix?.failures.length ?? 0) + (soaked?.complaints.length ?? 0),
      recovery: { p50Ms: soaked?.recovery.p50Ms ?? 0, p99Ms: soaked?.recovery.p99Ms ?? 0 },
    },
    matrix,
    soak: soaked,
  }
}

export const describeFaults = ({ matrix, soak: soaked }: Faults): string =>
  [...(matrix ? describeMatrix(matrix) : []), ...(soaked ? describeSoak(soaked) : [])].join('\n') + '\n'

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

function describeSoak({ finished, troubles, recovery, complaints, minutes }: SoakResult): string[] {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${count} × ${name}`)
      .join(', ')
  return [
    `Soak       ${minutes.toFixed(1)} minutes; ended: ${list(finished)}`,
    `Troubles   ${list(troubles)}`,
    `Recovery   p50 ${(recovery.p50Ms / 1000).toFixed(1)} s, p99 ${(recovery.p99Ms / 1000).toFixed(1)} s over ${recovery.count} kills`,
    ...complaints.map((complaint) => `  ${complaint}`),
  ]
}
