/** Commands for episodes that are there: on this machine, or in a Spool elsewhere. */
import path from 'node:path'
import type { Details } from '../edit.ts'
import type { Command } from 'commander'
import { Permanent } from '../../../shared/errors.ts'
import type { Client } from '../../client/client.ts'
import type { DeletionReport } from '../delete.ts'
import {
  ask,
  isUp,
  mustBeThere,
  print,
  tell,
  stateDir,
  timeOf,
  unfilledShow,
  withClient,
  withCloud,
  WrongUsage,
  awaitingReview,
  sameEpisodeOption,
  sameShowOption,
} from '../frame.ts'
import { quoted } from '../quoted.ts'
import type { UploadJob } from '../upload.ts'

const episodeArgument = 'its id, its name, or podcast/name'

export function add(program: Command): void {
  program
    .command('upload')
    .description(
      'bring a recording to the Spool that is up, or that SPOOL_URL names; an upload cut off goes on where it was',
    )
    .argument('<file...>', 'recordings; several are one after the other')
    .requiredOption('--podcast <podcast>', "the podcast's name, its podcast.json, or a show's folder")
    .option(
      '--episode <episode>',
      "the episode's name; or its episode.json, and then it is named after the recording, as without",
    )
    .option('--same-show', sameShowOption)
    .option('--same-episode', sameEpisodeOption)
    .option('--tracks', 'several recordings are tracks of one conversation')
    .option('--words <file>', 'words with times: JSON, WebVTT or SubRip')
    .option('--template <file>', 'the show: segments, cleaning, loudness, output')
    .option('--title <title>', "the episode's title; its name when not given")
    .option('--number <number>', "the episode's number")
    .option('--cover <file>', 'JPEG or PNG')
    .option(
      '--chapters <file>',
      'chapters at times of the recording: JSON, WebVTT, Podlove XML or plain text',
    )
    .option('--cancel', 'what is being made of this episode ends first')
    .option('--wait', 'until it is finished, or waits for a decision')
    .option('--json', 'print one JSON object instead of a line')
    .action(
      async (recordings: string[], { json, ...options }: Omit<UploadJob, 'recordings'> & { json?: true }) => {
        const { podcast, episode, ...files } = options
        const { isShow, namesFile } = await import('../job-files.ts')
        const given = [['podcast', podcast], ['episode', episode]] as const // prettier-ignore
        const named = given.filter(([, file]) => file !== undefined && namesFile(file) && !isShow(file))
        await mustBeThere({ recordings, ...files, ...Object.fromEntries(named) })
        await withClient(
          async (client, signal) => {
            const [{ upload }, { summariseUpload }, { uploadDisplay }, { uploadMemory }] = await Promise.all([
              import('../upload.ts'),
              import('../upload-outcome.ts'),
              import('../progress.ts'),
              import('../../client/send.ts'),
            ])
            const display = { ...uploadDisplay(process.stderr), beginning: tell }
            const job = { recordings, ...options }
            const report = await upload(client, uploadMemory(stateDir), job, display, signal).finally(
              display.end,
            )
            print(json, report, summariseUpload)
            if (!json && isShow(podcast))
              process.stdout.write(await unfilledShow(path.join(podcast, 'podcast.json')))
            if (report.status === 'awaiting_review') process.exitCode = awaitingReview
          },
          { mustStay: true },
        )
      },
    )

  program
    .command('list')
    .description('the episodes there are, here or where SPOOL_URL says')
    .option('--all', 'also failed trials that had another try since, which --json always has')
    .option('--json', 'print one JSON object instead of a table')
    .action(async ({ all = false, json }: { all?: boolean; json?: true }) => {
      const isUp = await isKept()
      await withClient(async (client) => {
        const { list, summariseList } = await import('../list.ts')
        print(json, { episodes: await list(client) }, ({ episodes }) =>
          summariseList(episodes, { isUp, all }),
        )
      })
    })

  program
    .command('download')
    .description("an episode's finished files, from here or where SPOOL_URL says")
    .argument('<episode>', episodeArgument)
    .option('--out <dir>', 'where they go; episodes/<name>/ when not given')
    .option('--json', 'print one JSON object instead of their places')
    .action(async (episode: string, { out, json }: { out?: string; json?: true }) => {
      await withClient(async (client, signal) => {
        const { download, summariseDownload } = await import('../list.ts')
        print(json, await download(client, episode, out, signal), summariseDownload)
      })
    })

  program
    .command('edit')
    .description('say something else of an episode: its feed follows at once, and nothing is made again')
    .argument('<episode>', episodeArgument)
    .option('--title <title>', 'what listeners read')
    .option('--description <text>', 'what it is about; "" for none')
    .option('--json', 'print one JSON object instead of lines')
    .action(async (episode: string, { json, ...details }: Details & { json?: true }) => {
      if (Object.keys(details).length === 0)
        throw new WrongUsage('Say what is to be changed: --title TITLE, --description TEXT, or both.')
      if (details.title?.trim() === '') throw new WrongUsage('--title is empty. Say what listeners read.')
      await withClient(async (client, signal) => {
        const { edit, summariseEdit } = await import('../edit.ts')
        print(json, await edit(client, episode, details, signal), summariseEdit)
      })
    })

  for (const [name, what] of [
    ['publish', 'put a finished episode into the feed, now or at a time, or take that time back'],
    ['unpublish', 'take an episode out of the feed; it keeps its date and its guid'],
  ] as const) {
    const command = program.command(name).description(what)
    command.argument('<episode>', episodeArgument)
    if (name === 'publish')
      command.option(
        '--at <time>',
        'with its zone, such as 2026-12-24T06:00:00+01:00; "never": the time that was named is taken back, and it waits until it is published',
      )
    command.option('--json', 'print one JSON object instead of a line')
    command.action(async (episode: string, { at, json }: { at?: string; json?: true }) => {
      const time = at === undefined || at === 'never' ? at : timeOf(at)
      const isServed = await isKept()
      await withClient(async (client, signal) => {
        const { changePublication, summarisePublication } = await import('../publish.ts')
        const { report, isNew } = await changePublication(client, episode, name, time, signal)
        print(json, report, (one) => summarisePublication(one, { episode, isNew, isServed }))
      })
    })
  }

  program
    .command('delete')
    .description(
      'delete an episode for good, a show without any, or everything that was ever made or uploaded here',
    )
    .argument('[episode]', episodeArgument)
    .option(
      '--podcast <podcast>',
      'a show that has no episodes, with its settings, its template and its files',
    )
    .option('--everything', 'all episodes, letters, keys and uploads of this machine')
    .option('--cancel', 'cancel its live run, if it has one')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object instead of a line')
    .action(async (episode: string | undefined, { json, ...options }: DeleteFlags) => {
      const { podcast, everything } = options
      if ([episode, podcast, everything].filter((one) => one !== undefined).length !== 1)
        throw new WrongUsage('Name one episode, or a show by --podcast, or say --everything and name none.')
      const { summariseDeletion } = await import('../delete.ts')
      const report =
        episode !== undefined
          ? await deleteOne(episode, options)
          : podcast !== undefined
            ? await deleteShow(podcast, options)
            : await deleteEverything(options)
      print(json, report, summariseDeletion)
    })
}

/** Whether the Spool that is asked stays when the command has ended. */
async function isKept(): Promise<boolean> {
  const { accessElsewhere } = await import('../reach.ts')
  return accessElsewhere(process.env) !== undefined || (await isUp())
}

interface DeleteFlags {
  readonly podcast?: string
  readonly everything?: boolean
  readonly cancel?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

const deleteOne = (named: string, { cancel = false, yes = false }: DeleteFlags): Promise<DeletionReport> =>
  withClient(async (client, signal) => {
    const [{ deleteEpisode }, { findEpisode }] = await Promise.all([
      import('../delete.ts'),
      import('../../client/episodes.ts'),
    ])
    const { id, title, status } = await findEpisode(client, named).catch((error: unknown) =>
      throwShowMeant(client, named, error),
    )
    if (!yes)
      await mustMean(`"${title}" (${status}, ${id}), its recordings and all that was made of them`, 'yes')
    return await deleteEpisode(client, id, cancel, signal)
  })

/** Where a show is called so, says how that is deleted. */
async function throwShowMeant(client: Client, named: string, error: unknown): Promise<never> {
  if (!(error instanceof Permanent && error.code === 'not_found')) throw error
  const { findPodcast } = await import('../../client/names.ts')
  const show = await findPodcast(client, named)
  if (!show) throw error
  const { slug } = show
  const how = `It is a show: ./spool delete --podcast ${quoted(slug)} deletes it, when it has no episodes.`
  throw new Permanent('not_found', `There is no episode "${named}". ${how}`, { cause: error })
}

const deleteShow = (named: string, { yes = false }: DeleteFlags): Promise<DeletionReport> =>
  withClient(async (client, signal) => {
    const [{ deletePodcast, mustHaveNone }, { podcastNamed }] = await Promise.all([
      import('../delete.ts'),
      import('../../client/names.ts'),
    ])
    const show = await podcastNamed(client, named)
    await mustHaveNone(client, show)
    if (!yes)
      await mustMean(`the show "${show.settings.title}" (${show.slug}), its template and files`, 'yes')
    return await deletePodcast(client, show, signal)
  })

async function deleteEverything({ yes = false }: DeleteFlags): Promise<DeletionReport> {
  const { accessElsewhere } = await import('../reach.ts')
  if (accessElsewhere(process.env))
    throw new WrongUsage('Everything of a Spool elsewhere is deleted in its console, not from here.')
  const { deleteAll } = await import('../delete.ts')
  return await withCloud(async (cloud, signal) => {
    if (!yes) await mustMean('everything', 'everything')
    return await deleteAll(cloud, signal)
  })
}

/** Throws Permanent `user_cancelled` unless the word is typed, WrongUsage where nobody is there to type it. */
async function mustMean(what: string, word: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new WrongUsage(
      `This would delete ${what}. Nobody is there to be asked; say --yes to delete without a question.`,
    )
  const said = await ask(`This deletes ${what}, for good. Type "${word}" to do so: `)
  if (said !== word) throw new Permanent('user_cancelled', 'Nothing was deleted.')
}
