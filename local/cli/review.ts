/**
 * `spool review`: lists the edits that wait for a decision, writes their sound before and after into a
 * folder, and submits decisions. Hides how a clip is made: the recording around the edit, as it is and as it
 * will be.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { catalogue } from '../../functions/index.ts'
import { ffmpegOutput } from '../../shared/audio/ffmpeg.ts'
import { arrangeShow } from '../../shared/show/arrange.ts'
import { mixSlice } from '../../shared/mastering/mixer.ts'
import { toInterleavedBytes } from '../../shared/audio/pcm.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findPodcast } from '../../shared/db/podcasts.ts'
import { reviewPage } from '../../shared/review/page.ts'
import { contextSeconds, makeReel } from '../../shared/review/reel.ts'
import { openReview, submitDecisions, type Review } from '../../shared/review/review.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import type { Services } from '../../shared/engine/services.ts'
import type { Edit } from '../../shared/edits/edits.ts'
import { episodeNamed } from './episode-named.ts'
import type { Attached } from '../host/cloud.ts'

export interface Listing {
  readonly episodeId: string
  readonly runId: string
  readonly status: string
  readonly folder: string
  readonly waiting: readonly Listed[]
  readonly edits: number
}

export interface Listed {
  readonly id: string
  readonly kind: string
  readonly startSeconds: number
  readonly endSeconds: number
  readonly text: string
  readonly reason: string
  readonly question?: string
  readonly before: string
  readonly after: string
}

/** Opens the review of an episode given by id or name. */
export async function reviewEpisode(
  cloud: Attached,
  episode: string,
): Promise<{ services: Services; review: Review }> {
  const services = openServices(cloud.env, catalogue)
  const { id } = await episodeNamed(services, episode)
  return { services, review: await openReview(services, id) }
}

/** Writes the page, and the clips of what waits, into `folder`. */
export async function listReview(
  services: Services,
  review: Review,
  folder: string,
  signal: AbortSignal,
): Promise<Listing> {
  const { episode, run, waiting, edits } = review
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'review.html'), await pageOf(services, review, signal))
  const listed: Listed[] = []
  for (const edit of waiting)
    listed.push({
      ...describe(edit, edits.sampleRate),
      ...(await writeClips(services, review, edit, folder, signal)),
    })
  return {
    episodeId: episode.id,
    runId: run.id,
    status: run.status,
    folder,
    waiting: listed,
    edits: edits.edits.length,
  }
}

/** Submits a decisions file; returns the run that goes on, or starts, with it. */
export const decide = async (services: Services, review: Review, file: string): Promise<string> =>
  await submitDecisions(services, review, await readFile(file, 'utf8'), path.basename(file))

const describe = (
  { id, kind, startSample, endSample, text, reason, question }: Edit,
  sampleRate: number,
) => ({
  id,
  kind,
  startSeconds: startSample / sampleRate,
  endSeconds: endSample / sampleRate,
  text,
  reason,
  ...(question === undefined ? {} : { question }),
})

async function pageOf({ config, storage }: Services, review: Review, signal: AbortSignal): Promise<string> {
  const { episode, run, analysis, edits, transcript, recording, waiting } = review
  const podcast = await withDatabase(config.databaseUrl, (db) => findPodcast(db, episode.podcastId))
  const location = { storage, bucket: config.buckets.work }
  const pieces = reviewPage({
    title: episode.title,
    podcastTitle: podcastSettings(podcast!.settings).title,
    analysis,
    edits,
    transcript,
    waiting,
    warnings: run.warnings,
    finished: undefined,
    reel: await makeReel(edits, analysis, { sources: [recording], answers: {} }, location, signal),
  })
  return [...pieces].join('')
}

/**
 * The recording round the edit, as it is and with this edit made; what would be put in is silence while
 * nobody knows it.
 */
async function writeClips(
  { config, storage }: Services,
  { recording, analysis, edits }: Review,
  edit: Edit,
  folder: string,
  signal: AbortSignal,
): Promise<{ before: string; after: string }> {
  const { sampleRate } = edits
  const { before, after } = contextSeconds(edit.kind)
  const source = {
    ...recording,
    file: '',
    totalSamples: analysis.totalSamples,
    integratedLufs: null,
    speech: [],
  }
  const { insert: _nothing, ...cut } = edit
  const clip = async (made: readonly Edit[], name: string): Promise<string> => {
    const timeline = arrangeShow({
      recording: source,
      assets: [],
      spoken: new Map(),
      segments: [],
      music: [],
      outputChannels: 1,
      edits: { ...edits, edits: made },
    })
    const from = Math.max(0, Math.round(edit.startSample - before * sampleRate))
    const removed = made.length > 0 ? edit.endSample - edit.startSample : 0
    const to = Math.min(timeline.totalSamples, Math.round(edit.endSample - removed + after * sampleRate))
    const planes = await mixSlice(timeline, storage, config.buckets.work, from, to)
    const file = path.join(folder, `${edit.id}.${name}.mp3`)
    await writeFile(file, await toMp3(planes, sampleRate, signal))
    return file
  }
  return {
    before: await clip([], 'before'),
    after: await clip(edit.endSample > edit.startSample ? [{ ...cut, status: 'applied' }] : [], 'after'),
  }
}

function toMp3(planes: readonly Float32Array[], sampleRate: number, signal: AbortSignal): Promise<Buffer> {
  const input = ['-f', 'f32le', '-ar', `${sampleRate}`, '-ac', `${planes.length}`, '-i', 'pipe:0']
  return ffmpegOutput([...input, '-c:a', 'libmp3lame', '-b:a', '96k', '-f', 'mp3', 'pipe:1'], signal, [
    toInterleavedBytes(planes),
  ])
}
