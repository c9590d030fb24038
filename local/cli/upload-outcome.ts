/**
 * What comes of an upload: the run that it started, waited for, and what is said of it. Hides that an interrupt ends the
 * waiting alone, since all has been sent by then.
 */
import { Permanent } from '../../shared/errors.ts'
import { Unreachable, type Client } from '../client/client.ts'
import { ended, type Episode, type Run, type RunWatcher } from '../client/episodes.ts'
import { inOwnNames, toldInOwnNames, type JobFile } from './job-files.ts'
import { quoted } from './quoted.ts'
import { feedLine, inFeedLine, note as noteLine } from './summary.ts'

export interface UploadReport {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly runId: string
  readonly status: string
  /** What was done about what was given; none while it is being made. */
  readonly warnings: Run['warnings']
  /** The next two of an episode that was waited for and is finished. */
  readonly isUnchanged?: boolean
  readonly feed?: Pick<Episode, 'status' | 'publishedAt' | 'publishAt' | 'holdReason'>
}

/** An upload's run. */
export interface Started extends Run {
  readonly episodeId: string
}

export interface Uploaded {
  readonly run: Started
  /** Of its episode: "podcast/name". */
  readonly name: string
  readonly files: readonly JobFile[]
}

/** It has begun, and nobody waits. */
export const asBegun = ({
  run: { id: runId, episodeId, status },
  name: episode,
}: Uploaded): UploadReport => ({
  ...{ episodeId, episode, runId, status },
  warnings: [],
})

/** When it is known. Throws Permanent with the run's code when that failed. */
export async function outcome(
  client: Client,
  uploaded: Uploaded,
  making: RunWatcher,
  signal: AbortSignal,
): Promise<UploadReport> {
  const { run, name, files } = uploaded
  const { status, warnings: told } = await toldInOwnNames(files, () =>
    waitedFor(client, run.id, name, making, signal),
  )
  const warnings = told.map(({ code, message }) => ({ code, message: inOwnNames(message, files) }))
  const report = { ...asBegun(uploaded), status, warnings }
  if (status !== 'finished') return report
  const isUnchanged = await wasTakenOver(client, run.id)
  const feed = await feedOfEpisode(client, run.episodeId)
  return { ...report, isUnchanged, feed }
}

/** All has been sent by then: an interrupt ends the waiting alone. */
async function waitedFor(
  client: Client,
  runId: string,
  episode: string,
  making: RunWatcher,
  signal: AbortSignal,
): Promise<Run> {
  try {
    return await ended(client, runId, making, signal)
  } catch (error) {
    if (error instanceof Unreachable)
      throw new Unreachable(
        `Spool does not answer any more. What you sent of ${episode} has arrived, and goes on when it is up again.`,
        { cause: error },
      )
    if (!signal.aborted) throw error
    throw new Permanent(
      'user_cancelled',
      `You stopped waiting. ${episode} is being made all the same: ./spool list says how far it is. ` +
        `When it is finished: ./spool download ${episode}`,
    )
  }
}

/** Whether all of a run was made by earlier ones. Publishing makes nothing. */
async function wasTakenOver(client: Client, runId: string): Promise<boolean> {
  const { steps } = await client.get<{ steps: { name: string; made: number }[] }>(`/runs/${runId}/progress`)
  return steps.every(({ name, made }) => made === 0 || name === 'publish')
}

async function feedOfEpisode(client: Client, id: string): Promise<UploadReport['feed'] & object> {
  const { status, publishedAt, publishAt, holdReason } = await client.get<Episode>(`/episodes/${id}`)
  return { status, publishedAt, publishAt, holdReason }
}

export const summariseUpload = ({ episode, status, warnings, isUnchanged, feed }: UploadReport): string =>
  [
    {
      finished: `${isUnchanged ? 'Finished; nothing has changed, so it is as it was.' : 'Finished.'} Get its files with: ./spool download ${quoted(episode)}`,
      awaiting_review: `It waits for a decision: in the console, or with: ./spool review ${quoted(episode)}`,
    }[status] ??
      `It is being made. See how far it is with: ./spool list. Then: ./spool download ${quoted(episode)}`,
    ...(feed ? [inFeed(episode, feed)] : []),
    ...warnings.map(noteLine),
    '',
  ].join('\n')

function inFeed(episode: string, feed: UploadReport['feed'] & object): string {
  const { status, publishedAt, publishAt, holdReason } = feed
  if (status === 'published') return inFeedLine
  if (status === 'scheduled') return `Feed      it comes out at ${publishAt}`
  return feedLine(episode, holdReason ?? status, publishedAt !== null)
}
