/**
 * The command line: every command with its flags, and the exit codes that scripts depend on: 0 done, 1
 * failed, 2 wrong usage, 3 awaiting review.
 */
import { Command, CommanderError } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { Permanent, classify } from '../../shared/errors.ts'
import { add as addEars } from './commands/ears.ts'
import { add as addEpisodes } from './commands/episodes.ts'
import { add as addHost } from './commands/host.ts'
import { add as addMaking } from './commands/making.ts'
import { add as addShows } from './commands/shows.ts'
import { add as addSound } from './commands/sound.ts'
import { unspoken } from '../../shared/unspoken.ts'
import { refuseRepeated } from './once-only.ts'
import { misspelt } from './misspelt.ts'
import { cancelled, interrupted, root, WrongUsage } from './frame.ts'

process.env['METADATA_SERVER_DETECTION'] = 'none'
// a file at its size limit is a failed write, not the end of the process
process.on('SIGXFSZ', () => undefined)

const { version } = packageFile as { version: string }
const program = new Command('spool')
  .description('Podcast episodes from raw recordings.')
  .version(version, '--version', 'which Spool this is')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

for (const add of [addMaking, addEpisodes, addSound, addEars, addShows, addHost]) add(program)

// What proves Spool stands above everything else, so that nothing else knows it.

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
  .option(
    '--ears <folder>',
    'only how well installed models hear: recordings NAME.wav, their words in NAME.txt',
  )
  .action(async ({ quick, long, ears }: { quick?: true; long?: true; ears?: string }) => {
    if (ears !== undefined) {
      const { benchEars } = await import('../../bench/ears.ts')
      await benchEars(ears, cancelled())
      return
    }
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

refuseRepeated(program)

function describe(thrown: unknown): { code: string | undefined; message: string } {
  const isAborted = thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause !== undefined
  const error = isAborted ? thrown.cause : thrown // why it was
  const kind = classify(error)
  if (kind instanceof Permanent) return { code: kind.code, message: kind.message }
  return { code: undefined, message: unspoken(error instanceof Error ? error.message : String(error)) }
}

function explainAndExit(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2 // commander has said why
    if (error.code === 'commander.missingMandatoryOptionValue')
      process.stderr.write(misspelt(program, process.argv.slice(2)))
    return
  }
  const { code, message } = describe(error)
  process.stderr.write(`spool: ${code === undefined ? '' : `${code}: `}${message}\n`)
  const { faults = [] } = error as { faults?: readonly { code: string; message: string }[] }
  const others = faults.slice(1)
  for (const other of others) process.stderr.write(`spool: ${other.code}: ${other.message}\n`)
  if (others.length > 0) process.stderr.write('spool: nothing was started.\n')
  process.exitCode = error instanceof WrongUsage ? 2 : 1
}

/** Until all that was written has been read, or its reader has left. */
const taken = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })

try {
  await program.parseAsync()
} catch (error) {
  explainAndExit(error)
}
// A kept-alive connection to a server that has ended must not keep the process; a slow reader may.
await Promise.all([process.stdout, process.stderr].map(taken))
process.exit()
