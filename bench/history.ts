/**
 * What the bench measured before on the same machine, and whether it has become slower. Hides where results are
 * kept: one file a kind of machine, since only ratios of one machine can be compared.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import path from 'node:path'

export interface Machine {
  readonly cpu: string
  readonly cores: number
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
})

/** Figures of which more is worse; each is a ratio or a fixed cost of one run. */
export type Figures = Readonly<Record<string, number>>

/** Worse by more than this is told. */
const tolerated = 1.1

/** What became worse since the last run on this machine; nothing when there was none. */
export const regressions = (before: Figures, now: Figures): string[] =>
  Object.entries(now).flatMap(([name, value]) => {
    const last = before[name]
    if (last === undefined || !(value > tolerated * last)) return []
    return [`${name} was ${last.toPrecision(3)} and is ${value.toPrecision(3)}`]
  })

/** Keeps the figures for the next run and returns what became worse. `kind` tells short runs from long ones. */
export async function compare(
  folder: string,
  kind: string,
  machine: Machine,
  now: Figures,
): Promise<string[]> {
  const name = createHash('sha256').update(JSON.stringify(machine)).digest('hex').slice(0, 12)
  const file = path.join(folder, `${name}-${kind}.json`)
  const before = await readFile(file, 'utf8').then(
    (text) => (JSON.parse(text) as { figures: Figures }).figures,
    (): Figures => ({}),
  )
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${JSON.stringify({ machine, figures: now }, null, 1)}\n`)
  return regressions(before, now)
}

/** More work than this for each core, and the figures say as much of it as of Spool. */
const busyLoad = 0.3

/** A warning when the machine has other things to do; undefined when it is idle. */
export function busyWarning(load = loadavg()[0]!, cores = availableParallelism()): string | undefined {
  if (load <= busyLoad * cores) return undefined
  return `The machine is busy (load ${load.toFixed(1)} on ${cores} cores): ratios of this run mean little.`
}
