/**
 * Makes a finished episode anew by what its show says now. Hides what is the same as when it was made (its recording, its
 * letters, the day it speaks of), what has changed since, and that whatever has not is taken over.
 */
import { isDeepStrictEqual } from 'node:util'
import { aboutOf } from '../db/about-episodes.ts'
import { withDatabase } from '../db/connect.ts'
import { findEpisode } from '../db/episodes.ts'
import { findPodcast } from '../db/podcasts.ts'
import { finishedRunOf, latestRunOf, liveRunIdOf, type Run } from '../db/runs.ts'
import { offer } from '../engine/enqueue.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { parseUploadName, type UploadPath } from '../objects.ts'
import { withLetters } from '../settings/needs.ts'
import { podcastSettings } from '../settings/podcast.ts'
import { standing } from '../settings/episode.ts'
import type { StoredObject } from '../storage.ts'
import { alreadyRunning } from './already-running.ts'
import { broughtTo, lyingFile } from './brought.ts'
import type { Fault } from './not-ready.ts'
import { planEpisode, type EpisodePlan } from './plan.ts'
import { faultsOf } from './preflight.ts'
import { readContext } from './run-context.ts'
import { variablesOf, versionsOf } from './given.ts'
import { startPlanned } from './run.ts'
import { saidBefore } from './said-before.ts'

/** What has changed since an episode was made; `failed`: it was to be made anew since, and was not. */
export const reasons = ['template', 'show', 'episode', 'steps', 'failed', 'problem'] as const
export type Reason = (typeof reasons)[number]

interface Planned {
  readonly made: Run
  readonly hasFailedSince: boolean
  readonly path: UploadPath
  readonly recording: StoredObject
  readonly plan: EpisodePlan
}

/** None: it would be the same. Throws Permanent `not_finished`, `upload_replaced`. */
export async function whyAnew(services: Services, episodeId: string): Promise<Reason[]> {
  const { made, hasFailedSince, path, plan } = await planAnew(services, episodeId)
  const known = ['variables', 'letters', 'madeBy', 'assets', 'pictures', 'showCover'] as const
  const { variables, letters, madeBy, assets, pictures, showCover } = readContext(made.context, ...known)
  const { template } = withLetters(plan.template, letters.length)
  const said = await withDatabase(services.config.databaseUrl, async (db) => {
    const { podcastId, title } = (await findEpisode(db, episodeId))!
    const podcast = podcastSettings((await findPodcast(db, podcastId))!.settings)
    const episode = standing(plan.said, await saidBefore(db, path, made))
    return { ...variablesOf(podcast, episode, title), date: variables['date'] }
  })
  const cover = plan.showCover ? [plan.showCover] : []
  const changed: Record<Reason, boolean> = {
    template:
      !isSame(template, made.settings) ||
      !isSame([plan.assets, plan.pictures].map(contentsOf), [assets, pictures].map(contentsOf)),
    show:
      said.podcast_name !== variables['podcast_name'] || !isSame(contentsOf(cover), contentsOf(showCover)),
    episode: !isSame({ ...said, podcast_name: variables['podcast_name'] }, variables),
    steps: madeBy !== versionsOf(services.pipeline),
    failed: hasFailedSince,
    problem: plan.problem !== undefined,
  }
  return reasons.filter((reason) => changed[reason])
}

/**
 * What would stand in its way if its podcast's template were this one, and does not now; files that it names come along with
 * it. Throws as `whyAnew`.
 */
export async function inTheWayOf(
  services: Services,
  episodeId: string,
  template: string,
): Promise<readonly Fault[]> {
  const { path, recording } = await planAnew(services, episodeId)
  const file = lyingFile({ file: path.file, stored: recording }, services)
  const look = async (podcastTemplate?: string) =>
    await faultsOf(await broughtTo(path.userId, { ...path, recordings: [file], podcastTemplate }, services))
  const now = new Set((await look()).map(({ message }) => message))
  return (await look(template)).filter(({ code, message }) => code !== 'missing_asset' && !now.has(message))
}

const contentsOf = (files: readonly { readonly contentHash: string }[]): string[] =>
  files.map(({ contentHash }) => contentHash)

/** Returns the run's id. Throws AlreadyRunning; Permanent `not_finished`, `upload_replaced`, `rate_limited`. */
export async function startAnew(services: Services, episodeId: string): Promise<string> {
  const { made, path, recording, plan } = await planAnew(services, episodeId)
  const { runId, steps } = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const live = await liveRunIdOf(trx, episodeId)
      if (live !== undefined) throw await alreadyRunning(trx, live)
      const said = { made, about: await aboutOf(trx, made.id) }
      return (await startPlanned(trx, path, recording, plan, services, said))!
    }),
  )
  await offer(services, runId, steps)
  return runId
}

/**
 * By what lies in the bucket now. What is before listeners stays there, whatever a template says of new episodes; and what
 * the show says of itself is what its row has, which is newer than a podcast.json that came with a recording.
 */
async function planAnew(services: Services, episodeId: string): Promise<Planned> {
  const { config, storage } = services
  const { made, latest, isPublished } = await withDatabase(config.databaseUrl, async (db) => ({
    made: await finishedRunOf(db, episodeId),
    latest: await latestRunOf(db, episodeId),
    isPublished: (await findEpisode(db, episodeId))?.status === 'published',
  }))
  if (!made)
    throw new Permanent(
      'not_publishable',
      'The episode was never finished here, so there is nothing to make anew.',
    )
  const asked = readContext(made.context, 'recordingObject', 'recordingGeneration', 'letters')
  const path = parseUploadName(asked.recordingObject)!
  const recording = await storage.stat({ bucket: config.buckets.uploads, name: asked.recordingObject })
  const isAsItWas = recording?.generation === asked.recordingGeneration
  if (!isAsItWas && latest && isAtWorkOrWaits(latest))
    throw await withDatabase(config.databaseUrl, (db) => alreadyRunning(db, latest.id)) // of the one that replaced it
  if (!recording) throw new Permanent('upload_replaced', `${path.file} was deleted since. Upload it again.`)
  const plan = await planEpisode(path, services)
  if (!isAsItWas && !isOfTheSame(made, recording, plan)) throw replaced(path.file, latest)
  const said = {
    ...plan.said,
    letters: plan.said.letters ?? asked.letters,
    ...(isPublished ? { publish: 'automatic' as const } : {}),
  }
  const hasFailedSince = latest?.status === 'failed' && latest.id !== made.id
  return { made, hasFailedSince, path, recording, plan: { ...plan, podcast: undefined, said } }
}

/** Whether what lies there now are the bytes that the episode was made of, though they were sent once more. */
function isOfTheSame({ context }: Run, recording: StoredObject, plan: EpisodePlan): boolean {
  const known = ['recordingHash', 'recordings', 'wordsHash', 'coverHash', 'chaptersHash'] as const
  const { recordingHash, recordings, wordsHash, coverHash, chaptersHash } = readContext(context, ...known)
  const beside = [plan.words, plan.cover, plan.chapters].map((file) => file?.contentHash ?? null)
  return (
    recording.contentHash === (recordings[0]?.contentHash ?? recordingHash) &&
    isSame(beside, [wordsHash, coverHash, chaptersHash])
  )
}

/** What was sent last is not what there is of the episode. */
function replaced(file: string, latest: Run | undefined): Permanent {
  const remedy = 'Upload the recording again, with what belongs to it.'
  return new Permanent(
    'upload_replaced',
    latest?.status === 'failed'
      ? `What was uploaded last could not be made (${latest.stopReason}): ${latest.errorMessage} ${remedy}`
      : `${file}, or what lies beside it, was replaced since. ${remedy}`,
  )
}

const isAtWorkOrWaits = ({ status }: Run): boolean =>
  status === 'queued' || status === 'started' || status === 'awaiting_review'

/** As they come from the database, where keys have an order of their own and what is undefined is not. */
const isSame = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
