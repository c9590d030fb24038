/**
 * Notes which tasks of which step are worked at and how they end, and complains where one turn of a step had several, since what
 * is enqueued twice is one task, by its name; and where a step failed again and again, which was disturbed once.
 */
import type { FaultyCloud } from './cloud.ts'
import type { Call, Ended } from './passing.ts'

/** Its own, that of whatever was disturbed with it, and as many again. */
const mostFailures = 4

interface Given {
  readonly names: Set<string>
  failures: number
}

export function givenTasks({ ask }: FaultyCloud) {
  /** By run, step and part. */
  const given = new Map<string, Given>()
  const runs = new Set<string>()
  const keyOf = ({ functionName, task }: Call): string => `${task?.runId} ${functionName}/${task?.part}`
  const several = async (): Promise<string[]> => {
    const turns = await ask<{ step: string; turns: number }>(
      `SELECT concat(run_id, ' ', step, '/', part) AS step, turn + 1 AS turns
       FROM steps
       WHERE run_id = ANY (CAST(:runIds AS uuid[]))`,
      { runIds: [...runs] },
    )
    return turns.flatMap(({ step, turns: most }) => {
      const count = given.get(step)?.names.size ?? 0
      return count > most ? [`${step.split(' ')[1]} had ${count} tasks where ${most} was due`] : []
    })
  }
  const failing = (): string[] =>
    [...given].flatMap(([step, { failures }]) =>
      failures > mostFailures ? [`${step.split(' ')[1]} failed ${failures} times`] : [],
    )
  return {
    note: (call: Call): void => {
      if (!call.task) return
      runs.add(call.task.runId)
      const known = given.get(keyOf(call)) ?? { names: new Set(), failures: 0 }
      known.names.add(call.task.name)
      given.set(keyOf(call), known)
    },
    noteEnd: (end: Ended): void => {
      const known = given.get(keyOf(end))
      if (known && end.status === 500) known.failures++
    },
    complaints: async (): Promise<string[]> => [...(await several()), ...failing()],
  }
}
