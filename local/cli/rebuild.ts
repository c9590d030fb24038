/**
 * `spool rebuild`: makes the episodes of a show anew of which something has changed, one after the other. Hides that it
 * begins with what is left when it was stopped: what was made anew has nothing changed any more.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Certificate } from '../../shared/mastering/certificate.ts'
import { Permanent } from '../../shared/errors.ts'
import type { Client } from '../client/client.ts'
import { quoted } from './quoted.ts'
import { ended, episodesOf, isFinished, type Episode, type EpisodeFile } from '../client/episodes.ts'

interface Measured {
  readonly durationSeconds: number | null
  readonly integratedLufs: number | null
  readonly sha256: string | null
}

export interface RebuiltEpisode {
  readonly episodeId: string
  readonly slug: string
  readonly title: string
  /** What has changed since it was made: template, show, steps (Spool's own), or problem: it cannot be made any more. */
  readonly reasons: readonly string[]
  /** `waits`: for a decision; `busy`: it is being made just now. */
  readonly status: 'same' | 'planned' | 'rebuilt' | 'failed' | 'waits' | 'busy'
  /** What listeners get; a version that is made anew takes its place. */
  readonly inFeed: boolean
  /** Nothing of it was finished before. */
  readonly isFirst: boolean
  /** Why it failed. */
  readonly message: string | null
  readonly before: Measured | null
  readonly after: Measured | null
}

export interface RebuildReport {
  readonly podcast: string
  /** Of the episodes that are made anew, or would be. */
  readonly minutes: number
  readonly episodes: readonly RebuiltEpisode[]
  /** Of a folder that is not brought along yet: which of them changes is known once it is. */
  readonly atMost?: true
}

export interface RebuildWatcher {
  /** Told of each episode as it comes to its turn. */
  readonly making: (episode: RebuiltEpisode, share: number) => void
  /** Told that no more may be started before a time. */
  readonly resting: (until: Date) => void
}

/**
 * An episode that fails is told in the report, and the next one has its turn. `wouldChange`: what would have changed of all of
 * them if a show's folder were brought along. Throws Permanent `not_found`.
 */
export async function rebuild(
  client: Client,
  podcast: string,
  { dryRun, wouldChange = [] }: { dryRun: boolean; wouldChange?: readonly string[] },
  watch: RebuildWatcher,
  signal: AbortSignal,
): Promise<RebuildReport> {
  const all = await episodesOf(client, podcast)
  if (all.length === 0)
    throw new Permanent('not_found', `There are no episodes of a podcast "${podcast}". See ./spool list.`)
  const known = all.filter((one) => isFinished(one) || isOnItsWay(one)).reverse() // the oldest first
  const planned: RebuiltEpisode[] = []
  for (const episode of known) planned.push(await look(client, episode, wouldChange))
  const isDue = ({ status }: RebuiltEpisode) => status === 'planned'
  const due = new Set(planned.filter(isDue).map(({ episodeId }) => episodeId))
  const seconds = known.reduce(
    (sum, { id, durationSeconds }) => sum + (due.has(id) ? durationSeconds! : 0),
    0,
  )
  const report = { podcast, minutes: Math.round(seconds / 6) / 10 }
  if (dryRun)
    return { ...report, episodes: planned, ...(wouldChange.length > 0 ? { atMost: true as const } : {}) }
  const episodes: RebuiltEpisode[] = []
  for (const one of planned) {
    signal.throwIfAborted()
    if (isDue(one)) await untilAllowed(client, watch.resting, (ms) => delay(ms, undefined, { signal }))
    episodes.push(isDue(one) ? await makeAnew(client, one, watch, signal) : one)
  }
  return { ...report, episodes }
}

/**
 * Waits for the hour in which a run may be started again: an episode that was refused would count as one that cannot be made.
 * Exported for its test.
 */
export async function untilAllowed(
  client: Pick<Client, 'get'>,
  resting: RebuildWatcher['resting'],
  pause: (ms: number) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const { items } = await client.get<{ items: { kind: string; used: number; most: number }[] }>('/quota')
    if (!items.some(({ kind, used, most }) => kind === 'runs' && used >= most)) return
    const now = Date.now()
    const until = (Math.floor(now / hourMs) + 1) * hourMs
    resting(new Date(until))
    await pause(until - now + 1000)
  }
}

const hourMs = 3_600_000

const isOnItsWay = ({ status }: Episode): boolean => status === 'awaiting_review' || status === 'processing'

async function look(client: Client, found: Episode, wouldChange: readonly string[]): Promise<RebuiltEpisode> {
  const { id, slug, title, status } = found
  const episode = {
    ...{ episodeId: id, slug, title, inFeed: status === 'published', isFirst: !isFinished(found) },
    ...{ message: null, before: null, after: null },
  }
  if (status === 'awaiting_review') return { ...episode, reasons: [], status: 'waits' }
  if (status === 'processing') return { ...episode, reasons: [], status: 'busy' }
  try {
    const changed = await client.get<{ reasons: string[] }>(`/episodes/${id}/rebuild`)
    const reasons = [...new Set([...changed.reasons, ...wouldChange])]
    return { ...episode, reasons, status: reasons.length > 0 ? 'planned' : 'same' }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    return { ...episode, reasons: ['problem'], status: 'failed', message: error.message }
  }
}

async function makeAnew(
  client: Client,
  planned: RebuiltEpisode,
  watch: RebuildWatcher,
  signal: AbortSignal,
): Promise<RebuiltEpisode> {
  const { episodeId } = planned
  const before = await measured(client, episodeId, signal)
  try {
    const { runId } = await client.post<{ runId: string }>(`/episodes/${episodeId}/runs`, { anew: true })
    const { status } = await ended(client, runId, (share) => watch.making(planned, share), signal)
    if (status === 'awaiting_review') return { ...planned, status: 'waits', before }
    const { status: now } = await client.get<Episode>(`/episodes/${episodeId}`)
    const after = await measured(client, episodeId, signal)
    return { ...planned, status: 'rebuilt', inFeed: now === 'published', before, after }
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    if (error.code === 'already_running') return { ...planned, status: 'busy', before }
    return { ...planned, status: 'failed', message: error.message, before }
  }
}

/** By its certificate. */
async function measured(client: Client, episodeId: string, signal: AbortSignal): Promise<Measured> {
  const { items } = await client.get<{ items: EpisodeFile[] }>(`/episodes/${episodeId}/files`)
  const certificate = items.find(({ file }) => file === 'certificate.json')
  if (!certificate) return { durationSeconds: null, integratedLufs: null, sha256: null }
  const response = await fetch(certificate.url, { signal })
  const { durationSeconds, integratedLufs, sha256 } = (await response.json()) as Certificate
  return { durationSeconds, integratedLufs, sha256 }
}

export const summariseRebuild = ({ podcast, minutes, episodes, atMost }: RebuildReport): string => {
  const changed = episodes.filter(({ status }) => status !== 'same')
  if (changed.length === 0) return `Nothing has changed of what the episodes of ${podcast} are made of.\n`
  return [
    `${changed.length} of ${episodes.length} episodes, ${minutes} minutes${atMost ? ', at most: which of them change is known when the folder is brought along' : ''}:`,
    ...changed.map(
      (one) => `  ${one.slug.padEnd(24)} ${one.status.padEnd(8)} ${one.message ?? whatOf(podcast, one)}`,
    ),
    ...feedLines(changed),
    ...newFiles(podcast, episodes),
    '',
  ].join('\n')
}

function whatOf(podcast: string, { slug, status, reasons, isFirst, before, after }: RebuiltEpisode): string {
  if (status === 'waits')
    return `for a decision; ${isFirst ? 'nothing of it is finished yet' : 'its former version stays'}. ./spool review ${quoted(`${podcast}/${slug}`)}`
  if (status === 'busy') return 'it is being made just now. ./spool list says how far it is.'
  return differences(before, after) ?? `changed: ${reasons.join(', ')}`
}

/** What is before listeners is replaced there, whatever a template says of new episodes. */
function feedLines(episodes: readonly RebuiltEpisode[]): string[] {
  const of = (wanted: RebuiltEpisode['status']) =>
    episodes.filter(({ status, inFeed }) => inFeed && status === wanted).map(({ slug }) => slug)
  const [rebuilt, planned] = [of('rebuilt'), of('planned')]
  return [
    ...(rebuilt.length > 0 ? [`The new version is in the feed now, of: ${rebuilt.join(', ')}.`] : []),
    ...(planned.length > 0 ? [`In the feed the new version takes the place of: ${planned.join(', ')}.`] : []),
  ]
}

/** What lies on this machine is as it was. */
function newFiles(podcast: string, episodes: readonly RebuiltEpisode[]): string[] {
  const others = episodes.filter(({ before, after }) => after && before?.sha256 !== after.sha256)
  return others.length === 0
    ? []
    : [
        'Files that were fetched before are as they were. The new ones come with:',
        ...others.map(({ slug }) => `  ./spool download ${quoted(`${podcast}/${slug}`)}`),
        ...(others.some(({ inFeed }) => inFeed)
          ? [`So is a site that was exported before: ./spool export ${quoted(podcast)} --url ADDRESS`]
          : []),
      ]
}

function differences(before: Measured | null, after: Measured | null): string | undefined {
  if (!before || !after) return undefined
  if (before.sha256 === after.sha256) return 'the same sound, to the byte'
  const [length, loudness] = [
    (after.durationSeconds ?? 0) - (before.durationSeconds ?? 0),
    (after.integratedLufs ?? 0) - (before.integratedLufs ?? 0),
  ]
  return `${signed(length, 1)} s, ${signed(loudness, 1)} LU`
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
