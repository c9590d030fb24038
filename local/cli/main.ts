/**
 * The command line: every command with its flags, and the exit codes that scripts depend on: 0 done, 1
 * failed, 2 wrong usage, 3 awaiting review.
 */
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { Command, CommanderError } from 'commander'
import type { ErrorCode } from '../../shared/codes.ts'
import { Permanent, classify } from '../../shared/errors.ts'
import type { Repair } from '../../shared/housekeeping/repair.ts'
import type { fetchRun, Report, Watcher } from './assemble.ts'
import type { Job } from './job-upload.ts'
import type { ImportJob } from './import-feed.ts'
import type { Attached } from '../host/cloud.ts'
import { FolderBusy } from '../host/lock.ts'
import { choosePorts, isFree } from '../host/ports.ts'

// Each command loads what it needs: a wrong flag is told at once, not after the cloud clients.

const root = path.join(import.meta.dirname, '../..')
const stateDir = process.env['SPOOL_STATE'] ?? path.join(root, '.spool')

/** The caller's mistake: exit 2, as for an unknown flag. */
class WrongUsage extends Error {}

process.env['METADATA_SERVER_DETECTION'] = 'none'
// a file at its size limit is a failed write, not the end of the process
process.on('SIGXFSZ', () => undefined)

const program = new Command('spool')
  .description('Podcast episodes from raw recordings.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

program
  .command('assemble')
  .description('make a finished episode of a recording')
  .argument('<recording...>', 'MP3, WAV, M4A, FLAC, Ogg, Opus, WebM or MP4; several are one after the other')
  .option('--tracks', 'several recordings are tracks of one conversation')
  .option('--words <file>', 'words with times: JSON, WebVTT or SubRip')
  .option('--template <file>', 'the show: segments, cleaning, loudness, output')
  .option('--podcast <file>', 'the podcast: title, author, language and so on')
  .option('--episode <file>', 'the episode: title, description, number, season, guest and so on')
  .option('--title <title>', "the episode's title; the file's name when not given")
  .option('--cover <file>', 'JPEG or PNG')
  .option('--chapters <file>', 'chapters at times of the recording: JSON, WebVTT, Podlove XML or plain text')
  .option('--out <dir>', 'where the files go; episodes/<name>/ when not given')
  .option('--rehash', 'read and send every file again, also one that has not changed')
  .option('--json', 'print one JSON object instead of a summary')
  .action(async (recordings: string[], options: Omit<Job, 'recordings'> & { json?: true }) => {
    await runJob({ recordings, ...options }, options.json ?? false)
  })

program
  .command('demo')
  .description('assemble the sample that ships with Spool')
  .option('--out <dir>', 'where the files go', path.join('episodes', 'demo'))
  .option('--json', 'print one JSON object instead of a summary')
  .action(async ({ out, json }: { out: string; json?: true }) => {
    const { sampleJob } = await import('./sample.ts')
    await runJob(sampleJob(root, out), json ?? false)
  })

program
  .command('review')
  .description('what waits for a decision, with clips before and after; takes decisions')
  .argument('<episode>', "the episode's id, or its name")
  .option(
    '--decisions <file>',
    'JSON as the review page saves it; the episode goes on, or is made again, with it',
  )
  .option('--out <dir>', 'where the page and the clips go, or the finished files')
  .option('--json', 'print one JSON object instead of a summary')
  .action(async (episode: string, options: { decisions?: string; out?: string; json?: true }) => {
    const missing = await missingFile([options.decisions])
    if (missing !== undefined) throw new WrongUsage(missing)
    await withCloud(async (cloud, signal) => {
      const { reviewEpisode, listReview, decide } = await import('./review.ts')
      const { services, review } = await reviewEpisode(cloud, episode)
      if (options.decisions !== undefined) {
        const runId = await decide(services, review, options.decisions)
        await reportRun(
          (watch) => fetchEpisode(cloud, runId, review.episode.slug, options.out, watch, signal),
          options.json ?? false,
        )
        return
      }
      const { summariseListing } = await import('./summary.ts')
      const listing = await listReview(
        services,
        review,
        options.out ?? path.join('review', review.episode.slug),
        signal,
      )
      process.stdout.write(options.json ? `${JSON.stringify(listing)}\n` : summariseListing(listing))
      if (listing.waiting.length > 0) process.exitCode = awaitingReview
    })
  })

for (const [name, asked, what] of [
  ['publish', 'publish', 'put a finished episode into the feed, now or at a time'],
  ['unpublish', 'withdraw', 'take an episode out of the feed; it keeps its date and its guid'],
] as const) {
  const command = program.command(name).description(what)
  command.argument('<episode>', "the episode's id, or its name")
  if (asked === 'publish') command.option('--at <time>', 'with its zone, such as 2026-12-24T06:00:00+01:00')
  command.option('--json', 'print one JSON object instead of a line')
  command.action(async (episode: string, { at, json }: { at?: string; json?: true }) => {
    const time = at === undefined ? undefined : timeOf(at)
    await withCloud(async (cloud, signal) => {
      const { changePublication, summarisePublication } = await import('./publish.ts')
      const report = await changePublication(cloud, episode, asked, time, signal)
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : summarisePublication(report))
    })
  })
}

program
  .command('delete')
  .description('delete an episode for good, or everything that was ever made or uploaded here')
  .argument('[episode]', "the episode's id, or its name")
  .option('--everything', 'all episodes, letters, keys and uploads')
  .option('--cancel', 'cancel its live run, if it has one')
  .option('--yes', 'do not ask')
  .option('--json', 'print one JSON object instead of a line')
  .action(async (episode: string | undefined, options: DeleteFlags) => {
    const { everything = false, cancel = false, yes = false, json = false } = options
    if ((episode === undefined) !== everything)
      throw new WrongUsage('Name one episode, or say --everything and name none.')
    if (!yes && !process.stdin.isTTY)
      throw new WrongUsage('Nobody is there to be asked; say --yes to delete without a question.')
    await withCloud(async (cloud, signal) => {
      const { deleteAll, deleteNamed, describeEpisode, summariseDeletion } = await import('./delete.ts')
      if (!yes) {
        const what = episode === undefined ? 'everything' : await describeEpisode(cloud, episode)
        const word = everything ? 'everything' : 'yes'
        const said = await ask(`This deletes ${what}, for good. Type "${word}" to do so: `)
        if (said !== word) throw new Permanent('user_cancelled', 'Nothing was deleted.')
      }
      const report =
        episode === undefined
          ? await deleteAll(cloud, signal)
          : await deleteNamed(cloud, episode, cancel, signal)
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : summariseDeletion(report))
    })
  })

program
  .command('status')
  .description('what takes how much room, and what is cleared away next')
  .option('--json', 'print one JSON object instead of lines')
  .action(async ({ json }: { json?: true }) => {
    await withCloud(async (cloud) => {
      const { readStatus, summariseStatus } = await import('./status.ts')
      const status = await readStatus(cloud, stateDir)
      process.stdout.write(json ? `${JSON.stringify(status)}\n` : summariseStatus(status))
    })
  })

program
  .command('check')
  .description("the directories' rules on any feed: a file, an episode's folder, an address on this machine")
  .argument('<feed>')
  .option('--json', 'print one JSON object instead of lines')
  .action(async (feed: string, { json }: { json?: true }) => {
    const { check, summariseFindings } = await import('./check.ts')
    const findings = await check(feed)
    process.stdout.write(json ? `${JSON.stringify({ findings })}\n` : summariseFindings(findings))
    if (findings.some(({ severity }) => severity === 'error')) process.exitCode = 1
  })

program
  .command('align')
  .description('where each word of a text is in a recording, and what was said that the text lacks')
  .argument('<recording>')
  .argument('<text>', 'captions, words JSON as recognisers write it, or a plain script (.txt)')
  .option('--language <tag>', "such as de or pt-BR; the file's own, or English, when not given")
  .option('--json', 'print one JSON object instead of a summary')
  .action(async (recording: string, text: string, { language, json }: { language?: string; json?: true }) => {
    const missing = await missingFile([recording, text])
    if (missing !== undefined) throw new WrongUsage(missing)
    if (language !== undefined && !/^[a-z]{2,3}(-[a-z\d]{1,8})*$/i.test(language))
      throw new WrongUsage(`--language takes a tag such as de or pt-BR, not "${language}".`)
    const cancel = new AbortController()
    void interrupted().then(() => cancel.abort(new Permanent('user_cancelled')))
    const { align, summariseAlignment } = await import('./align.ts')
    const report = await align(recording, text, language, cancel.signal)
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : summariseAlignment(report))
  })

program
  .command('import-feed')
  .description('take a show over from the feed it has elsewhere: every episode under its guid and its date')
  .argument('<feed>', 'a file or an address')
  .option('--podcast <name>', "the podcast's name; made of its title when not given")
  .option('--fetch', 'the audio comes too; else it stays where it is')
  .option('--dry-run', 'only say what would be done')
  .option('--json', 'print one JSON object instead of a summary')
  .action(async (feed: string, { json, ...job }: ImportJob & { json?: true }) => {
    const missing = /^https?:/i.test(feed) ? undefined : await missingFile([feed])
    if (missing !== undefined) throw new WrongUsage(missing)
    await withCloud(async (cloud, signal) => {
      const { importFeed, summariseImport } = await import('./import-feed.ts')
      const report = await importFeed(cloud, feed, job, signal)
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : summariseImport(report))
    })
  })

program
  .command('read-mail')
  .description('listener mail from a file: .mbox, .eml or a zip of .eml')
  .argument('<mailbox>')
  .option(
    '--own <address>',
    'an address of the show itself; may be given again',
    (address: string, others: string[]) => [...others, address],
    [],
  )
  .option('--json', 'print one JSON object instead of a summary')
  .action(async (mailbox: string, { own, json }: { own: string[]; json?: true }) => {
    const missing = await missingFile([mailbox])
    const wrong = own.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address))
    if (wrong !== undefined)
      throw new WrongUsage(`--own takes an address such as show@example.com, not "${wrong}".`)
    if (missing !== undefined) throw new WrongUsage(missing)
    await withCloud(async (cloud, signal) => {
      const [{ readMailbox, summariseMail }, { progressDisplay }] = await Promise.all([
        import('./read-mail.ts'),
        import('./progress.ts'),
      ])
      const display = progressDisplay(process.stderr)
      const read = await readMailbox(cloud, mailbox, own, display.update, signal).finally(display.end)
      const { report } = read
      const { message, ...counts } = report
      process.stdout.write(json ? `${JSON.stringify(counts)}\n` : summariseMail(read))
      if (report.status !== 'finished')
        throw new Permanent(report.stopReason as ErrorCode, message ?? undefined)
    })
  })

program
  .command('key')
  .description("keep a provider's key, sealed: assemblyai, elevenlabs, deepgram, openai or gemini")
  .argument('<provider>')
  .option('--remove', 'forget it')
  .action(async (provider: string, { remove }: { remove?: true }) => {
    const { keyedProviders } = await import('../../shared/providers/choose.ts')
    const { keepKey } = await import('./key.ts')
    if (!keyedProviders.includes(provider))
      throw new WrongUsage(`There is no provider "${provider}"; there are ${keyedProviders.join(', ')}.`)
    const key = remove ? undefined : await askSecret(`Key for ${provider}: `)
    if (key === '' && !(provider === 'openai' && process.env['OPENAI_URL'] !== undefined))
      throw new WrongUsage('No key was given. Only a server of your own (OPENAI_URL) may ask for none.')
    await withCloud(async (cloud) => void process.stdout.write(await keepKey(cloud, provider, key)))
  })

program
  .command('api-key')
  .description('make a key for the HTTP API; it is shown once')
  .argument('[name]', 'what it is for', 'command line')
  .option('--read-only', 'a key that changes nothing')
  .action(async (name: string, { readOnly }: { readOnly?: true }) => {
    const { makeApiKey } = await import('./key.ts')
    await withCloud(
      async (cloud) =>
        void process.stdout.write(await makeApiKey(cloud, name, readOnly ? ['read'] : ['read', 'write'])),
    )
  })

program
  .command('up')
  .description('start everything and stay')
  .option('--port <number>', 'where the functions listen', Number)
  .action(async ({ port }: { port?: number }) => {
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
      throw new WrongUsage('--port takes a number from 1 to 65535.')
    if (port !== undefined && !(await isFree(port)))
      throw new Error(`Port ${port} is taken. Free it, or choose another with --port.`)
    const { startLocalCloud, letAttach } = await import('../host/cloud.ts')
    const cloud = await startLocalCloud(stateDir, port === undefined ? {} : { ports: { functions: port } })
    await letAttach(stateDir, cloud)
    const { FUNCTIONS_URL, STORAGE_ENDPOINT, TASKS_ENDPOINT, PUBLIC_BASE_URL } = cloud.env
    const { consoleLink } = await import('./console.ts')
    process.stdout.write(
      'Spool is up.\n' +
        `  console    ${await consoleLink(cloud)} (good for one sign-in; another: spool console)\n` +
        `  api        ${FUNCTIONS_URL}/api (openapi.json there; make a key with: spool api-key)\n` +
        `  functions  ${FUNCTIONS_URL}\n` +
        `  storage    ${STORAGE_ENDPOINT}\n` +
        `  tasks      ${TASKS_ENDPOINT}\n` +
        `  public     ${PUBLIC_BASE_URL}\n` +
        `  log        ${cloud.logFile}\n` +
        'Drop a recording at uploads/u/local/<podcast>/<episode>/<file>. Ctrl-C ends it.\n',
    )
    await interrupted()
    await cloud.stop()
  })

program
  .command('console')
  .description('print a link that signs you in to the pages of the Spool that is up')
  .action(async () => {
    const { attachToStaying } = await import('../host/cloud.ts')
    const cloud = await attachToStaying(stateDir)
    if (!cloud) throw new Error('Spool is not up here. Start it in another window: spool up')
    const { consoleLink } = await import('./console.ts')
    process.stdout.write(`${await consoleLink(cloud)}\n`)
  })

program
  .command('migrate')
  .description('bring the database to the newest schema')
  .action(async () => {
    const { DATABASE_URL, FUNCTIONS_DATABASE_URL } = process.env
    const ran =
      DATABASE_URL === undefined
        ? await migrateLocal()
        : await migrateAt(DATABASE_URL, FUNCTIONS_DATABASE_URL)
    process.stdout.write(ran.length === 0 ? 'The database is up to date.\n' : `Ran ${ran.join(', ')}.\n`)
  })

program
  .command('doctor')
  .description(
    'say what is there and what is missing, on this machine and in what was made here; mend the latter',
  )
  .option('--repair', 'bring rows and objects into line, as after a backup was restored')
  .option('--dry-run', 'with --repair: say what would be done, and do nothing')
  .option('--delete-orphans', 'with --repair: delete objects older than a day that no row knows')
  .option('--json', 'print one JSON object instead of lines')
  .action(async ({ repair = false, dryRun = false, deleteOrphans = false, json = false }: DoctorFlags) => {
    if (!repair && (dryRun || deleteOrphans))
      throw new WrongUsage('--dry-run and --delete-orphans go with --repair.')
    const doctor = await import('./doctor.ts')
    const { findings, healthy } = await doctor.diagnose(root)
    const hasState = existsSync(path.join(stateDir, 'postgres'))
    if (!repair && !json) process.stdout.write(doctor.describeFindings(findings))
    const repairs: Repair[] = []
    if (healthy && hasState)
      await withCloud(async (cloud) => {
        const options = repair ? { dryRun, deleteOrphans } : { dryRun: true }
        for await (const found of doctor.repairAll(cloud, options)) {
          repairs.push(found)
          if (repair && !json) process.stdout.write(doctor.describeRepair(found))
        }
      })
    if (json) process.stdout.write(`${JSON.stringify({ findings, repairs })}\n`)
    else if (hasState) process.stdout.write(doctor.summariseRepairs(repairs, repair))
    if (!healthy) process.exitCode = 1
  })

program
  .command('rehearse')
  .description('what would be deployed, on this machine: the bundles make the sample show')
  .option('--json', 'print one JSON object instead of a table')
  .action(async ({ json }: { json?: true }) => {
    const { rehearse, describeRehearsal } = await import('./rehearse.ts')
    const cancel = new AbortController()
    void interrupted().then(() => cancel.abort())
    const say = (text: string) => void process.stderr.write(`spool: ${text}\n`)
    const watched = await rehearse(root, say, cancel.signal)
    const { sha256, functions } = watched
    process.stdout.write(json ? `${JSON.stringify({ sha256, functions })}\n` : describeRehearsal(watched))
  })

program
  .command('bench')
  .description('how fast and how lean, against LAME alone and the usual ffmpeg recipe')
  .option('--quick', 'ten minutes instead of an hour')
  .option('--long', 'ten hours as well')
  .action(async ({ quick, long }: { quick?: true; long?: true }) => {
    const { bench } = await import('../../bench/bench.ts')
    await bench(root, { quick: quick ?? false, long: long ?? false })
  })

program
  .command('faults')
  .description(
    'the proof that nothing is lost: crash points, the protocol simulated, planted bugs, a soak under chaos',
  )
  .option('--quick', 'a sample of each, in a few minutes')
  .option('--soak <minutes>', 'the soak alone, for so long', Number)
  .option('--seed <n>', 'with --quick or --soak which sample; else one case again, as it was printed', Number)
  .option('--json', 'print one JSON object instead of tables')
  .action(
    async ({ quick, soak, seed, json }: { quick?: true; soak?: number; seed?: number; json?: true }) => {
      const { faults, describeFaults } = await import('../../faults/faults.ts')
      const say = (text: string) => void process.stderr.write(`spool: ${text}\n`)
      const found = await faults({ root, quick: quick ?? false, soakMinutes: soak, seed, say })
      process.stdout.write(json ? `${JSON.stringify(found.report)}\n` : describeFaults(found))
      if (found.report.failed > 0) process.exitCode = 1
    },
  )

program
  .command('fuzz')
  .description('files as people bring them, mutated piece by piece, through the readers of the product')
  .option('--seconds <n>', 'how long', Number, 60)
  .option('--seed <n>', 'where the seeds begin', Number, 1)
  .option('--only <input>', 'one input again, as it was printed')
  .action(async ({ only, ...options }: { seconds: number; seed: number; only?: string }) => {
    const { fuzz, fuzzOnly } = await import('../../tests/fuzz/fuzz.ts')
    if (!(await (only === undefined ? fuzz(options) : fuzzOnly(only)))) process.exitCode = 1
  })

program
  .command('test')
  .description('types, lint, format and every test')
  .argument('[pattern...]', 'only test files whose path matches')
  .action(async (patterns: string[]) => {
    const { runChecks } = await import('./checks.ts')
    process.exitCode = await runChecks(root, patterns)
  })

async function migrateAt(databaseUrl: string, functionsUrl: string | undefined): Promise<string[]> {
  const { migrate } = await import('../../shared/db/migrate.ts')
  return await migrate(databaseUrl, functionsUrl)
}

async function migrateLocal(): Promise<string[]> {
  const [{ startPostgres }, { holdFolder }] = await Promise.all([
    import('../host/postgres.ts'),
    import('../host/lock.ts'),
  ])
  await mkdir(stateDir, { recursive: true })
  const folder = await holdFolder(stateDir)
  try {
    const postgres = await startPostgres(
      path.join(stateDir, 'postgres'),
      (await choosePorts(stateDir)).database,
    )
    await postgres.ready
    return await migrateAt(postgres.url, postgres.functionsUrl).finally(postgres.stop)
  } finally {
    await folder.release()
  }
}

/** A time that means the same everywhere. */
function timeOf(text: string): Date {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)
  const time = new Date(text)
  if (!isTime || Number.isNaN(time.getTime()))
    throw new WrongUsage(`--at takes a time with its zone, such as 2026-12-24T06:00:00+01:00, not "${text}".`)
  return time
}

/** Says which of the files is not there; undefined when all are. */
async function missingFile(files: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const file of files) {
    if (file === undefined) continue
    const found = await stat(file).catch(() => undefined)
    if (!found) return `There is no file ${file}.`
    if (!found.isFile()) return `${file} is not a file.`
  }
  return undefined
}

/** The exit code of a command that cannot go on without its producer. */
const awaitingReview = 3

async function runJob(job: Job, json: boolean): Promise<void> {
  const { recordings, words, template, podcast, episode, cover, chapters } = job
  const missing = await missingFile([...recordings, words, template, podcast, episode, cover, chapters])
  if (missing !== undefined) throw new WrongUsage(missing)
  await withCloud(async (cloud, signal) => {
    const { assemble } = await import('./assemble.ts')
    await reportRun((watch) => assemble(cloud, job, watch, signal), json)
  })
}

/** Starts or finds the cloud, and leaves it as it was. An interrupt aborts the signal. */
async function withCloud(use: (cloud: Attached, signal: AbortSignal) => Promise<void>): Promise<void> {
  const cancel = new AbortController()
  void interrupted().then(() => cancel.abort())
  const cloud = await startOrAttach(cancel.signal)
  try {
    await use(cloud, cancel.signal)
  } finally {
    await cloud.stop()
  }
}

/** Shows a run's progress while it lasts, and what came of it. */
async function reportRun(run: (watch: Watcher) => Promise<Report>, json: boolean): Promise<void> {
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
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : summarise(report))
  if (report.status === 'awaiting_review') process.exitCode = awaitingReview
}

const fetchEpisode: typeof fetchRun = async (...given) => (await import('./assemble.ts')).fetchRun(...given)

interface DoctorFlags {
  readonly repair?: boolean
  readonly dryRun?: boolean
  readonly deleteOrphans?: boolean
  readonly json?: boolean
}

interface DeleteFlags {
  readonly everything?: true
  readonly cancel?: true
  readonly yes?: true
  readonly json?: true
}

/** One line from the terminal. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

/** From a terminal without showing it, or from a pipe. */
async function askSecret(question: string): Promise<string> {
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

/** Uses the cloud that `spool up` keeps; another command at work on the same folder is waited for. */
async function startOrAttach(signal: AbortSignal): Promise<Attached> {
  const { attach, startLocalCloud } = await import('../host/cloud.ts')
  for (let told = false; ;) {
    try {
      return await startLocalCloud(stateDir)
    } catch (error) {
      if (!(error instanceof FolderBusy)) throw error
      const staying = await attach(stateDir, error.pid)
      if (staying) return staying
      if (!told)
        process.stderr.write(
          `spool: another spool is at work (process ${error.pid}); waiting for it to end\n`,
        )
      told = true
      if (signal.aborted) throw new Permanent('user_cancelled')
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

const interrupted = (): Promise<void> =>
  new Promise((resolve) => ['SIGINT', 'SIGTERM'].forEach((name) => process.once(name, () => resolve())))

function describe(error: unknown): { code: string | undefined; message: string } {
  const kind = classify(error)
  if (kind instanceof Permanent) return { code: kind.code, message: kind.message }
  return { code: undefined, message: error instanceof Error ? error.message : String(error) }
}

function explainAndExit(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2 // commander has said why
    return
  }
  const { code, message } = describe(error)
  process.stderr.write(`spool: ${code === undefined ? '' : `${code}: `}${message}\n`)
  process.exitCode = error instanceof WrongUsage ? 2 : 1
}

try {
  await program.parseAsync()
} catch (error) {
  explainAndExit(error)
}
// A kept-alive connection to a server that has ended must not keep the process.
process.exit()
