/**
 * `spool upload`: brings recordings, and what belongs to them, to a Spool that stays, and says which run they started. Hides
 * how the run is found: it is the one that was not there before.
 */
import { stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { slugOf } from '../../shared/objects.ts'
import type { Client } from '../client/client.ts'
import {
  ended,
  isLive,
  latestRun,
  until,
  type Episode,
  type Run,
  type RunWatcher,
} from '../client/episodes.ts'
import { allPodcasts, newShow, podcastMeant } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { mustBeReady } from './preflight.ts'
import { episodeSlug, filesOf, isShow, podcastOf, withShow, type Job, type JobFile } from './job-files.ts'

export interface UploadJob extends Job {
  /** A podcast's name, its settings, or a show's folder. */
  readonly podcast: string
  /** An episode's name, or its settings. */
  readonly episode?: string
  /** Until it is finished, or waits for a decision. */
  readonly wait?: boolean
  /** Whatever is being made of this episode ends first. */
  readonly cancel?: boolean
}

export interface UploadReport {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly runId: string
  readonly status: string
}

/** Told of each file how much of it has come. */
export interface UploadWatcher {
  readonly sending: (file: string, sent: number, bytes: number) => void
  /** Of a show that is new. */
  readonly beginning: (note: string) => void
  readonly making: RunWatcher
}

/** Throws Permanent: `already_running` while the episode is being made, or with the run's code when that failed. */
export async function upload(
  client: Client,
  memory: Memory,
  asked: UploadJob,
  watch: UploadWatcher,
  signal: AbortSignal,
): Promise<UploadReport> {
  const { job, podcast: named, episode } = await namesOf(asked)
  await mustBeReady(job)
  const shows = await allPodcasts(client)
  const podcast = podcastMeant(named, shows)?.slug ?? named
  if (!shows.some(({ slug }) => slug === podcast)) watch.beginning(newShow(podcast, shows, job.podcast))
  const before = await runOf(client, podcast, episode)
  if (before && (isLive(before) || before.status === 'awaiting_review')) {
    if (isLive(before) && !asked.cancel)
      throw new Permanent(
        'already_running',
        `Episode ${episode} is being made just now: ./spool list says how far it is. Wait for it, or say --cancel to end that first.`,
      )
    await client.post(`/runs/${before.id}/cancel`)
  }
  const files = await filesOf(job)
  const sidecars = files.filter(({ kind }) => kind === 'sidecar').map(({ file }) => file)
  await client.post('/uploads/forget', { podcast, episode, keep: sidecars })
  for (const file of files) await send(client, memory, { podcast, episode, file }, watch, signal)
  const run = await until(async () => {
    const latest = await runOf(client, podcast, episode)
    return latest && latest.id !== before?.id ? latest : undefined
  }, signal)
  const name = `${podcast}/${episode}`
  const { status } = asked.wait ? await waitedFor(client, run.id, name, watch.making, signal) : run
  return { episodeId: run.episodeId, episode: name, runId: run.id, status }
}

/** All has been sent by then: an interrupt ends the waiting alone. */
async function waitedFor(
  client: Client,
  runId: string,
  episode: string,
  making: RunWatcher,
  signal: AbortSignal,
): Promise<{ readonly status: string }> {
  try {
    return await ended(client, runId, making, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new Permanent(
      'user_cancelled',
      `You stopped waiting. ${episode} is being made all the same: ./spool list says how far it is. ` +
        `When it is finished: ./spool download ${episode}`,
    )
  }
}

/** Which show and episode are meant, and the settings that come along. */
async function namesOf(asked: UploadJob): Promise<{ job: Job; podcast: string; episode: string }> {
  const { podcast, episode, ...rest } = asked
  const brings: Job = {
    ...rest,
    ...(episode === undefined ? {} : isFile(episode) ? { episode } : { name: episode }),
  }
  const job = isShow(podcast)
    ? withShow(brings, podcast)
    : { ...brings, ...(isFile(podcast) ? { podcast } : {}) }
  return {
    job,
    podcast: job.podcast === undefined ? path.basename(podcast) : await podcastOf(job),
    episode: nameOfEpisode(episode, job),
  }
}

const isFile = (name: string): boolean => name.endsWith('.json') && existsSync(name)

/** Settings name no episode: it is called as `assemble` calls it, or there would be two of it. */
const nameOfEpisode = (episode: string | undefined, job: Job): string =>
  episode === undefined || isFile(episode) ? episodeSlug(job) : slugOf(episode)

interface Started extends Run {
  readonly episodeId: string
}

async function runOf(client: Client, podcast: string, slug: string): Promise<Started | undefined> {
  const { items } = await client.get<{ items: Episode[] }>('/episodes', { podcast, slug, limit: '1' })
  const run = items[0] && (await latestRun(client, items[0].id))
  return run && { ...run, episodeId: items[0]!.id }
}

async function send(
  client: Client,
  memory: Memory,
  { podcast, episode, file: { kind, file, source } }: { podcast: string; episode: string; file: JobFile },
  watch: UploadWatcher,
  signal: AbortSignal,
): Promise<void> {
  const bytes = 'path' in source ? (await stat(source.path)).size : Buffer.byteLength(source.text)
  const progress = (sent: number) => watch.sending(file, sent, bytes)
  const target = { podcast, file, ...(kind === 'asset' ? {} : { episode }) }
  await sendFile(client, memory, target, source, { signal, progress })
}

export const summariseUpload = ({ episode, status }: UploadReport): string =>
  ({
    finished: `Finished. Get its files with: ./spool download ${episode}\n`,
    awaiting_review: `It waits for a decision: in the console, or with: ./spool review ${episode}\n`,
  })[status] ?? `It is being made. See how far it is with: ./spool list. Then: ./spool download ${episode}\n`
