/** Retry: a new run of the same episode or mailbox with what the earlier one was given. Hides which of the two it is. */
import { startMailRun } from './db/letters.ts'
import { withDatabase } from './db/connect.ts'
import { findRun } from './db/runs.ts'
import { insertSteps } from './db/steps.ts'
import { runAgain } from './episode-run.ts'
import { AlreadyRunning, Permanent } from './errors.ts'
import { log } from './log.ts'
import { partsOf } from './pipeline.ts'
import { charge } from './quota.ts'
import { enqueue, type Services } from './step.ts'

/** Returns the new run's id. Throws AlreadyRunning with the live run's; Permanent `rate_limited`. */
export async function startAgain(services: Services, earlierId: string): Promise<string> {
  const { config, pipeline } = services
  const { runId, steps } = await withDatabase(config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const earlier = await findRun(trx, earlierId)
      if (!earlier) throw new Permanent('not_found', 'There is no such run.')
      const { userId, episodeId, mailbox, context } = earlier
      const run =
        episodeId === null
          ? { ...(await startMailRun(trx, { userId, mailbox: mailbox!, context })), steps: [] }
          : await runAgain(trx, pipeline, episodeId, {})
      if (!run.started) throw new AlreadyRunning(run.runId)
      await charge(trx, config, { userId, kind: 'runs', key: run.runId, amount: 1, runId: run.runId })
      const mail = episodeId === null ? await insertSteps(trx, run.runId, partsOf(pipeline.stage('read-mail')!, context)) : []
      return { runId: run.runId, steps: [...run.steps, ...mail] }
    }),
  )
  // The run is there, whatever the queue says: its caller must learn of it, and the sweep enqueues what the queue did not take.
  await enqueue(services, steps).catch((error: unknown) => log.error({ run: runId, error: String(error) }, 'started, and left to the sweep'))
  return runId
}
