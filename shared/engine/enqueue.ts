/**
 * Creates queue tasks for pending step rows. Hides what a task carries besides the name of its row, and that
 * creating one twice is harmless. A row always comes first, so a task lost here is created again by a
 * redelivery or by `sweep`.
 */
import type { PendingStep } from '../db/steps.ts'
import { log } from '../log.ts'
import type { Services } from './services.ts'

/** A task is given a schedule only when its step is due later than this. */
const soonMs = 1000

/** Creates the tasks of pending rows; one that exists already is not created twice. */
export async function enqueue(
  { tasks, pipeline }: Pick<Services, 'tasks' | 'pipeline'>,
  steps: readonly PendingStep[],
): Promise<void> {
  await tasks.enqueue(
    steps.map(({ runId, step, part, turn, context, dueAt }) => {
      const { queue, deadlineSeconds } = pipeline.stage(step)!
      const isLater = dueAt.getTime() > Date.now() + soonMs
      return { runId, step, part, turn, context, queue, deadlineSeconds, ...(isLater ? { dueAt } : {}) }
    }),
  )
}

/**
 * Enqueues the first steps of a run that a caller has started. Never throws for the queue: the run exists
 * whatever the queue says, its caller must learn of it, and `sweep` enqueues the rest.
 */
export async function offer(services: Services, runId: string, steps: readonly PendingStep[]): Promise<void> {
  await enqueue(services, steps).catch((error: unknown) =>
    log.error({ run: runId, error: String(error) }, 'started, and left to the sweep'),
  )
}
