/**
 * A task queue in memory that promises what Cloud Tasks does: a task is delivered until somebody answers 200, perhaps
 * again after that, in any order, and not before it is due; of one name there is one. Hides for how long a name is
 * remembered after its task is gone, which differs from schedule to schedule.
 */
import { between } from '../../shared/boundaries.ts'
import { parsePayload, contextVersion, type TaskPayload } from '../../shared/context.ts'
import { taskName, type QueuedStep, type TaskQueue } from '../../shared/engine/tasks.ts'
import type { StepIdentity } from '../../shared/context.ts'

export interface QueuedTask {
  readonly label: string
  readonly dueAtMs: number
  readonly payload: TaskPayload
}

export interface QueueInMemory extends TaskQueue {
  /** Tasks that may be delivered now. */
  readonly due: () => QueuedTask[]
  /** What was delivered and answered, and may come once more. */
  readonly answered: readonly QueuedTask[]
  readonly tasks: () => QueuedTask[]
  /** It was answered with 200. */
  readonly finish: (task: QueuedTask) => void
  /** The queue forgets it, as no queue should. */
  readonly lose: (task: QueuedTask) => void
}

export function queueInMemory({ remembersNames }: { readonly remembersNames: boolean }): QueueInMemory {
  const queued = new Map<string, QueuedTask>()
  const gone = new Set<string>()
  const answered: QueuedTask[] = []

  const create = (step: QueuedStep): void => {
    const name = taskName(step)
    if (queued.has(name) || (remembersNames && gone.has(name))) return
    const { runId, part, turn, context } = step
    const payload = parsePayload(
      JSON.parse(JSON.stringify({ v: contextVersion, runId, step: step.step, part, turn, context })),
    )
    queued.set(name, { label: labelOf(step), dueAtMs: step.dueAt?.getTime() ?? 0, payload })
  }
  const drop = ({ payload }: QueuedTask): void => {
    gone.add(taskName(payload))
    queued.delete(taskName(payload))
  }
  return {
    enqueue: async (steps) => {
      for (const step of steps) await between('task.create', labelOf(step), () => create(step))
    },
    holds: (step) => Promise.resolve(queued.has(taskName(step))),
    remind: ({ name, about }) => between('task.create', `${name} for ${about}`, () => undefined),
    close: () => Promise.resolve(),
    tasks: () => [...queued.values()],
    due: () => [...queued.values()].filter(({ dueAtMs }) => dueAtMs <= Date.now()),
    answered,
    finish: (task) => {
      drop(task)
      answered.push(task)
    },
    lose: drop,
  }
}

const labelOf = ({ runId, step, part, turn }: StepIdentity): string =>
  `${step}/${part} of run ${shortId(runId)}${turn > 0 ? `, turn ${turn}` : ''}`

/** Ids are counted. */
export const shortId = (id: string): string => id.replace(/^[0-]+/, '')
