/**
 * `spool review`: lists the edits that wait for a decision, writes their sound before and after into a
 * folder, and submits decisions. Hides how much of the recording around an edit a clip has.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { catalogue } from '../../functions/index.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findPodcast } from '../../shared/db/podcasts.ts'
import { readPlan } from '../../shared/episode/restoring.ts'
import { readContext } from '../../shared/episode/run-context.ts'
import { plainReason } from '../../shared/review/plain-words.ts'
import { reviewPage } from '../../shared/review/page.ts'
import { openProposal } from '../../shared/review/proposed.ts'
import type { ShownProposal } from '../../shared/review/shown-proposal.ts'
import { contextSeconds, makeReel } from '../../shared/review/reel.ts'
import { restoredParts, type Restored } from '../../shared/review/restored-places.ts'
import { openReview, submitDecisions, type Review, type Submitted } from '../../shared/review/review.ts'
import { spanSound } from '../../shared/review/sound.ts'
import type { EditKind } from '../../shared/settings/edit-kinds.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import type { Services } from '../../shared/engine/services.ts'
import type { Rest } from '../../shared/edits/decisions-file.ts'
import type { Edit } from '../../shared/edits/edits.ts'
import { episodeNamed, episodesOfName } from './episode-named.ts'
import { folderOf } from './output-folder.ts'
import type { Attached } from '../host/attach.ts'

export interface Listing {
  readonly episodeId: string
  /** "podcast/name", as commands take it. */
  readonly episode: string
  readonly runId: string
  readonly status: string
  readonly folder: string
  readonly waiting: readonly Listed[]
  /** Proposed, and not made unless somebody accepts them; no run waits for these. */
  readonly undecided: readonly Listed[]
  /** Those that are decided on, by the settings or by somebody, in the order of their places. */
  readonly decided: readonly Decided[]
  /** All of them, also those that are made. */
  readonly edits: number
  /** Of what is said of the episode; null where nothing is proposed. */
  readonly proposal: ShownProposal | null
  /** What the words call their speakers, and what these are called. */
  readonly speakers: Review['speakers']
  /** Whether the speakers were told by their voices alone. */
  readonly speakersByVoice: boolean
}

interface Described {
  readonly id: string
  readonly kind: EditKind
  readonly startSeconds: number
  readonly endSeconds: number
  readonly text: string
  readonly reason: string
  readonly question?: string
}

export interface Listed extends Described {
  readonly before: string
  readonly after: string
}

export interface Decided extends Described {
  readonly status: 'applied' | 'rejected'
}

/** Opens the review of an episode given by id or name. */
export async function reviewEpisode(
  cloud: Attached,
  episode: string,
): Promise<{ services: Services; review: Review; name: string; folder: string }> {
  const services = openServices(cloud.env, catalogue)
  const { id, podcast, slug } = await episodeNamed(services, episode)
  const named = await withDatabase(services.config.databaseUrl, (db) => episodesOfName(db, slug))
  return {
    ...{ services, review: await openReview(services, id), name: `${podcast}/${slug}` },
    folder: folderOf({ id, podcast, slug }, named, 'review'),
  }
}

/** Writes the page, and the clips of what waits, into `folder`. */
export async function listReview(
  services: Services,
  review: Review,
  name: string,
  folder: string,
  signal: AbortSignal,
): Promise<Listing> {
  const { episode, run, waiting, edits, speakers, transcript } = review
  const { proposal } = await openProposal(services, episode.id)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'review.html'), await pageOf(services, review, proposal, signal))
  const listed = new Map<string, Listed>()
  for (const edit of edits.edits)
    if (edit.status === 'pending')
      listed.set(edit.id, {
        ...describe(edit, edits.sampleRate),
        ...(await writeClips(services, review, edit, folder, signal)),
      })
  const waits = new Set(waiting.map(({ id }) => id))
  const [waitedFor = [], undecided = []] = [true, false].map((isWaiting) =>
    [...listed.values()].filter(({ id }) => waits.has(id) === isWaiting),
  )
  return {
    ...{ episodeId: episode.id, episode: name, runId: run.id, status: run.status, folder },
    ...{ waiting: waitedFor, undecided, edits: edits.edits.length },
    decided: edits.edits.flatMap((edit) =>
      edit.status === 'pending' ? [] : [{ ...describe(edit, edits.sampleRate), status: edit.status }],
    ),
    ...{ proposal, speakers, speakersByVoice: transcript?.speakersBy === 'voice' },
  }
}

/** Submits a decisions file, or what becomes of all that is open; returns the run that goes on, or starts, with it. */
export async function decide(
  services: Services,
  review: Review,
  file: string | undefined,
  rest: Rest | undefined,
): Promise<Submitted> {
  const text = file === undefined ? '{"version":1,"decisions":[]}' : await readFile(file, 'utf8')
  return await submitDecisions(services, review, text, path.basename(file ?? '--rest'), rest)
}

const describe = (
  { id, kind, startSample, endSample, text, reason, question }: Edit,
  sampleRate: number,
) => ({
  id,
  kind,
  startSeconds: startSample / sampleRate,
  endSeconds: endSample / sampleRate,
  text,
  reason: plainReason({ kind, reason }),
  ...(question === undefined ? {} : { question }),
})

async function pageOf(
  { config, storage }: Services,
  review: Review,
  proposal: ShownProposal | null,
  signal: AbortSignal,
): Promise<string> {
  const { episode, run, analysis, edits, transcript, recording, restoration, waiting } = review
  const podcast = await withDatabase(config.databaseUrl, (db) => findPodcast(db, episode.podcastId))
  const location = { storage, bucket: config.buckets.work }
  const reel = await makeReel(edits, analysis, { sources: [recording], answers: {} }, location, signal)
  const pieces = reviewPage({
    title: episode.title,
    proposal: proposal ?? undefined,
    podcastTitle: podcastSettings(podcast!.settings).title,
    analysis,
    edits,
    transcript,
    waiting,
    warnings: run.warnings,
    restoration,
    restored: await restoredOf({ config, storage }, review, signal),
    finished: undefined,
    reel: { ...reel, mp3: [reel.mp3] },
  })
  return (await Readable.from(pieces).toArray()).join('')
}

async function restoredOf(
  { config, storage }: Pick<Services, 'config' | 'storage'>,
  { run, unrestored, ...review }: Review,
  signal: AbortSignal,
): Promise<Restored | undefined> {
  const { planObject } = readContext(run.context, 'planObject')
  if (planObject === null || unrestored === null) return undefined
  const plan = await readPlan(planObject, { storage, config })
  return await restoredParts(
    { ...review, plan, unrestored },
    { storage, bucket: config.buckets.work },
    signal,
  )
}

/** The recording round the edit, as it is and with this edit made. */
async function writeClips(
  { config, storage }: Services,
  { recording, edits }: Review,
  edit: Edit,
  folder: string,
  signal: AbortSignal,
): Promise<{ before: string; after: string }> {
  const around = contextSeconds(edit.kind)
  const span = {
    startSample: Math.max(0, Math.round(edit.startSample - around.before * edits.sampleRate)),
    endSample: Math.min(recording.totalSamples, Math.round(edit.endSample + around.after * edits.sampleRate)),
  }
  const clip = async (made: readonly Edit[], name: string): Promise<string> => {
    const heard = { recording, edits: { ...edits, edits: made }, inserted: new Map() }
    const { mp3 } = await spanSound(heard, span, { storage, bucket: config.buckets.work }, signal)
    const file = path.join(folder, `${edit.id}.${name}.mp3`)
    await writeFile(file, mp3)
    return file
  }
  return {
    before: await clip([], 'before'),
    after: await clip([{ ...edit, status: 'applied' }], 'after'),
  }
}
