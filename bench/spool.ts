/**
 * Spool's own runs of the benchmark: a recording from its upload to the finished episode, and the price of a step
 * that has nothing to do. Hides the cloud they run on.
 */
import path from 'node:path'
import { assemble, type Report } from '../local/cli/assemble.ts'
import { startWatchedCloud, workersOf, type WatchedCloud } from './cloud.ts'
import type { Cost, KindCost } from './processes.ts'

export interface Speech {
  readonly file: string
  readonly seconds: number
}

export interface Measured extends Cost {
  readonly name: string
  readonly audioSeconds: number
  readonly timesRealTime: number
}

export interface Pipeline extends Measured {
  readonly report: Report
  readonly processes: readonly KindCost[]
}

export const measured = (name: string, audioSeconds: number, cost: Cost): Measured => ({
  name,
  audioSeconds,
  ...cost,
  timesRealTime: audioSeconds / cost.seconds,
})

/** On an empty cloud of its own; CPU is that of every process, memory that of the largest worker. */
export async function pipeline(
  name: string,
  { file, seconds }: Speech,
  dir: string,
  workers: number,
): Promise<Pipeline> {
  const cloud = await startWatchedCloud(dir, workers)
  const started = performance.now()
  const report = await assembleOn(cloud, file, dir)
  const elapsed = (performance.now() - started) / 1000
  const processes = cloud.costs()
  await cloud.stop()
  const cpuSeconds = processes.reduce((sum, kind) => sum + kind.cpuSeconds, 0)
  const { peakMegabytes } = workersOf(processes)
  return { ...measured(name, seconds, { seconds: elapsed, cpuSeconds, peakMegabytes }), report, processes }
}

const assembleOn = (cloud: WatchedCloud, file: string, dir: string): Promise<Report> =>
  assemble(
    cloud,
    { recordings: [file], out: path.join(dir, 'out') },
    () => undefined,
    new AbortController().signal,
  )

/** The same recording again finds every result made already: what is left is the price of a step. */
export async function fixedOverhead({ file }: Speech, dir: string, workers: number): Promise<number> {
  const cloud = await startWatchedCloud(dir, workers)
  await assembleOn(cloud, file, dir)
  const started = performance.now()
  const { steps } = await assembleOn(cloud, file, dir)
  const seconds = (performance.now() - started) / 1000
  await cloud.stop()
  return seconds / steps.reduce((sum, { parts }) => sum + parts, 0)
}
