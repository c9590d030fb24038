/**
 * Brings rows and objects into line that are of different ages, as after a backup was restored: says what is missing, and
 * makes again what can be made. Rows are the truth; what only they know of and nothing can bring back is reported.
 */
import { withDatabase } from '../db/connect.ts'
import { stockedEpisodes, stockedPodcasts, type StockedEpisode } from '../db/inventory.ts'
import { openDeletions } from '../db/deletions.ts'
import { episodesInFeed } from '../db/feed-episodes.ts'
import type { Services } from '../engine/services.ts'
import { makeAgain } from '../episode/retry.ts'
import { Permanent } from '../errors.ts'
import { audioName, episodeName, feedName, fileOf, workFolder } from '../objects.ts'
import { swapFeed } from '../publishing/feed-file.ts'
import { copyFiles, publicFilesOf, publishAudio, publisherOf } from '../publishing/public-files.ts'
import { podcastSettings, type PodcastSettings } from '../settings/podcast.ts'
import { carryOnDeletions } from './delete.ts'
import { emptyFolder } from './empty-folder.ts'
import { findOrphans, type Orphan } from './orphans.ts'

export type Fault =
  | 'recording_missing'
  | 'deliverables_missing'
  | 'results_missing'
  | 'public_files_wrong'
  | 'feed_wrong'
  | 'deletion_unfinished'
  | 'orphan'

export interface Repair {
  readonly fault: Fault
  /** What it is about, for people. */
  readonly what: string
  readonly remedy: string
  /** What came of it; undefined where nothing was done. */
  readonly done?: string
  readonly orphan?: Orphan
}

export interface RepairOptions {
  /** Says the same and does nothing. */
  readonly dryRun?: boolean
  /** Deletes what no row knows; uploads are left to whoever brought them. */
  readonly deleteOrphans?: boolean
  /** Milliseconds since 1970. */
  readonly now?: number
}

const atOnce = 50

/** Every fault there is, repaired as it is found unless it is a dry run. */
export async function* repair(
  services: Services,
  { dryRun = false, deleteOrphans = false, now = Date.now() }: RepairOptions = {},
): AsyncGenerator<Repair> {
  const act = async (fault: Omit<Repair, 'done'>, work?: () => Promise<string>): Promise<Repair> =>
    dryRun || !work ? fault : { ...fault, done: await work().catch(reason) }
  yield* deletions(services, act)
  for await (const episode of everyEpisode(services)) yield* ofEpisode(services, episode, act)
  yield* feeds(services, act)
  for await (const orphan of findOrphans(services, now))
    yield await ofOrphan(services, orphan, deleteOrphans, act)
}

type Act = (fault: Omit<Repair, 'done'>, work?: () => Promise<string>) => Promise<Repair>

const reason = (error: unknown): string => {
  if (error instanceof Permanent) return `not repaired: ${error.message}`
  throw error
}

async function* deletions(services: Services, act: Act): AsyncGenerator<Repair> {
  const open = await withDatabase(services.config.databaseUrl, (db) => openDeletions(db, 1))
  if (open.length === 0) return
  yield await act(
    {
      fault: 'deletion_unfinished',
      what: 'something that a user asked to be deleted',
      remedy: 'it is gone on with',
    },
    async () => `${await carryOnDeletions(services, Infinity)} finished`,
  )
}

async function* everyEpisode({ config }: Services): AsyncGenerator<StockedEpisode> {
  for (let after: string | undefined; ;) {
    const page = await withDatabase(config.databaseUrl, (db) => stockedEpisodes(db, after, atOnce))
    yield* page
    after = page.at(-1)?.id
    if (page.length < atOnce) return
  }
}

/** An episode that is being worked on is left alone: its run finds out by itself. */
async function* ofEpisode(services: Services, episode: StockedEpisode, act: Act): AsyncGenerator<Repair> {
  if (episode.isLive) return
  const what = `"${episode.title}" (${episode.id})`
  const hasRecording = await isRecordingThere(services, episode)
  if (!hasRecording)
    yield await act({
      fault: 'recording_missing',
      what: `the recording of ${what}`,
      remedy: `upload ${fileOf(episode.recording!.name)} again; nothing else can bring it back`,
    })
  const deliverables = await lostDeliverables(services, episode)
  const results = await lostResults(services, episode)
  const again = async () => `made again by run ${await makeAgain(services, episode.id)}`
  if (deliverables.length > 0)
    yield await act(
      {
        fault: 'deliverables_missing',
        what: `${deliverables.map(fileOf).join(', ')} of ${what}`,
        remedy: hasRecording ? 'the episode is made again' : 'upload the recording again',
      },
      hasRecording ? again : undefined,
    )
  else if (results > 0)
    yield await act({
      fault: 'results_missing',
      what: `${results} working files of ${what}`,
      remedy: hasRecording
        ? 'nothing: they are made again when they are needed'
        : 'upload the recording again before the episode is changed',
    })
  if (episode.publishedHash !== null && (await arePublicFilesWrong(services, episode)))
    yield await act(
      {
        fault: 'public_files_wrong',
        what: `what listeners get of ${what}`,
        remedy:
          'it is copied again from the finished episode; where that is gone too, repair once more when it is made',
      },
      () => publishAgain(services, episode),
    )
}

async function isRecordingThere(
  { storage, config }: Services,
  { recording }: StockedEpisode,
): Promise<boolean> {
  return !recording || (await storage.stat({ bucket: config.buckets.uploads, ...recording })) !== undefined
}

async function lostDeliverables(
  { storage, config }: Services,
  { id, contentHash, files }: StockedEpisode,
): Promise<string[]> {
  if (contentHash === null || files.length === 0) return []
  const prefix = episodeName(id, contentHash, '')
  const there = new Set<string>()
  for await (const { name } of storage.walk(config.buckets.episodes, prefix)) there.add(name)
  return files.map((file) => prefix + file).filter((name) => !there.has(name))
}

/** How many working files of the latest run are not there. */
async function lostResults(
  { storage, config }: Services,
  { userId, outputs }: StockedEpisode,
): Promise<number> {
  const names = new Set(
    outputs
      .flatMap((output) => Object.values(output))
      .filter((value): value is string => typeof value === 'string' && value.startsWith(workFolder(userId))),
  )
  let lost = 0
  const rest = [...names]
  while (rest.length > 0) {
    const found = await Promise.all(
      rest.splice(0, atOnce).map((name) => storage.stat({ bucket: config.buckets.work, name })),
    )
    lost += found.filter((object) => !object).length
  }
  return lost
}

/** The audio is another than the one that was published, or a file beside it is not there. */
async function arePublicFilesWrong({ storage, config }: Services, episode: StockedEpisode): Promise<boolean> {
  const { id, podcastId, publishedHash } = episode
  const bucket = config.buckets.public
  const [made, audio, ...beside] = await Promise.all([
    storage.stat({ bucket: config.buckets.episodes, name: episodeName(id, publishedHash!, 'episode.mp3') }),
    storage.stat({ bucket, name: audioName(podcastId, id) }),
    ...publicFilesOf(versionOf(episode)).map(({ to }) => storage.stat({ bucket, name: to })),
  ])
  return !audio || (made && made.contentHash !== audio.contentHash) || beside.some((object) => !object)
}

/** Of another version than the one made last it is not known which files it has. */
const versionOf = ({ id, podcastId, publishedHash, contentHash, files }: StockedEpisode) => ({
  episodeId: id,
  podcastId,
  contentHash: publishedHash!,
  files: publishedHash === contentHash ? files : ['episode.mp3'],
})

async function publishAgain(services: Services, episode: StockedEpisode): Promise<string> {
  const tools = publisherOf(services)
  await copyFiles(versionOf(episode), tools)
  await publishAudio(versionOf(episode), tools, () => Promise.resolve())
  return 'copied again'
}

async function* feeds(services: Services, act: Act): AsyncGenerator<Repair> {
  const { config } = services
  for (let after: string | undefined; ;) {
    const page = await withDatabase(config.databaseUrl, (db) => stockedPodcasts(db, after, atOnce))
    for (const { id, settings } of page)
      if (await isFeedWrong(services, id, podcastSettings(settings)))
        yield await act(
          {
            fault: 'feed_wrong',
            what: `the feed ${config.publicBaseUrl}/${feedName(id)}`,
            remedy: 'it is written again from the rows',
          },
          async () => {
            await swapFeed(id, publisherOf(services))
            return 'written again'
          },
        )
    after = page.at(-1)?.id
    if (page.length < atOnce) return
  }
}

/** It names other episodes than are published. */
async function isFeedWrong(
  { storage, config }: Services,
  podcastId: string,
  { feedLimit }: PodcastSettings,
): Promise<boolean> {
  const episodes = await withDatabase(config.databaseUrl, (db) => episodesInFeed(db, podcastId, feedLimit))
  const feed = { bucket: config.buckets.public, name: feedName(podcastId) }
  if (!(await storage.stat(feed))) return episodes.length > 0
  const text = (await storage.read(feed)).toString('utf8')
  const items = text.split('<item>').length - 1
  const heardHere = episodes.filter(({ elsewhere }) => elsewhere?.audio === undefined)
  return items !== episodes.length || heardHere.some(({ id }) => !text.includes(`p/${podcastId}/${id}/`))
}

async function ofOrphan(
  { storage, config }: Services,
  orphan: Orphan,
  deleteOrphans: boolean,
  act: Act,
): Promise<Repair> {
  const { bucket, prefix, objects } = orphan
  const isUpload = bucket === 'uploads'
  const where = { bucket: config.buckets[bucket], prefix }
  return await act(
    {
      fault: 'orphan',
      what: `${bucket} ${prefix} (${objects} object${objects === 1 ? '' : 's'}), which no row knows`,
      remedy: isUpload
        ? 'upload it again if it is to start something, or delete it in the bucket'
        : 'it is deleted where orphans are asked to be',
      orphan,
    },
    deleteOrphans && !isUpload
      ? async () => `${(await emptyFolder(storage, where)).objects} deleted`
      : undefined,
  )
}
