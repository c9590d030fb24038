/** Bugs in how a delivery is handled, and what follows a step. */
import type { PlantedBug } from './bug.ts'

const delivery = 'shared/engine/delivery.ts'
const commit = 'shared/engine/commit.ts'
const attempts = 'shared/db/step-attempts.ts'
const attempt = 'shared/engine/attempt.ts'
const pipeline = 'shared/engine/pipeline.ts'

export const engineBugs: readonly PlantedBug[] = [
  {
    name: 'nobody locks a run: two committers each see the other’s step unfinished',
    file: attempts,
    find: '       WHERE id = :runId\n       FOR UPDATE\n',
    replace: '       WHERE id = :runId\n',
    caughtBy: 'making',
  },
  {
    name: 'tasks are created before the rows they call for are committed',
    file: commit,
    find: '    return { pending: [...inserted, ...followers.inserted], hasNews }',
    replace:
      "    const { enqueue } = await import('./enqueue.ts')\n" +
      '    await enqueue(services, [...inserted, ...followers.inserted])\n    return { pending: [], hasNews }',
    caughtBy: 'making',
  },
  {
    name: 'an attempt that has lost its step commits all the same',
    file: commit,
    find: "      if (!finished.isDone) throw new Busy('A later attempt holds the step.')\n",
    replace: '',
    caughtBy: 'making',
  },
  {
    name: 'a result that is taken over records nothing',
    file: commit,
    find: '      await result.record(trx)',
    replace: '      if (!result.reused) await result.record(trx)',
    caughtBy: 'deleting',
  },
  {
    name: 'further parts are forgotten',
    file: commit,
    find: '    const inserted = await insertSteps(trx, runId, further)',
    replace: '    const inserted = await insertSteps(trx, runId, further.slice(0, 0))',
    caughtBy: 'making',
  },
  {
    name: 'a redelivery does not create the tasks that a lost process owed',
    file: delivery,
    find: '      await enqueueBehind(services, task)\n',
    replace: '',
    caughtBy: 'making',
  },
  {
    name: 'a task of an old turn does not create that of the new one',
    file: delivery,
    find: '      await enqueueUnfinished(services, task.runId, [task.step])\n',
    replace: '',
    caughtBy: 'waiting',
  },
  {
    name: 'a task ends because another attempt holds its step',
    file: delivery,
    find: "      return { status: 409, outcome: 'busy' }\n    case 'exhausted'",
    replace: "      return { status: 200, outcome: 'busy' }\n    case 'exhausted'",
    caughtBy: 'making',
  },
  {
    name: 'a task ends because its attempt was overtaken',
    file: delivery,
    find: "    if (kind instanceof Busy) return { status: 409, outcome: 'busy' }",
    replace: "    if (kind instanceof Busy) return { status: 200, outcome: 'busy' }",
    caughtBy: 'making',
  },
  {
    name: 'a step that was tried often enough is left as it is',
    file: delivery,
    find: "      await fail(services, task, exhausted(task, claim.attempts, claim.lastError ?? 'its process ended'))",
    replace: '',
    caughtBy: 'dying',
  },
  {
    name: 'a lost connection is taken for an error of the work’s own',
    file: delivery,
    find: 'kind instanceof Retryable && !(kind instanceof Passing)',
    replace: 'kind instanceof Retryable && !(kind instanceof Deferred && Passing)',
    caughtBy: 'dying',
  },
  {
    name: 'a step that is put off gets no task',
    file: delivery,
    find: '      await enqueue(services, [deferred])\n',
    replace: '',
    caughtBy: 'waiting',
  },
  {
    name: 'an error is answered as if all were well',
    file: delivery,
    find: "    if (held) await withDatabase(databaseUrl, (db) => releaseStep(db, held, kind.message))\n    return { status: 500, outcome: 'to be retried' }",
    replace:
      "    if (held) await withDatabase(databaseUrl, (db) => releaseStep(db, held, kind.message))\n    return { status: 200, outcome: 'to be retried' }",
    caughtBy: 'making',
  },
  {
    name: 'a step fails in a run that has ended',
    file: delivery,
    find: "      if ((await lockRun(trx, step.runId))?.status !== 'started') return undefined\n",
    replace: '',
    caughtBy: 'refusing',
  },
  {
    name: 'a run fails by an attempt that was overtaken',
    file: delivery,
    find: '      if (!(await markFailed(trx, step, error.message))) return undefined',
    replace: '      await markFailed(trx, step, error.message)',
    caughtBy: 'refusing',
  },
  {
    name: 'a step fails and its run does not',
    file: delivery,
    find: '      await failRun(trx, step.runId, error.code, error.message)\n',
    replace: '',
    caughtBy: 'refusing',
  },
  {
    name: 'an attempt that was overtaken makes its run wait',
    file: delivery,
    find: '      if (!(await suspendStep(trx, held))) return undefined',
    replace: '      await suspendStep(trx, held)',
    caughtBy: 'reviewing',
  },
  {
    name: 'a run waits for its producer and says that it is at work',
    file: delivery,
    find: '      await awaitReview(trx, held.runId)\n',
    replace: '',
    caughtBy: 'reviewing',
  },
  {
    name: 'a result of which an object is lost is taken over',
    file: attempt,
    find: '  return earlier && (await isWhole(services, opened, earlier)) ?',
    replace: '  void [isWhole, services]\n  return earlier ?',
    caughtBy: 'buying',
  },
  {
    name: 'nobody notes under which key an attempt writes',
    file: attempts,
    find: '       SET input_key = :inputKey\n       WHERE',
    replace: '       SET input_key = input_key\n       WHERE',
    caughtBy: 'making',
  },
  {
    name: 'a step begins before what it follows is done',
    file: pipeline,
    find: ' || !pipeline.before(name).isDisjointFrom(unfinished)) continue',
    replace: ') continue',
    caughtBy: 'making',
  },
  {
    name: 'a run is finished when nothing follows, whatever is still at work',
    file: pipeline,
    find: 'isFinished: unfinished.size === 0',
    replace: 'isFinished: inserted.length === 0',
    caughtBy: 'making',
  },
  {
    name: 'a run is never finished',
    file: commit,
    find: '    if (followers.isFinished) await finishRun(trx, runId)\n',
    replace: '    void finishRun\n',
    caughtBy: 'making',
  },
]
