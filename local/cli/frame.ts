/**
 * What commands have in common: the cloud they work with, what they ask of a terminal, and how they show what came of it.
 */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import type { Client } from '../client/client.ts'
import type { Attached } from '../host/attach.ts'
import { FolderBusy } from '../host/lock.ts'
import type { fetchRun, Report, Watcher } from './assemble.ts'
import type { Quote } from '../../shared/episode/quote.ts'
import type { Job } from './job-files.ts'
import { quoted } from './quoted.ts'

// Each command loads what it needs: a wrong flag is told at once, not after the cloud clients.

export const root = path.join(import.meta.dirname, '../..')
export const stateDir = process.env['SPOOL_STATE'] ?? path.join(root, '.spool')

/** The caller's mistake: exit 2, as for an unknown flag. */
export class WrongUsage extends Error {}

/** The exit code of a command that cannot go on without its producer. */
export const awaitingReview = 3

/** Of every command that brings a show's folder. */
export const sameShowOption =
  "the show's folder may say another title and author, and more, of a show that is there: it is the same show"

/** Of every command that brings a recording. */
export const sameEpisodeOption =
  'an episode in the feed is made anew of another recording, also under another number'

export const interrupted = (): Promise<void> =>
  new Promise((resolve) => ['SIGINT', 'SIGTERM'].forEach((name) => process.once(name, () => resolve())))

/** Aborted by an interrupt. */
export function cancelled(): AbortSignal {
  const cancel = new AbortController()
  void interrupted().then(() => cancel.abort(new Permanent('user_cancelled', stopped)))
  return cancel.signal
}

const stopped = 'You stopped it. The same command goes on from there; ./spool list shows what is being made.'

/** One object for scripts, or a summary for people. */
export const print = <T>(json: boolean | undefined, report: T, summarise: (report: T) => string): void =>
  void process.stdout.write(json ? `${JSON.stringify(report)}\n` : summarise(report))

/** What is to be known besides, also by who reads the one object. */
export const tell = (note: string): void => void process.stderr.write(note)

/** Starts or finds the cloud, and leaves it as it was. An interrupt aborts the signal. */
export async function withCloud<T>(use: (cloud: Attached, signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = cancelled()
  const cloud = await startOrAttach(signal)
  try {
    return await use(cloud, signal)
  } finally {
    await cloud.stop()
  }
}

/** Reaches the Spool that `SPOOL_URL` names, else the one of this machine, which is started when it is not up. */
export async function withClient<T>(
  use: (client: Client, signal: AbortSignal) => Promise<T>,
  { mustStay = false } = {},
): Promise<T> {
  const { accessElsewhere, reachElsewhere, reachLocal } = await import('./reach.ts')
  const elsewhere = accessElsewhere(process.env)
  if (elsewhere) {
    const signal = cancelled()
    return await use(await reachElsewhere(elsewhere, signal), signal)
  }
  if (mustStay && !(await isUp()))
    throw new Error(
      'Spool is not up here, and nothing would go on with it. Start it in another window: ./spool up\n' +
        'Or name a Spool elsewhere by SPOOL_URL and SPOOL_API_KEY; or make the episode at once: ./spool assemble.',
    )
  return await withCloud(async (cloud, signal) => use(await reachLocal(cloud, stateDir, signal), signal))
}

/** Whether `spool up` runs here. */
export async function isUp(): Promise<boolean> {
  const { attachToStaying } = await import('../host/attach.ts')
  return existsSync(stateDir) && (await attachToStaying(stateDir)) !== undefined
}

/** Uses the cloud that `spool up` keeps; another command at work on the same folder is waited for. */
async function startOrAttach(signal: AbortSignal): Promise<Attached> {
  const { attachToStaying } = await import('../host/attach.ts')
  for (let told = false; ;) {
    const staying = await attachToStaying(stateDir)
    if (staying) return staying
    try {
      const { startLocalCloud } = await import('../host/cloud.ts')
      return await startLocalCloud(stateDir)
    } catch (error) {
      if (!(error instanceof FolderBusy)) throw error
      if (!told)
        process.stderr.write(
          `spool: another command is at work (process ${error.pid}); waiting for it to end. ` +
            'With "./spool up" running, commands work side by side.\n',
        )
      told = true
      if (signal.aborted) throw new Permanent('user_cancelled')
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

/** Shows a run's progress while it lasts, and what came of it. */
export async function reportRun(run: (watch: Watcher) => Promise<Report>, json: boolean): Promise<void> {
  const [{ progressDisplay }, { summarise }] = await Promise.all([
    import('./progress.ts'),
    import('./summary.ts'),
  ])
  const display = progressDisplay(process.stderr)
  let report: Report
  try {
    report = await run(display.update)
  } finally {
    display.end()
  }
  const { episode: _name, isInFeed: _said, restoration: _ofCertificate, ...agreed } = report // what scripts depend on
  print<object>(json, agreed, () => summarise(report))
  if (report.status === 'awaiting_review') process.exitCode = awaitingReview
}

/** What every first trial needs to know. */
const nobodysShow =
  'Show      none was given: this is a trial, alone in a feed of its own, which says "My podcast" by "Unknown author".\n' +
  '          ./spool init my-show writes a show to fill in, and --podcast my-show puts the episode into its feed.\n'

/** A word on a show that says of itself what `init` wrote; empty where all is filled in. */
export async function unfilledShow(podcast: string): Promise<string> {
  const [{ readPodcast }, { stillToFill }] = await Promise.all([
    import('./job-files.ts'),
    import('./init.ts'),
  ])
  const left = stillToFill(await readPodcast(podcast))
  return left.length === 0
    ? ''
    : `Show      ${podcast} still has the ${left.join(' and the ')} that init wrote, and that is what listeners of it read.\n` +
        `          Change it, then: ./spool rebuild ${quoted(path.dirname(podcast))}\n`
}

export async function runJob(asked: Job, json: boolean): Promise<void> {
  const { isShow, withShow } = await import('./job-files.ts')
  const { podcast: show } = asked
  const job = show !== undefined && isShow(show) ? withShow(asked, show) : asked
  await mustBeThere(job)
  const { mustBeReady } = await import('./preflight.ts')
  await mustBeReady(job, { stateDir, out: job.out ?? 'episodes' })
  await withCloud(async (cloud, signal) => {
    const [{ assemble }, { describeQuote }] = await Promise.all([
      import('./assemble.ts'),
      import('./cost-lines.ts'),
    ])
    const beginning = {
      quote: (quote: Quote) => {
        if (!json) process.stdout.write(describeQuote(quote))
      },
      show: tell,
    }
    await reportRun((watch) => assemble(cloud, job, watch, signal, beginning), json)
    if (!json) process.stdout.write(job.podcast === undefined ? nobodysShow : await unfilledShow(job.podcast))
  })
}

/** Throws WrongUsage naming a file of the job that is not there, or what is said of it and says nothing. */
export async function mustBeThere(job: Job): Promise<void> {
  const { recordings, words, template, podcast, episode, cover, chapters, title, number } = job
  if (title?.trim() === '')
    throw new WrongUsage('--title is empty. Leave it out, or say what listeners read.')
  if (number !== undefined && !/^[1-9]\d{0,8}$/.test(number))
    throw new WrongUsage(`--number takes a number from 1, not "${number}".`)
  const missing =
    (await noSettings('podcast', podcast)) ??
    (await noSettings('episode', episode)) ??
    otherDocument(podcast) ??
    (await missingShow(podcast)) ??
    (await missingFile([...recordings, words, template, podcast, episode, cover, chapters]))
  if (missing !== undefined) throw new WrongUsage(missing)
}

export const fetchEpisode: typeof fetchRun = async (...given) =>
  (await import('./assemble.ts')).fetchRun(...given)

/** A time that means the same everywhere. */
export function timeOf(text: string): Date {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)
  const time = new Date(text)
  if (!isTime || Number.isNaN(time.getTime()))
    throw new WrongUsage(`--at takes a time with its zone, such as 2026-12-24T06:00:00+01:00, not "${text}".`)
  return time
}

const settingsTaken = {
  podcast: 'a show: its folder, its podcast.json, or for upload its name',
  episode: "an episode.json, or for upload the episode's name",
}

/** A recording is easily given to the option before it. */
async function noSettings(
  option: keyof typeof settingsTaken,
  file: string | undefined,
): Promise<string | undefined> {
  const { whatItIs, isShow } = await import('./job-files.ts')
  const is = file === undefined || isShow(file) ? undefined : whatItIs(path.basename(file))
  return is && `--${option} takes ${settingsTaken[option]}. ${file} is ${is}.`
}

/** What lies beside a show's settings is easily named in their place. */
function otherDocument(podcast: string | undefined): string | undefined {
  const file = path.basename(podcast ?? '')
  return podcast === undefined || !/^(episode|template)\.json$/i.test(file)
    ? undefined
    : `--podcast takes a show's folder or its podcast.json, not ${podcast}: say --podcast ${quoted(path.dirname(podcast))}, ` +
        `and ${file.startsWith('e') ? '--episode' : '--template'} for that file.`
}

/** A show's folder is easily misspelt, or not begun yet. */
async function missingShow(podcast: string | undefined): Promise<string | undefined> {
  if (podcast === undefined) return undefined
  const found = await stat(podcast).catch(() => undefined)
  const folder = /\.json$/i.test(podcast) ? path.dirname(podcast) : podcast
  const begin = `./spool init ${quoted(folder)} begins one.`
  if (!found) return `There is no show ${podcast}: neither a folder nor a podcast.json. ${begin}`
  return found.isDirectory() && !existsSync(path.join(podcast, 'podcast.json'))
    ? `The folder ${podcast} has no podcast.json. ${begin}`
    : undefined
}

/** Says which of the files is not there; undefined when all are. */
export async function missingFile(files: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const file of files) {
    if (file === undefined) continue
    const found = await stat(file).catch(() => undefined)
    if (!found) return `There is no file ${file}.`
    if (!found.isFile()) return `${file} is not a file.`
  }
  return undefined
}

/** One line from the terminal. */
export async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

/** From a terminal without showing it, or from a pipe. */
export async function askSecret(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const { Writable } = await import('node:stream')
  if (process.stdin.isTTY) process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY })
  try {
    for await (const line of lines) return line.trim()
    return ''
  } finally {
    lines.close()
    if (process.stdin.isTTY) process.stderr.write('\n')
  }
}
