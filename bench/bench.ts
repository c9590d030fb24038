/**
 * `spool bench`: measures speed and memory, against LAME alone and the usual two-pass ffmpeg recipe, all in
 * one run on the same machine. Prints a table, writes bench/results.json and bench/speed.svg. Ratios are what
 * to compare between machines.
 */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../local/cli/assemble.ts'
import { longSpeech } from '../tests/support/speech.ts'
import { benchMail, type MailFigures } from './mail.ts'
import { catalogue } from '../functions/index.ts'
import { planPipeline } from '../shared/engine/pipeline.ts'
import { busyWarning, compare, thisMachine } from './history.ts'
import { googleFleet, simulate } from './fleet.ts'
import { prices } from './prices.ts'
import { costOf, type Cost, type KindCost } from './processes.ts'
import { fixedOverhead, measured, pipeline, type Measured, type Pipeline, type Speech } from './spool.ts'
import { speedPlot } from './plot.ts'

export interface BenchOptions {
  /** Ten minutes instead of an hour. */
  readonly quick: boolean
  /** Also ten hours of FLAC. */
  readonly long: boolean
}

const workers = 2
const bitrate = '128k'

export async function bench(root: string, { quick, long }: BenchOptions): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-bench-'))
  const busy = busyWarning()
  if (busy) process.stderr.write(`${busy}\n`)
  try {
    const short = await speech(dir, 600)
    const main = quick ? short : await speech(dir, 3600)
    const results: Measured[] = []
    const add = <M extends Measured>(measured: M): M => {
      results.push(measured)
      process.stderr.write(`${measured.name}: ${measured.timesRealTime.toFixed(1)}×\n`)
      return measured
    }
    add(measured('LAME alone, one core', main.seconds, await costOf(lame(main.file))))
    const floor = add(measured('LAME alone, both cores', main.seconds, await lameOnBothCores(main)))
    add(measured('ffmpeg loudnorm, two passes + MP3', main.seconds, await loudnormTwice(main.file, dir)))
    const spools: Pipeline[] = []
    const addSpool = async (name: string, of: Speech): Promise<Pipeline> => {
      const run = add(await pipeline(name, of, dir, workers))
      spools.push(run)
      return run
    }
    const ten = await addSpool('Spool, 10 min', short)
    const ours = quick ? ten : await addSpool('Spool, 1 h', main)
    if (long) await addSpool('Spool, 10 h', await speech(dir, 36_000))
    const overhead = await fixedOverhead(short, dir, workers)
    const mail = await benchMail(dir, workers, quick ? 1000 : 10_000)
    const summary = { ...summarise(results, spools, ours, floor, ten, overhead), mail }
    await mkdir(path.join(root, 'bench'), { recursive: true })
    await writeFile(path.join(root, 'bench', 'results.json'), `${JSON.stringify(summary, null, 1)}\n`)
    await writeFile(path.join(root, 'bench', 'speed.svg'), speedPlot(results))
    process.stdout.write(table(results, summary))
    const worse = await compare(
      path.join(root, 'bench', 'machines'),
      quick ? 'quick' : 'hour',
      thisMachine(),
      {
        timesLameFloor: summary.timesLameFloor,
        cpuTimesLame: ours.cpuSeconds / floor.cpuSeconds,
        peakMegabytes: ours.peakMegabytes,
        overheadSecondsPerTask: overhead,
      },
    )
    if (worse.length > 0) process.stdout.write(`Worse than last time on this machine: ${worse.join('; ')}.\n`)
    if (busy) process.stdout.write(`${busy}\n`)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Stereo, so that nothing is won by both sides being the same. */
async function speech(dir: string, seconds: number): Promise<Speech> {
  const mono = path.join(dir, `mono-${seconds}.flac`)
  const file = path.join(dir, `speech-${seconds}.flac`)
  await longSpeech(seconds, mono, { sampleRate: 48_000, channels: 1, format: 'flac' })
  const sides = 'pan=stereo|c0=c0|c1=0.8*c0,aphaser=out_gain=1:speed=0.1'
  await promisify(execFile)('ffmpeg', [
    '-v',
    'error',
    '-i',
    mono,
    '-af',
    sides,
    '-c:a',
    'flac',
    '-sample_fmt',
    's16',
    file,
  ])
  await rm(mono)
  return { file, seconds }
}

/** Decodes and encodes a part of the file, or all of it, and discards the result. */
const lame = (file: string, ...part: string[]): string[] => {
  const input = ['ffmpeg', '-v', 'error', '-nostdin', '-threads', '1', ...part, '-i', file]
  return [...input, '-c:a', 'libmp3lame', '-b:a', bitrate, '-f', 'null', '-']
}

/** The least time anything needs to make an MP3 of it: half of the file on each core, at once. */
async function lameOnBothCores({ file, seconds }: Speech): Promise<Cost> {
  const started = performance.now()
  const half = String(seconds / 2)
  const halves = await Promise.all([costOf(lame(file, '-t', half)), costOf(lame(file, '-ss', half))])
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: Math.max(...halves.map(({ cpuSeconds }) => cpuSeconds)), // both saw the children of both
    peakMegabytes: Math.max(...halves.map(({ peakMegabytes }) => peakMegabytes)),
  }
}

/** The recipe of every how-to: measure with loudnorm, then apply what was measured and encode. */
async function loudnormTwice(file: string, dir: string): Promise<Cost> {
  const target = 'loudnorm=I=-16:TP=-1:LRA=11'
  const input = ['-hide_banner', '-nostats', '-nostdin', '-y', '-i', file]
  const first = await costOf(['ffmpeg', ...input, '-af', `${target}:print_format=json`, '-f', 'null', '-'])
  const found = JSON.parse(
    first.complaint.slice(first.complaint.lastIndexOf('{'), first.complaint.lastIndexOf('}') + 1),
  ) as Record<string, string>
  const known = [
    `measured_I=${found['input_i']}`,
    `measured_TP=${found['input_tp']}`,
    `measured_LRA=${found['input_lra']}`,
    `measured_thresh=${found['input_thresh']}`,
    `offset=${found['target_offset']}`,
  ].join(':')
  const encoder = ['-ar', '48000', '-c:a', 'libmp3lame', '-b:a', bitrate]
  const second = await costOf([
    'ffmpeg',
    ...input,
    '-af',
    `${target}:${known}:linear=true`,
    ...encoder,
    path.join(dir, 'loudnorm.mp3'),
  ])
  return {
    seconds: first.seconds + second.seconds,
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    peakMegabytes: Math.max(first.peakMegabytes, second.peakMegabytes),
  }
}

function summarise(
  results: readonly Measured[],
  spools: readonly Pipeline[],
  ours: Pipeline,
  floor: Measured,
  ten: Measured,
  overheadSecondsPerTask: number,
) {
  const tasks = ours.report.steps.reduce((sum, { parts }) => sum + parts, 0)
  const hours = ours.audioSeconds / 3600
  const dollars =
    (ours.cpuSeconds * (prices.perVcpuSecond + prices.perGibSecond) +
      (tasks * (prices.perMillionRequests + 2 * prices.perMillionTaskOperations)) / 1e6) /
    hours
  return {
    machine: { ...thisMachine(), workers, node: process.version },
    results: results.map(({ name, audioSeconds, seconds, cpuSeconds, peakMegabytes, timesRealTime }) => ({
      name,
      audioSeconds,
      seconds,
      cpuSeconds,
      peakMegabytes,
      timesRealTime,
    })),
    timesRealTime: ours.timesRealTime,
    timesLameFloor: ours.seconds / floor.seconds,
    timesFasterThanLoudnorm: ours.timesRealTime / results[2]!.timesRealTime,
    memoryGrowth: ours.peakMegabytes / ten.peakMegabytes,
    dollarsPerAudioHour: dollars,
    pricesAsOf: prices.asOf,
    overheadSecondsPerTask,
    steps: ours.report.steps,
    loudness: ours.report.loudness,
    processes: Object.fromEntries(spools.map(({ name, processes }) => [name, processes])),
    fleet: fleetTimes(ours.report.steps),
  }
}

const fleets = [1, 10, 100, 1000]

/** The measured steps on so many instances a function, with cold starts and without. */
function fleetTimes(measuredSteps: Report['steps']) {
  const steps = planPipeline(catalogue.filter((entry) => entry.trigger === 'task')).stages.flatMap(
    ({ step, after }) => {
      const found = measuredSteps.find(({ name }) => name === step.name)
      const parts = found?.parts ?? 0
      return [{ name: step.name, after, parts, seconds: parts === 0 ? 0 : found!.seconds / parts }]
    },
  )
  return fleets.map((instances) => {
    const warm = simulate(steps, { ...googleFleet, coldStartSeconds: 0, instances })
    const { seconds: coldSeconds } = simulate(steps, { ...googleFleet, instances })
    return { instances, warmSeconds: warm.seconds, coldSeconds, criticalPath: warm.criticalPath }
  })
}

const describeFleet = ({ instances, warmSeconds, coldSeconds, criticalPath }: FleetTime): string =>
  `${String(instances).padStart(5)} instances: ${warmSeconds.toFixed(1)} s, ${coldSeconds.toFixed(1)} s from cold; ` +
  criticalPath
    .filter(({ waited, worked }) => waited + worked >= 0.1)
    .map(({ name, waited, worked }) => `${name} ${(waited + worked).toFixed(1)}`)
    .join(' → ')

type FleetTime = ReturnType<typeof fleetTimes>[number]

/** Where the CPU of a Spool run went. */
const processTable = (name: string, processes: readonly KindCost[]): string[] => {
  const all = processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  return [
    columns(`${name}, by process`, 'CPU', 'share', 'largest', 'at once'),
    ...processes
      .toSorted((a, b) => b.cpuSeconds - a.cpuSeconds)
      .map((kind) =>
        columns(
          `  ${kind.name}`,
          `${kind.cpuSeconds.toFixed(2)} s`,
          `${((100 * kind.cpuSeconds) / all).toFixed(1)} %`,
          `${kind.peakMegabytes.toFixed(0)} MB`,
          String(kind.mostProcesses),
        ),
      ),
    '',
  ]
}

const columns = (...cells: string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(36) : cell.padStart(12))).join('')

function table(
  results: readonly Measured[],
  summary: ReturnType<typeof summarise> & { mail: MailFigures },
): string {
  const rows = results.map(({ name, timesRealTime, seconds, cpuSeconds, peakMegabytes }) =>
    columns(
      name,
      `${timesRealTime.toFixed(1)}×`,
      `${seconds.toFixed(1)} s`,
      `${cpuSeconds.toFixed(1)} s`,
      `${peakMegabytes.toFixed(0)} MB`,
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
  } = summary
  return [
    columns('', 'real time', 'wall', 'CPU', 'peak'),
    ...rows,
    '',
    ...Object.entries(summary.processes).flatMap(([name, processes]) => processTable(name, processes)),
    `Wall time against LAME alone on both cores ${timesLameFloor.toFixed(2)}`,
    `Faster than two-pass loudnorm + MP3        ${timesFasterThanLoudnorm.toFixed(1)}×`,
    `Peak memory against 10 minutes             ${memoryGrowth.toFixed(2)}`,
    `Cost of an audio hour                      $${dollarsPerAudioHour.toFixed(4)} (prices of ${pricesAsOf})`,
    `Fixed cost of a task                       ${(overheadSecondsPerTask * 1000).toFixed(0)} ms`,
    `Listener mail, ${String(mail.messages).padStart(6)} messages             ` +
      `${mail.perSecond.toFixed(0)} a second, ${mail.timesParserAlone.toFixed(1)} × the parser alone`,
    `  its largest worker                       ${mail.peakMegabytes.toFixed(0)} MB, ` +
      `${mail.memoryGrowth.toFixed(2)} against a tenth of the messages`,
    '',
    'A model of the same episode on a fleet (Cloud Tasks at 500 tasks a second, cold starts of 2 s):',
    ...summary.fleet.map(describeFleet),
    '',
  ].join('\n')
}
