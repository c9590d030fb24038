/** Commands for a show: its feed, and its letters. */
import type { Command } from 'commander'
import type { ErrorCode } from '../../../shared/codes.ts'
import { Permanent } from '../../../shared/errors.ts'
import type { Client } from '../../client/client.ts'
import type { ExportJob } from '../export.ts'
import type { ShowFolder } from '../bring-show.ts'
import type { ImportJob } from '../import-feed.ts'
import {
  awaitingReview,
  missingFile,
  print,
  stateDir,
  tell,
  withClient,
  withCloud,
  WrongUsage,
  sameShowOption,
} from '../frame.ts'

interface RebuildFlags {
  readonly dryRun?: boolean
  readonly sameShow?: true
  readonly json?: true
}

export function add(program: Command): void {
  program
    .command('rebuild')
    .description(
      'make every episode of a podcast anew whose template, show or tools have changed; stopped, it goes on where it was',
    )
    .argument(
      '<podcast>',
      "the podcast's name, as ./spool list shows it; or a show's folder, which is brought along",
    )
    .option(
      '--dry-run',
      'only say which, why, and how many minutes; of a folder, what would be brought along',
    )
    .option('--same-show', sameShowOption)
    .option('--json', 'print one JSON object instead of a table')
    .action(async (podcast: string, { dryRun = false, sameShow, json }: RebuildFlags) => {
      await withClient(async (client, signal) => {
        const [{ rebuild, summariseRebuild }, { uploadDisplay }] = await Promise.all([
          import('../rebuild.ts'),
          import('../progress.ts'),
        ])
        const { slug, wouldChange, note } = await showMeant(
          client,
          { folder: podcast, sameShow },
          dryRun,
          signal,
        )
        tell(note)
        const display = uploadDisplay(process.stderr)
        const watch = {
          making: (one: { slug: string }, share: number) => display.making(share, one.slug),
          resting: (until: Date) =>
            tell(
              `Waits     as many runs as are allowed in an hour were started; it goes on at ${until.toISOString()}.\n`,
            ),
        }
        const report = await rebuild(client, slug, { dryRun, wouldChange }, watch, signal).finally(
          display.end,
        )
        print(json, report, summariseRebuild)
        const came = new Set(report.episodes.map(({ status }) => status))
        if (came.has('failed')) process.exitCode = 1
        else if (came.has('waits') && !dryRun) process.exitCode = awaitingReview
      })
    })

  program
    .command('export')
    .description(
      'a podcast as a folder that any web server can serve: its feed, its episodes and what belongs to them',
    )
    .argument('<podcast>', "the podcast's name, as ./spool list shows it")
    .requiredOption('--url <address>', 'where the folder will be, such as https://example.com/my-show')
    .option('--out <dir>', 'the folder', 'site')
    .option('--json', 'print one JSON object instead of lines')
    .action(async (podcast: string, { json, ...job }: ExportJob & { json?: true }) => {
      const { exportPodcast, folderAddress, summariseExport } = await import('../export.ts')
      const url = folderAddress(job.url)
      if (url === undefined)
        throw new WrongUsage(`--url takes an address such as https://example.com/my-show, not "${job.url}".`)
      await withClient(async (client, signal) => {
        print(json, await exportPodcast(client, podcast, { ...job, url }, signal), summariseExport)
      })
    })

  program
    .command('check')
    .description(
      "the directories' rules on any feed: a file, an episode's folder, an address on this machine",
    )
    .argument('<feed>')
    .option('--json', 'print one JSON object instead of lines')
    .action(async (feed: string, { json }: { json?: true }) => {
      const { check, summariseFindings } = await import('../check.ts')
      const findings = await check(feed)
      process.stdout.write(json ? `${JSON.stringify({ findings })}\n` : summariseFindings(findings))
      if (findings.some(({ severity }) => severity === 'error')) process.exitCode = 1
    })

  program
    .command('import-feed')
    .description('take a show over from the feed it has elsewhere: every episode under its guid and its date')
    .argument('<feed>', 'a file or an address')
    .option('--podcast <name>', "the podcast's name; made of its title when not given")
    .option(
      '--same-show',
      "the show of that name that is there already is this feed's, though nothing says so",
    )
    .option('--fetch', 'the audio comes too; else it stays where it is')
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print one JSON object instead of a summary')
    .action(async (feed: string, { json, ...job }: ImportJob & { json?: true }) => {
      const missing = /^https?:/i.test(feed) ? undefined : await missingFile([feed])
      if (missing !== undefined) throw new WrongUsage(missing)
      await withCloud(async (cloud, signal) => {
        const { importFeed, summariseImport } = await import('../import-feed.ts')
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
          import('../read-mail.ts'),
          import('../progress.ts'),
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

  addLetters(program)
}

interface LettersFlags {
  readonly delete?: readonly string[]
  readonly json?: true
}

function addLetters(program: Command): void {
  program
    .command('letters')
    .description('the listener mail there is, and in which episodes it was read out')
    .option('--delete <letters...>', 'delete these for good, by their ids')
    .option('--json', 'print one JSON object instead of a table')
    .action(async ({ delete: ids, json }: LettersFlags) => {
      await withClient(async (client) => {
        const { deleteLetters, listLetters, summariseDeleted, summariseLetters } =
          await import('../letters.ts')
        if (ids) print(json, await deleteLetters(client, ids), summariseDeleted)
        else print(json, { letters: await listLetters(client) }, ({ letters }) => summariseLetters(letters))
      })
    })
}

/** The podcast of that name; or of a show's folder, whose settings are brought along unless nothing is to be done. */
async function showMeant(
  client: Client,
  show: ShowFolder,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<{ slug: string; wouldChange: readonly string[]; note: string }> {
  const { folder: podcast } = show
  const { isShow } = await import('../job-files.ts')
  if (!isShow(podcast)) {
    if (/[/\\]/.test(podcast))
      throw new WrongUsage(`${podcast} is no show's folder: there is no podcast.json in it.`)
    const { podcastNamed } = await import('../../client/names.ts')
    return { slug: (await podcastNamed(client, podcast)).slug, wouldChange: [], note: '' }
  }
  const [{ bringShow, compareShow }, { uploadMemory }] = await Promise.all([
    import('../bring-show.ts'),
    import('../../client/send.ts'),
  ])
  if (dryRun) {
    const { podcast: known, files, reasons, note } = await compareShow(client, show, signal)
    return {
      slug: known.slug,
      wouldChange: reasons,
      note: note + broughtNote('would be brought', podcast, files),
    }
  }
  const { podcast: known, files } = await bringShow(client, uploadMemory(stateDir), show, tell, signal)
  return { slug: known.slug, wouldChange: [], note: broughtNote('brought', podcast, files) }
}

const broughtNote = (verb: string, folder: string, files: readonly string[]): string =>
  files.length === 0
    ? ''
    : `spool: ${verb} along from ${folder}: ${files.join(', ')}.` +
      `${files.includes('podcast.json') ? ' What the show says of itself comes into the feed by itself.' : ''}\n`
