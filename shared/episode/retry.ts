/** Retry: a new run of the same episode or mailbox with what the earlier one was given. Hides which of the two it is. */
import { withDatabase } from '../db/connect.ts'
import { findRun, liveRunOf, startMailRun, type Run } from '../db/runs.ts'
import { insertSteps } from '../db/steps.ts'
import { planEpisode } from './plan.ts'
import { runAgain, startPlanned } from './run.ts'
import { AlreadyRunning, Permanent } from '../errors.ts'
import { parseUploadName } from '../objects.ts'
import { partsOf } from '../engine/pipeline.ts'
import { charge } from './quota.ts'
import { offer } from '../engine/enqueue.ts'
import type { Services } from '../engine/services.ts'

/** Returns the new run's id. Throws AlreadyRunning with the live run's; Permanent `rate_limited`. */
export async function startAgain(services: Services, earlierId: string): Promise<string> {
  const { config, pipeline } = services
  const earlier = await withDatabase(config.databaseUrl, (db) => findRun(db, earlierId))
  if (!earlier) throw new Permanent('not_found', 'There is no such run.')
  if (earlier.context['unplanned'] === true) return await planAgain(services, earlier)
  const { runId, steps } = await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const { userId, episodeId, mailbox, context } = earlier
      const run =
        episodeId === null
          ? { ...(await startMailRun(trx, { userId, mailbox: mailbox!, context })), steps: [] }
          : await runAgain(trx, pipeline, episodeId, {})
      if (!run.started) throw new AlreadyRunning(run.runId)
      await charge(trx, config, { userId, kind: 'runs', key: run.runId, amount: 1, runId: run.runId })
      const mail =
        episodeId === null
          ? await insertSteps(trx, run.runId, partsOf(pipeline.stage('read-mail')!, context))
          : []
      return { runId: run.runId, steps: [...run.steps, ...mail] }
    }),
  )
  await offer(services, runId, steps)
  return runId
}

/** A run that could not begin had no plan worth repeating: what was missing may be there now. Its new run fails again, and says why, if it is not. */
async function planAgain(services: Services, { context }: Run): Promise<string> {
  const { config, storage } = services
  const path = parseUploadName(String(context['recordingObject']))!
  const recording = await storage.stat({
    ...{
      bucket: config.buckets.uploads,
      name: String(context['recordingObject']),
      generation: String(context['recordingGeneration']),
    },
  })
  if (!recording)
    throw new Permanent('upload_replaced', `${path.file} was replaced or deleted since. Upload it again.`)
  const plan = await planEpisode(path, services)
  const { runId, steps } = await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const live = await liveRunOf(trx, path.userId, path.podcast, path.episode)
      if (live !== undefined) throw new AlreadyRunning(live)
      return (await startPlanned(trx, path, recording, plan, services))!
    }),
  )
  await offer(services, runId, steps)
  return runId
}
