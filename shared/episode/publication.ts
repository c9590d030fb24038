/**
 * Whether and when a finished episode is published: what its producer has settled, and what they ask for later. Hides
 * that asking starts a run with the one step `publish`, under the same guards as a run that makes an episode.
 */
import type { Knex } from 'knex'
import { withDatabase } from '../db/connect.ts'
import {
  findEpisode,
  forgetPublicationTime,
  lockEpisode,
  namePublicationTime,
  publicationOf,
  scheduleEpisode,
} from '../db/episodes.ts'
import { importedVersion } from '../db/imported-episodes.ts'
import { updateRunProgress } from '../db/run-changes.ts'
import { finishedRunOf, latestRunOf, liveRunIdOf, lockRun, startRun, type Run } from '../db/runs.ts'
import { insertSteps, type PendingStep } from '../db/steps.ts'
import { askFor } from '../engine/ask-for.ts'
import { offer } from '../engine/enqueue.ts'
import { partsOf } from '../engine/pipeline.ts'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { alreadyRunning } from './already-running.ts'
import { defaultTemplate, type RunSettings } from '../settings/settings.ts'
import { readContext, toScalars, type RunContext } from './run-context.ts'

/**
 * `clear` takes away what was left before listeners by an attempt that was still at work when the episode was taken back.
 */
export type Asked = 'publish' | 'withdraw' | 'clear'

type HoldReason =
  | 'manual'
  | 'silent'
  | 'certificate_failed'
  | 'gate_refused'
  | 'not_bleeped'
  | 'words_unlike_sound'
  | 'mostly_cut'
  | 'given_before'
  | 'unpublished'
  | 'unscheduled'

export type Decided =
  | { readonly what: Asked }
  | { readonly what: 'hold'; readonly reason: HoldReason }
  | { readonly what: 'schedule'; readonly at: Date }

type Wishes = Pick<
  RunContext,
  | 'isCertified'
  | 'isSilent'
  | 'isUnbleeped'
  | 'isOfOtherWords'
  | 'isMostlyCut'
  | 'publish'
  | 'supersededTime'
  | 'heldFor'
  | 'publication'
> & {
  /** What the template says. */
  readonly template: RunSettings['publish']
  /** The time that stands; the producer may have named it meanwhile. */
  readonly publishAt: Date | null
}

/**
 * What is to be done with an episode that is finished. What its producer asks for outright is done; what nobody can hear, misses
 * its certificate, is not bleeped, has words of another recording, is mostly cut by hand, or is held for what was before (`heldFor`), is
 * not published by itself; the newest word counts: a time
 * that stands and was not superseded, the episode's, the template's.
 */
export function decidePublication(wishes: Wishes, now: Date): Decided {
  const { publication, isCertified, isSilent, isUnbleeped, isOfOtherWords, isMostlyCut, heldFor } = wishes
  if (publication) return { what: publication }
  if (isSilent) return { what: 'hold', reason: 'silent' }
  if (!isCertified) return { what: 'hold', reason: 'certificate_failed' }
  if (isUnbleeped) return { what: 'hold', reason: 'not_bleeped' }
  if (heldFor !== null) return { what: 'hold', reason: heldFor }
  if (isOfOtherWords) return { what: 'hold', reason: 'words_unlike_sound' }
  if (isMostlyCut) return { what: 'hold', reason: 'mostly_cut' }
  const wish = wishOf(wishes)
  if (wish === 'manual') return { what: 'hold', reason: 'manual' }
  if (wish === 'automatic' || new Date(wish) <= now) return { what: 'publish' }
  return { what: 'schedule', at: new Date(wish) }
}

function wishOf({ publishAt, supersededTime, publish, template }: Wishes): string {
  const named = publishAt?.toISOString() ?? null
  return (named === supersededTime ? null : named) ?? publish ?? template
}

/**
 * Starts the run that publishes a finished episode, or takes it back; returns its id. Throws AlreadyRunning with the
 * live run's; Permanent `not_publishable`.
 */
export async function startPublication(
  services: Services,
  episodeId: string,
  publication: Asked,
): Promise<string> {
  const { runId, steps } = await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) => insertPublication(trx, services, episodeId, publication)),
  )
  await offer(services, runId, steps)
  return runId
}

export async function insertPublication(
  trx: Knex,
  { pipeline }: Pick<Services, 'pipeline'>,
  episodeId: string,
  publication: Asked,
): Promise<{ runId: string; steps: PendingStep[] }> {
  const made = await whatIsMade(trx, episodeId)
  if (!made) throw notFinished()
  const context = { ...made.context, ...toScalars({ publication }) }
  const { userId, settings } = made
  const { runId, started } = await startRun(trx, { userId, episodeId, settings, context, warnings: [] })
  if (!started) throw await alreadyRunning(trx, runId)
  // a run that has ended since the first look may have made something else
  const { contentHash } = (await whatIsMade(trx, episodeId))!.context
  if (contentHash !== context['contentHash'])
    throw await alreadyRunning(trx, (await latestRunOf(trx, episodeId))?.id ?? runId)
  return { runId, steps: await insertSteps(trx, runId, partsOf(pipeline.stage('publish')!, context)) }
}

const whatIsMade = async (
  trx: Knex,
  episodeId: string,
): Promise<Pick<Run, 'userId' | 'settings' | 'context'> | undefined> =>
  (await finishedRunOf(trx, episodeId)) ?? (await importedRun(trx, episodeId))

/** What a run would have been given that had made an imported episode. */
async function importedRun(
  trx: Knex,
  episodeId: string,
): Promise<Pick<Run, 'userId' | 'settings' | 'context'> | undefined> {
  const version = await importedVersion(trx, episodeId)
  if (!version) return undefined
  const { userId, contentHash } = version
  const files = contentHash === null ? [] : ['episode.mp3']
  const made = {
    contentHash: contentHash ?? '',
    files,
    isCertified: true,
    isSilent: false,
    isUnbleeped: false,
    isOfOtherWords: false,
    isMostlyCut: false,
    publish: null,
    heldFor: null,
  }
  return { userId, settings: defaultTemplate(), context: toScalars(made) }
}

const notFinished = (): Permanent =>
  new Permanent(
    'not_publishable',
    'The episode has not been finished yet: wait for its run, decide on what it waits for, or, if that failed, begin it again: on its page in the console, or by the command that made it.',
  )

/** A clock that goes wrong by so much still names a time to come. */
const clockSlackMs = 60_000

/**
 * Names the time at which an episode is to be published, for one that is being made too. Throws Permanent
 * `not_publishable` for one that never came so far, and for a time that is past.
 */
export async function schedulePublication(services: Services, episodeId: string, at: Date): Promise<void> {
  if (at.getTime() < Date.now() - clockSlackMs)
    throw new Permanent(
      'not_publishable',
      `${at.toISOString()} is past. Name a time to come, or none to publish it now.`,
    )
  await changingTime(services, episodeId, async (trx, live) => {
    if (live) {
      await namePublicationTime(trx, episodeId, at)
      const { heldFor } = readContext(live.context, 'heldFor')
      if (heldFor === 'unscheduled' || heldFor === 'unpublished') await updateHold(trx, live.id, null)
      return
    }
    if ((await findEpisode(trx, episodeId))?.status === 'failed' || !(await whatIsMade(trx, episodeId)))
      throw notFinished()
    if ((await publicationOf(trx, episodeId)).isCurrent)
      throw new Permanent(
        'not_publishable',
        'The episode is in the feed already, as it was made last. Take it out to give it another time.',
      )
    await scheduleEpisode(trx, episodeId, at)
  })
  await askFor('sweep', episodeId, services, at)
}

/**
 * Takes the time back at which an episode was to be published: it waits until it is published, or given another time, the
 * version that is being made too. What is in the feed of it stays there. Throws AlreadyRunning where it is being published.
 */
export async function unschedulePublication(services: Services, episodeId: string): Promise<void> {
  await changingTime(services, episodeId, async (trx, live) => {
    await forgetPublicationTime(trx, episodeId)
    if (!live) return
    const { heldFor, publication } = readContext(live.context, 'heldFor', 'publication')
    const isComingOut = (await findEpisode(trx, episodeId))?.status === 'publishing'
    if (isComingOut || publication !== null) throw await alreadyRunning(trx, live.id)
    await updateHold(trx, live.id, heldFor ?? 'unscheduled')
  })
}

/** Under the locks of the episode's row and of its live run. */
async function changingTime(
  { config }: Services,
  episodeId: string,
  change: (trx: Knex, live: Run | undefined) => Promise<void>,
): Promise<void> {
  await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const id = await liveRunIdOf(trx, episodeId)
      const run = id === undefined ? undefined : await lockRun(trx, id)
      await lockEpisode(trx, episodeId)
      const isStillLive = id !== undefined && (await liveRunIdOf(trx, episodeId)) === id
      await change(trx, isStillLive ? run : undefined)
    }),
  )
}

const updateHold = (trx: Knex, runId: string, heldFor: RunContext['heldFor']): Promise<unknown> =>
  updateRunProgress(trx, runId, { context: toScalars({ heldFor }) })
