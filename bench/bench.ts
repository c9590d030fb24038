/**
 * `spool bench`: measures speed and memory, against LAME alone, the usual two-pass ffmpeg recipe and other programs
 * where they are there, all in one run on the same machine. Prints a table, writes bench/results.json and
 * bench/speed.svg. Ratios are what to compare between machines.
 */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { longSpeech } from '../tests/support/speech.ts'
import { costOfPeer, findPeers, lame, lameOnBothCores, loudnormTwice, type Speech } from './contenders.ts'
import { coldStarts } from './cold-start.ts'
import { benchConsole } from './console.ts'
import { measureProtocol } from './fan-in.ts'
import { benchMail } from './mail.ts'
import { busyWarning, compare, thisMachine } from './history.ts'
import { costOf, type Cost } from './processes.ts'
import { speedPlot } from './plot.ts'
import { benchRefusal } from './refusal.ts'
import { medianOf } from './repeat.ts'
import { pipeline } from './spool.ts'
import { summarise, type Measured, type MeasuredSpool, type Summary } from './summary.ts'
import { table } from './table.ts'

export interface BenchOptions {
  /** Ten minutes instead of an hour. */
  readonly quick: boolean
  /** Also ten hours of FLAC. */
  readonly long: boolean
}

const workers = 2
/** A recording of at most so many seconds is measured several times. */
const shortSeconds = 600
const runsOfShort = 3

export async function bench(root: string, options: BenchOptions): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-bench-'))
  const busy = busyWarning()
  if (busy) process.stderr.write(`${busy}\n`)
  try {
    const summary = await measureAll(root, dir, options)
    await mkdir(path.join(root, 'bench'), { recursive: true })
    await writeFile(path.join(root, 'bench', 'results.json'), `${JSON.stringify(summary, null, 1)}\n`)
    await writeFile(path.join(root, 'bench', 'speed.svg'), speedPlot(summary.results))
    process.stdout.write(table(summary))
    const folder = path.join(root, 'bench', 'machines')
    const kind = options.quick ? 'quick' : 'hour'
    const worse = await compare(folder, kind, thisMachine(), summary.compared)
    if (worse.length > 0) process.stdout.write(`Worse than last time on this machine: ${worse.join('; ')}.\n`)
    if (busy) process.stdout.write(`${busy}\n`)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function measureAll(root: string, dir: string, { quick, long }: BenchOptions): Promise<Summary> {
  const short = await speech(dir, shortSeconds)
  const main = quick ? short : await speech(dir, 3600)
  const others: Measured[] = []
  const measure = async <C extends Cost>(
    name: string,
    of: Speech,
    once: () => Promise<C>,
    runs = runsOf(of),
  ) => {
    const row = measured(name, of, await medianOf(runs, once))
    process.stderr.write(`${row.name}: ${row.timesRealTime.toFixed(1)}×\n`)
    return row
  }
  const other = async (...row: Parameters<typeof measure<Cost>>) => {
    const done = await measure(...row)
    others.push(done)
    return done
  }
  await other('LAME alone, one core', main, () => costOf(lame(main.file)))
  const floor = await other('LAME alone, both cores', main, () => lameOnBothCores(main))
  // both of these once: the recipe alone takes as long as everything else together
  const loudnorm = await other('ffmpeg loudnorm, two passes + MP3', main, () => loudnormTwice(main, dir), 1)
  const { found, missing } = findPeers()
  for (const peer of found)
    await other(`${peer.program}: ${peer.does}`, main, () => costOfPeer(peer, main.file, dir), 1)
  const spool = (name: string, of: Speech) => measure(name, of, () => pipeline(of, dir, workers))
  const ten = await spool('Spool, 10 min', short)
  const ours = quick ? ten : await spool('Spool, 1 h', main)
  const spools: MeasuredSpool[] = quick ? [ten] : [ten, ours]
  if (long) spools.push(await spool('Spool, 10 h', await speech(dir, 36_000)))
  const mail = await benchMail(dir, workers, quick ? 1000 : 10_000)
  const pages = await benchConsole(dir, workers)
  const refusal = await benchRefusal(root, dir)
  const starts = await coldStarts()
  const protocol = await measureProtocol()
  return summarise({
    workers,
    coldStarts: starts,
    protocol,
    others,
    spools,
    ours,
    floor,
    loudnorm,
    ten,
    mail,
    pages,
    refusal,
    notInstalled: missing,
  })
}

const runsOf = ({ seconds }: Speech): number => (seconds <= shortSeconds ? runsOfShort : 1)

const measured = <C extends Cost>(name: string, { seconds }: Speech, cost: C) => ({
  ...cost,
  name,
  audioSeconds: seconds,
  timesRealTime: seconds / cost.seconds,
})

/** Stereo, so that nothing is won by both sides being the same. */
async function speech(dir: string, seconds: number): Promise<Speech> {
  const mono = path.join(dir, `mono-${seconds}.flac`)
  const file = path.join(dir, `speech-${seconds}.flac`)
  await longSpeech(seconds, mono, { sampleRate: 48_000, channels: 1, format: 'flac' })
  const sides = 'pan=stereo|c0=c0|c1=0.8*c0,aphaser=out_gain=1:speed=0.1'
  const encoder = ['-c:a', 'flac', '-sample_fmt', 's16']
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', mono, '-af', sides, ...encoder, file])
  await rm(mono)
  return { file, seconds }
}
