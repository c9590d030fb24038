/** Prints what the benchmark measured. */
import { coldStartTable } from '../local/host/cold-start.ts'
import type { KindCost } from './processes.ts'
import type { Measured, Summary } from './summary.ts'

const describeFleet = ({
  instances,
  warmSeconds,
  coldSeconds,
  criticalPath,
}: Summary['fleet'][number]): string =>
  `${String(instances).padStart(5)} instances: ${warmSeconds.toFixed(1)} s, ${coldSeconds.toFixed(1)} s from cold; ` +
  criticalPath
    .filter(({ waited, worked }) => waited + worked >= 0.1)
    .map(({ name, waited, worked }) => `${name} ${(waited + worked).toFixed(1)}`)
    .join(' → ')

/** Of several runs the median, with the shortest and the longest. */
const wall = ({ seconds, runs, minSeconds, maxSeconds }: Measured): string =>
  `${seconds.toFixed(1)} s${runs > 1 ? ` (${minSeconds.toFixed(1)}–${maxSeconds.toFixed(1)})` : ''}`

/** Where the CPU of a Spool run went. */
const processTable = (name: string, processes: readonly KindCost[]): string[] => {
  const all = processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  return [
    columns(`${name}, by process`, 'share', 'CPU', 'at once', 'largest'),
    ...processes.map((kind) =>
      columns(
        `  ${kind.name}`,
        `${((100 * kind.cpuSeconds) / all).toFixed(1)} %`,
        `${kind.cpuSeconds.toFixed(2)} s`,
        String(kind.mostProcesses),
        `${kind.peakMegabytes.toFixed(0)} MB`,
      ),
    ),
    '',
  ]
}

const widths = [36, 11, 21, 11, 11]

const columns = (...cells: string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('')

export function table(summary: Summary): string {
  const rows = summary.results.map((row) =>
    columns(
      row.name,
      `${row.timesRealTime.toFixed(1)}×`,
      wall(row),
      `${row.cpuSeconds.toFixed(1)} s`,
      `${row.peakMegabytes.toFixed(0)} MB`,
    ),
  )
  const {
    timesLameFloor,
    timesFasterThanLoudnorm,
    memoryGrowth,
    dollarsPerAudioHour,
    pricesAsOf,
    overheadSecondsPerTask,
    mail,
    pages,
    refusal,
    protocol,
  } = summary
  return [
    columns('', 'real time', 'wall', 'CPU', 'peak'),
    ...rows,
    ...(summary.notInstalled.length > 0 ? [`not installed: ${summary.notInstalled.join(', ')}`] : []),
    '',
    ...Object.entries(summary.processes).flatMap(([name, processes]) => processTable(name, processes)),
    `Wall time against LAME alone on both cores ${timesLameFloor.toFixed(2)}`,
    `Faster than two-pass loudnorm + MP3        ${timesFasterThanLoudnorm.toFixed(1)}×`,
    `Peak memory against 10 minutes             ${memoryGrowth.toFixed(2)}`,
    `Cost of an audio hour                      $${dollarsPerAudioHour.toFixed(4)} (prices of ${pricesAsOf})`,
    `Fixed cost of a task                       ${(overheadSecondsPerTask * 1000).toFixed(0)} ms`,
    `A step without work                        p50 ${protocol.p50Ms} ms, p99 ${protocol.p99Ms} ms; ` +
      `${protocol.statements} statements, ${protocol.transactions} transaction`,
    `Listener mail, ${String(mail.messages).padStart(6)} messages             ` +
      `${mail.perSecond.toFixed(0)} a second, ${mail.timesParserAlone.toFixed(1)} × the parser alone`,
    `  its largest worker                       ${mail.peakMegabytes.toFixed(0)} MB, ` +
      `${mail.memoryGrowth.toFixed(2)} against a tenth of the messages`,
    `Console, first page of ${pages.episodes} episodes       ${pages.firstPageMs.toFixed(0)} ms, ` +
      `${(pages.firstPageBytes / 1000).toFixed(1)} kB; their list ${pages.listMs.toFixed(0)} ms`,
    `${refusal.faults} files that are wrong: all are named after ${refusal.seconds.toFixed(2)} s`,
    '',
    'Starting from nothing, each function as deployed:',
    coldStartTable(summary.coldStarts),
    '',
    'A model of the same episode on a fleet (Cloud Tasks at 500 tasks a second, cold starts of 2 s):',
    ...summary.fleet.map(describeFleet),
    '',
  ].join('\n')
}
