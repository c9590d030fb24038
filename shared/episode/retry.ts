/**
 * Retry: a new run of the same episode or mailbox with what the earlier one was given. Hides which of the two
 * it is.
 */
import type { Knex } from 'knex'
import { withDatabase } from '../db/connect.ts'
import { findRun, latestRunOf, liveRunOf, startMailRun, type Run } from '../db/runs.ts'
import { insertSteps, type PendingStep } from '../db/steps.ts'
import { insertPublication } from './publication.ts'
import { alreadyRunning } from './already-running.ts'
import { planEpisode } from './plan.ts'
import { runAgain, startPlanned } from './run.ts'
import { readContext } from './run-context.ts'
import { AlreadyRunning, Permanent } from '../errors.ts'
import { asSeen, parseUploadName } from '../objects.ts'
import { partsOf } from '../engine/pipeline.ts'
import { charge } from './quota.ts'
import { offer } from '../engine/enqueue.ts'
import type { Services } from '../engine/services.ts'

/** Returns the new run's id. Throws AlreadyRunning with the live run's; Permanent `rate_limited`. */
export async function startAgain(services: Services, earlierId: string): Promise<string> {
  const earlier = await withDatabase(services.config.databaseUrl, (db) => findRun(db, earlierId))
  if (!earlier) throw new Permanent('not_found', 'There is no such run.')
  const { runId, steps } = await startLike(services, earlier)
  await offer(services, runId, steps)
  return runId
}

/**
 * Makes an episode again of which a result was lost: what is still there is taken over. Returns the run's id; throws as
 * `startAgain` does.
 */
export async function makeAgain(services: Services, episodeId: string): Promise<string> {
  const latest = await withDatabase(services.config.databaseUrl, (db) => latestRunOf(db, episodeId))
  if (!latest) throw new Permanent('not_found', 'The episode has no run that made it.')
  return await startAgain(services, latest.id)
}

type Started = Promise<{ runId: string; steps: PendingStep[] }>

async function startLike(services: Services, earlier: Run): Started {
  const { publication } = readContext(earlier.context, 'publication')
  if (publication && earlier.episodeId)
    return await withDatabase(services.config.databaseUrl, (db) =>
      db.transaction((trx) => insertPublication(trx, services, earlier.episodeId!, publication)),
    )
  if (earlier.context['unplanned'] === true) return await planAgain(services, earlier)
  return await withDatabase(services.config.databaseUrl, (db) =>
    db.transaction((trx) =>
      earlier.episodeId === null ? readAgain(trx, services, earlier) : runAgain(trx, services, earlier),
    ),
  )
}

async function readAgain(
  trx: Knex,
  { config, pipeline }: Services,
  { userId, mailbox, context }: Run,
): Started {
  const { runId, started } = await startMailRun(trx, { userId, mailbox: mailbox!, context })
  if (!started) throw new AlreadyRunning(runId)
  await charge(trx, config, { userId, kind: 'runs', key: runId, amount: 1, runId })
  return { runId, steps: await insertSteps(trx, runId, partsOf(pipeline.stage('read-mail')!, context)) }
}

/**
 * A run that could not begin had no plan worth repeating: what was missing may be there now. Its new run
 * fails again, and says why, if it is not.
 */
async function planAgain(services: Services, { context }: Run): Started {
  const { config, storage } = services
  const { recordingObject: name, recordingGeneration: generation } = readContext(
    context,
    'recordingObject',
    'recordingGeneration',
  )
  const path = parseUploadName(name)!
  const recording = await storage.stat({ bucket: config.buckets.uploads, name, generation })
  if (!recording)
    throw new Permanent('upload_replaced', `${path.file} was replaced or deleted since. Upload it again.`)
  const plan = await planEpisode(path, services)
  return await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const live = await liveRunOf(trx, path.userId, asSeen(path.podcast), asSeen(path.episode))
      if (live) throw await alreadyRunning(trx, live.id)
      return (await startPlanned(trx, path, recording, plan, services))!
    }),
  )
}
