/**
 * Step `publish`: brings a finished episode before its listeners, or leaves it where its producer wants it: held, or
 * waiting for its time. In a run of its own it does what the producer asked for, now. Has one effect, however often it
 * runs.
 */
import type { Knex } from 'knex'
import type { z } from 'zod'
import {
  findEpisode,
  holdEpisode,
  markPublished,
  markPublishing,
  publicationOf,
  scheduleEpisode,
} from '../shared/db/episodes.ts'
import { updateRunProgress } from '../shared/db/run-changes.ts'
import { findRun, lockRun, publishedRunOf, type Run } from '../shared/db/runs.ts'
import { markWithdrawn } from '../shared/db/withdrawals.ts'
import { defineStep, type Identity, type Tools } from '../shared/engine/step.ts'
import { decidePublication, type Decided } from '../shared/episode/publication.ts'
import { pick, readContext, type RunContext } from '../shared/episode/run-context.ts'
import { Busy, Passing, Permanent, Stopped } from '../shared/errors.ts'
import { feedName } from '../shared/objects.ts'
import { swapFeed } from '../shared/publishing/feed-file.ts'
import { passGate } from '../shared/publishing/gate.ts'
import {
  copyFiles,
  filesBeforeListeners,
  publishAudio,
  removeFiles,
} from '../shared/publishing/public-files.ts'
import { runSettings } from '../shared/settings/settings.ts'

const context = pick(
  'contentHash',
  'files',
  'isCertified',
  'isSilent',
  'isUnbleeped',
  'isOfOtherWords',
  'isMostlyCut',
  'publish',
  'supersededTime',
  'publication',
)
type Context = z.output<typeof context> & Identity

export const publish = defineStep({
  name: 'publish',
  version: 4,
  context,
  load: async (db: Knex, { runId, episodeId, isOfOtherWords }) => {
    const { podcastId } = (await findEpisode(db, episodeId))!
    const run = (await findRun(db, runId))!
    const { publish: template } = runSettings(run.settings)
    // its producer may have said something of it since the task was created
    const { heldFor } = readContext(run.context, 'heldFor')
    const isNews = isOfOtherWords && !(await areKnownToListeners(db, run))
    return { podcastId, template, heldFor, isNews, publication: await publicationOf(db, episodeId) }
  },
  work: async (given, { podcastId, template, heldFor, isNews, publication }, tools) => {
    const { publishAt } = publication
    const wish = decidePublication(
      { ...given, isOfOtherWords: isNews, template, heldFor, publishAt },
      new Date(),
    )
    const version = { ...given, podcastId, heldFor }
    const decided = wish.what === 'publish' ? await letThrough(version, tools) : wish
    const feedObject = feedName(podcastId)
    if (decided.what === 'publish') await bringOut(version, tools)
    else if (decided.what === 'withdraw') await takeAway(version, tools, markWithdrawn)
    // published again meanwhile, all of it is to be there
    else if (decided.what === 'clear' && publication.publishedAt === null) await takeAway(version, tools)
    const { what } = decided
    return {
      podcastId,
      what,
      reason: what === 'hold' ? decided.reason : null,
      at: what === 'schedule' ? decided.at.toISOString() : null,
      feedObject: what === 'publish' || publication.publishedAt !== null ? feedObject : null,
    }
  },
  record: async (trx, { episodeId, supersededTime }, { what, reason, at }) => {
    if (what === 'publish') await markPublished(trx, episodeId)
    else if (what === 'hold') await holdEpisode(trx, episodeId, reason!, supersededTime)
    else if (what === 'schedule') await scheduleEpisode(trx, episodeId, new Date(at!))
  },
})

/** Their producer has let them through before. */
async function areKnownToListeners(db: Knex, { episodeId, context }: Run): Promise<boolean> {
  const published = await publishedRunOf(db, episodeId!)
  const [before, now] = [published?.context, context].map((one) => one?.['wordsHash'])
  return published !== undefined && before === now
}

type Version = Context & Pick<RunContext, 'heldFor'> & { readonly podcastId: string }

/**
 * Puts the files where listeners would find them, and looks whether they do. Whoever asked for the publication is told
 * outright; else the episode is held, and the run says why. Throws Permanent `gate_refused`.
 */
async function letThrough(version: Version, tools: Tools): Promise<Decided> {
  await copyFiles(version, tools)
  const complaints = await passGate(version, tools)
  if (complaints.length === 0) return { what: 'publish' }
  const message = `Listeners could not get the episode as it was made: ${complaints.join('; ')}.`
  if (version.publication !== null) throw new Permanent('gate_refused', message)
  tools.warn({ code: 'held_at_the_gate', message })
  return { what: 'hold', reason: 'gate_refused' }
}

async function bringOut(version: Version, tools: Tools): Promise<void> {
  await publishAudio(version, tools, () => passPointOfNoReturn(version, tools, markPublishing))
  await swapFeed(version.podcastId, tools, version.episodeId)
}

/**
 * First the feed forgets the episode, then its files go: those that were there before, and none that has come since. Without
 * `mark` it was taken back before, and something was left.
 */
async function takeAway(version: Version, tools: Tools, mark?: typeof markWithdrawn): Promise<void> {
  const files = await filesBeforeListeners(version, tools)
  await passPointOfNoReturn(version, tools, mark)
  await swapFeed(version.podcastId, tools)
  await removeFiles(files, tools)
}

/** Changes the episode's row while the run is live and this attempt is the one: from here on a cancel is refused. */
async function passPointOfNoReturn(
  { runId, episodeId, heldFor }: Version,
  { withDatabase, stillHolds }: Tools,
  change?: (trx: Knex, episodeId: string) => Promise<void>,
): Promise<void> {
  await withDatabase((db) =>
    db.transaction(async (trx) => {
      const run = await lockRun(trx, runId)
      if (run?.status !== 'started') throw new Stopped('The run ended before its publication began.')
      if (readContext(run.context, 'heldFor').heldFor !== heldFor)
        throw new Passing('internal', 'Its producer has just said whether it is to be published by itself.')
      if (!(await stillHolds(trx))) throw new Busy('Another attempt took the publication over.')
      await updateRunProgress(trx, runId, { committed: true })
      await change?.(trx, episodeId)
    }),
  )
}
