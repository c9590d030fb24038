/** What the benchmark's measurements come to: ratios, prices and the model of a fleet, as bench/results.json keeps it. */
import { catalogue } from '../functions/index.ts'
import type { Report } from '../local/cli/assemble.ts'
import type { ColdStart } from '../local/host/cold-start.ts'
import { planPipeline } from '../shared/engine/pipeline.ts'
import { googleFleet, simulate } from './fleet.ts'
import { thisMachine, type Figures } from './history.ts'
import type { ConsoleFigures } from './console.ts'
import type { Protocol } from './fan-in.ts'
import type { MailFigures } from './mail.ts'
import { prices } from './prices.ts'
import type { RefusalFigures } from './refusal.ts'
import type { Cost, KindCost } from './processes.ts'
import type { Spread } from './repeat.ts'
import { tasksOf, type Pipeline } from './spool.ts'

export interface Measured extends Cost, Spread {
  readonly name: string
  readonly audioSeconds: number
  readonly timesRealTime: number
}

export type MeasuredSpool = Measured & Pipeline

export interface Measurements {
  readonly workers: number
  /** What Spool is measured against. */
  readonly others: readonly Measured[]
  readonly spools: readonly MeasuredSpool[]
  /** The longest that every run of this kind has, and the ten minutes. */
  readonly ours: MeasuredSpool
  readonly ten: MeasuredSpool
  readonly floor: Measured
  readonly loudnorm: Measured
  readonly mail: MailFigures
  readonly pages: ConsoleFigures
  readonly refusal: RefusalFigures
  readonly coldStarts: readonly ColdStart[]
  readonly protocol: Protocol
  readonly notInstalled: readonly string[]
}

export type Summary = ReturnType<typeof summarise>

export function summarise({
  workers,
  others,
  spools,
  ours,
  ten,
  floor,
  loudnorm,
  mail,
  pages,
  refusal,
  coldStarts,
  protocol,
  notInstalled,
}: Measurements) {
  const { overheadSecondsPerTask } = ten
  const timesLameFloor = ours.seconds / floor.seconds
  const compared: Figures = {
    timesLameFloor,
    cpuTimesLame: ours.cpuSeconds / floor.cpuSeconds,
    peakMegabytes: ours.peakMegabytes,
    overheadSecondsPerTask,
  }
  return {
    machine: { ...thisMachine(), workers, node: process.version },
    results: [...others, ...spools].map(rowOf),
    notInstalled,
    timesRealTime: ours.timesRealTime,
    timesLameFloor,
    timesFasterThanLoudnorm: ours.timesRealTime / loudnorm.timesRealTime,
    memoryGrowth: ours.peakMegabytes / ten.peakMegabytes,
    dollarsPerAudioHour: dollarsOf(ours) / (ours.audioSeconds / 3600),
    pricesAsOf: prices.asOf,
    overheadSecondsPerTask,
    steps: ours.report.steps,
    loudness: ours.report.loudness,
    processes: Object.fromEntries(spools.map(({ name, processes }) => [name, [...processes].sort(byCpu)])),
    protocol,
    fleet: fleetTimes(ours.report.steps, workers),
    mail,
    pages,
    refusal,
    coldStarts,
    compared,
  }
}

const byCpu = (a: KindCost, b: KindCost): number => b.cpuSeconds - a.cpuSeconds

/** Of its row only, not of what else was found out about it. */
const rowOf = (measured: Measured): Measured => {
  const { name, audioSeconds, seconds, cpuSeconds, peakMegabytes, timesRealTime } = measured
  const { runs, minSeconds, maxSeconds } = measured
  const row = { name, audioSeconds, seconds, cpuSeconds, peakMegabytes, timesRealTime }
  return { ...row, runs, minSeconds, maxSeconds }
}

/** Computing and calls, without storage and what listeners download. */
const dollarsOf = ({ cpuSeconds, report }: MeasuredSpool): number =>
  cpuSeconds * (prices.perVcpuSecond + prices.perGibSecond) +
  (tasksOf(report) * (prices.perMillionRequests + 2 * prices.perMillionTaskOperations)) / 1e6

const fleets = [1, 10, 100, 1000]

/**
 * The measured steps on so many instances a function, with cold starts and without. A step's seconds are from its first
 * part's start to its last one's end, with parts on every worker.
 */
function fleetTimes(measuredSteps: Report['steps'], workers: number) {
  const steps = planPipeline(catalogue.filter((entry) => entry.trigger === 'task')).stages.flatMap(
    ({ step, after }) => {
      const found = measuredSteps.find(({ name }) => name === step.name)
      const parts = found?.parts ?? 0
      return [
        {
          name: step.name,
          after,
          parts,
          seconds: parts === 0 ? 0 : (found!.seconds * Math.min(workers, parts)) / parts,
        },
      ]
    },
  )
  return fleets.map((instances) => {
    const warm = simulate(steps, { ...googleFleet, coldStartSeconds: 0, instances })
    const { seconds: coldSeconds } = simulate(steps, { ...googleFleet, instances })
    return { instances, warmSeconds: warm.seconds, coldSeconds, criticalPath: warm.criticalPath }
  })
}
