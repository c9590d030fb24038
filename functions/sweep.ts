/** sweep: each minute, what fell between the chairs: overdue steps whose task the queue no longer has are given a new one. */
import { forgetOldRequests } from '../shared/db/api-requests.ts'
import { withDatabase } from '../shared/db/connect.ts'
import { overdueSteps, reviveStep } from '../shared/db/overdue-steps.ts'
import type { PendingStep } from '../shared/db/steps.ts'
import { log } from '../shared/log.ts'
import { enqueue } from '../shared/engine/enqueue.ts'
import type { Services } from '../shared/engine/services.ts'

/** One sweep's worth; the next is a minute away. */
const batch = 200

export async function sweep(services: Services): Promise<{ overdue: number; revived: number }> {
  const { config } = services
  const { overdueMs } = config.lease
  const overdue = await withDatabase(config.databaseUrl, (db) => overdueSteps(db, overdueMs, batch))
  await withDatabase(config.databaseUrl, forgetOldRequests)
  let revived = 0
  for (const step of overdue) {
    try {
      if (await revive(step, services)) revived++
    } catch (error) {
      log.error({ run: step.runId, step: step.step, part: step.part, error: String(error) }, 'not revived') // one step in trouble must not hide the others
    }
  }
  return { overdue: overdue.length, revived }
}

async function revive(step: PendingStep, services: Services): Promise<boolean> {
  const { config, tasks, pipeline } = services
  const stage = pipeline.stage(step.step)
  if (!stage || (await tasks.holds({ ...step, queue: stage.queue }))) return false
  const again = await withDatabase(config.databaseUrl, (db) => reviveStep(db, step, config.lease.overdueMs))
  if (!again) return false
  await enqueue(services, [again])
  log.warn({ run: step.runId, step: step.step, part: step.part, turn: again.turn }, 'revived')
  return true
}
