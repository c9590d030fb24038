/**
 * Spool's own runs of the benchmark: a recording from its upload to the finished episode, and the price of a step
 * that has nothing to do. Hides the cloud they run on.
 */
import path from 'node:path'
import { assemble, type Report } from '../local/cli/assemble.ts'
import { startWatchedCloud, workersOf, type WatchedCloud } from './cloud.ts'
import type { Speech } from './contenders.ts'
import type { Cost, KindCost } from './processes.ts'

export interface Pipeline extends Cost {
  readonly report: Report
  readonly processes: readonly KindCost[]
  /** Of a run that finds every result made already: what is left is the price of a step. */
  readonly overheadSecondsPerTask: number
}

/** On an empty cloud of its own; CPU is that of every process, memory that of the largest worker. */
export async function pipeline({ file }: Speech, dir: string, workers: number): Promise<Pipeline> {
  const cloud = await startWatchedCloud(dir, workers)
  try {
    const { seconds, report } = await assembleOn(cloud, file, dir)
    const processes = cloud.costs()
    const again = await assembleOn(cloud, file, dir)
    return {
      seconds,
      cpuSeconds: processes.reduce((sum, kind) => sum + kind.cpuSeconds, 0),
      peakMegabytes: workersOf(processes).peakMegabytes,
      report,
      processes,
      overheadSecondsPerTask: again.seconds / tasksOf(again.report),
    }
  } finally {
    await cloud.stop()
  }
}

export const tasksOf = ({ steps }: Report): number => steps.reduce((sum, { parts }) => sum + parts, 0)

async function assembleOn(
  cloud: WatchedCloud,
  file: string,
  dir: string,
): Promise<{ seconds: number; report: Report }> {
  const started = performance.now()
  const report = await assemble(
    cloud,
    { recordings: [file], out: path.join(dir, 'out') },
    () => undefined,
    new AbortController().signal,
  )
  return { seconds: (performance.now() - started) / 1000, report }
}
