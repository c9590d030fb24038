/**
 * Whether anything is left to be done in a world, by its rows: a run at work, a deletion, an episode that was taken back and
 * not looked at since, a feed that is behind.
 */
import type { StepIdentity } from '../../shared/context.ts'
import { taskName } from '../../shared/engine/tasks.ts'
import { shortId, type QueuedTask } from './task-queue.ts'
import type { World } from './world.ts'

export async function isQuiet({ database }: World): Promise<boolean> {
  const [found] = await database.rows<{ isQuiet: boolean }>(
    `SELECT NOT EXISTS (SELECT 1 FROM runs WHERE status IN ('queued', 'started'))
        AND NOT EXISTS (SELECT 1 FROM deletions WHERE done_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM purges WHERE phase <> 'cleared')
        AND NOT EXISTS (SELECT 1 FROM episodes WHERE status = 'scheduled' OR withdrawn_at IS NOT NULL)
        AND NOT EXISTS (
          SELECT 1 FROM podcasts p
          WHERE feed_revision < revision
            AND EXISTS (SELECT 1 FROM episodes WHERE podcast_id = p.id AND published IS NOT NULL)
        ) AS "isQuiet"`,
  )
  return found!.isQuiet
}

/** Steps of runs at work that wait, or whose lease is over, and for which no task stands in the queue. */
export async function stepsWithoutTasks({ database, queue }: World): Promise<string[]> {
  const waiting = await database.rows<StepIdentity>(
    `SELECT run_id AS "runId", step, part, turn
     FROM steps
     WHERE status IN ('pending', 'running')
       AND run_id IN (SELECT id FROM runs WHERE status IN ('queued', 'started'))`,
  )
  const queued = new Set(queue.tasks().map(({ payload }) => taskName(payload)))
  return waiting
    .filter((step) => !queued.has(taskName(step)))
    .map(({ runId, step, part }) => `${step}/${part} of run ${shortId(runId)}`)
}

/** Whether a step is neither done nor given another turn, in a run at work: whoever holds it may need its task again. */
export async function isStillCalledFor({ database }: World, { payload }: QueuedTask): Promise<boolean> {
  const { runId, step, part, turn } = payload
  const found = await database.rows(
    `SELECT 1 FROM steps
     WHERE run_id = $1 AND step = $2 AND part = $3 AND turn = $4
       AND status IN ('pending', 'running')
       AND EXISTS (SELECT 1 FROM runs WHERE id = $1 AND status IN ('queued', 'started'))`,
    [runId, step, part, turn],
  )
  return found.length > 0
}
