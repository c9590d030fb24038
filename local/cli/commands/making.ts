/** Commands that make an episode, and those with which its producer has a say in it. */
import path from 'node:path'
import { Option, type Command } from 'commander'
import type { Rest } from '../../../shared/edits/decisions-file.ts'
import type { Job } from '../job-files.ts'
import {
  awaitingReview,
  fetchEpisode,
  missingFile,
  reportRun,
  root,
  runJob,
  withCloud,
  WrongUsage,
  sameEpisodeOption,
  sameShowOption,
} from '../frame.ts'

/** Here and not from where decisions are read, which would load all that reads them. */
const restChoices: readonly Rest[] = ['accept', 'reject', 'leave']

interface ReviewFlags {
  readonly decisions?: string
  readonly rest?: Rest
  readonly out?: string
  readonly json?: true
}

export function add(program: Command): void {
  program
    .command('init')
    .description(
      "write a show's folder to begin with: what it says of itself, how its episodes are made; nothing is overwritten",
    )
    .argument('[dir]', "where; this folder, if it is empty or a show's already")
    .action(async (dir: string | undefined) => {
      const { init, isForShow, summariseInit } = await import('../init.ts')
      if (dir === undefined && !(await isForShow('.')))
        throw new WrongUsage(
          'Other files lie in this folder. A show in a folder of its own: ./spool init my-show; here among them: ./spool init .',
        )
      process.stdout.write(summariseInit(await init(dir ?? '.')))
    })

  program
    .command('assemble')
    .description('make a finished episode of a recording')
    .argument(
      '<recording...>',
      'MP3, WAV, M4A, FLAC, Ogg, Opus, WebM or MP4; several are one after the other',
    )
    .option('--tracks', 'several recordings are tracks of one conversation')
    .option('--words <file>', 'words with times: JSON, WebVTT or SubRip')
    .option('--template <file>', 'the show: segments, cleaning, loudness, output')
    .option('--podcast <file>', "the podcast: title, author, language and so on; or a show's folder")
    .option('--same-show', sameShowOption)
    .option('--same-episode', sameEpisodeOption)
    .option('--episode <file>', 'the episode: title, description, number, season, guest and so on')
    .option('--title <title>', "the episode's title; the file's name when not given")
    .option('--number <number>', "the episode's number")
    .option('--cover <file>', 'JPEG or PNG')
    .option(
      '--chapters <file>',
      'chapters at times of the recording: JSON, WebVTT, Podlove XML or plain text',
    )
    .option('--out <dir>', 'where the files go; episodes/<name>/ when not given')
    .option('--rehash', 'read and send every file again, also one that has not changed')
    .option('--json', 'print one JSON object instead of a summary')
    .action(async (recordings: string[], options: Omit<Job, 'recordings'> & { json?: true }) => {
      await runJob({ recordings, ...options }, options.json ?? false)
    })

  program
    .command('demo')
    .description('assemble the sample that ships with Spool; its episode is called conversation')
    .option('--out <dir>', 'where the files go', path.join('episodes', 'demo'))
    .option('--json', 'print one JSON object instead of a summary')
    .action(async ({ out, json }: { out: string; json?: true }) => {
      const { sampleJob, calledLine } = await import('../sample.ts')
      const job = sampleJob(root, out)
      await runJob(job, json ?? false)
      if (!json) process.stdout.write(calledLine(job))
    })

  program
    .command('review')
    .description('what waits for a decision, with clips before and after; takes decisions')
    .argument('<episode>', "the episode's id, or its name")
    .option(
      '--decisions <file>',
      'JSON as the review page saves it; the episode goes on, or is made again, with it',
    )
    .addOption(
      new Option(
        '--rest <what>',
        'what becomes of the edits that are not decided on: all made, none made, or left as they are',
      ).choices(restChoices),
    )
    .option('--out <dir>', 'where the page and the clips go, or the finished files')
    .option('--json', 'print one JSON object instead of a summary')
    .action(async (episode: string, options: ReviewFlags) => {
      const missing = await missingFile([options.decisions])
      if (missing !== undefined) throw new WrongUsage(missing)
      await withCloud(async (cloud, signal) => {
        const { reviewEpisode, listReview, decide } = await import('../review.ts')
        const { services, review, name, folder } = await reviewEpisode(cloud, episode)
        if (options.decisions !== undefined || options.rest !== undefined) {
          const { runId, left } = await decide(services, review, options.decisions, options.rest)
          if (left > 0) {
            const { stillOpen } = await import('../summary.ts')
            const hasQuestion = review.waiting.some(({ question }) => question !== undefined)
            process.stderr.write(stillOpen(left, options.rest, hasQuestion))
          }
          await reportRun(
            (watch) => fetchEpisode(cloud, runId, options.out, watch, signal),
            options.json ?? false,
          )
          return
        }
        const { summariseListing } = await import('../summary.ts')
        const listing = await listReview(services, review, name, options.out ?? folder, signal)
        process.stdout.write(options.json ? `${JSON.stringify(listing)}\n` : summariseListing(listing))
        if (listing.waiting.length > 0) process.exitCode = awaitingReview
      })
    })
}
