/** sweep: each minute, what fell between the chairs: overdue steps whose task the queue no longer has are given a new one. */
import { withDatabase } from '../shared/db/connect.ts'
import { overdueSteps, reviveStep } from '../shared/db/steps.ts'
import { log } from '../shared/log.ts'
import { enqueue, type Services } from '../shared/step.ts'

/** One sweep's worth; the next is a minute away. */
const batch = 200

export async function sweep(services: Services): Promise<{ overdue: number; revived: number }> {
  const { config, tasks, pipeline } = services
  const { overdueMs } = config.lease
  const overdue = await withDatabase(config.databaseUrl, (db) => overdueSteps(db, overdueMs, batch))
  let revived = 0
  for (const step of overdue) {
    const stage = pipeline.stage(step.step)
    if (!stage || (await tasks.holds({ ...step, queue: stage.queue }))) continue
    const again = await withDatabase(config.databaseUrl, (db) => reviveStep(db, step, overdueMs))
    if (!again) continue
    await enqueue(services, [again])
    log.warn({ run: step.runId, step: step.step, part: step.part, turn: again.turn }, 'revived')
    revived++
  }
  return { overdue: overdue.length, revived }
}
