/**
 * Brings everything to its end once nothing is disturbed any more: whoever stands goes on, news and tasks are delivered,
 * the clock jumps and sweeps come, until nothing is left to be done.
 */
import { isQuiet, stepsWithoutTasks } from './quiet.ts'
import { sweeping } from './scenarios.ts'
import type { Stage } from './stage.ts'

/** Longer than anything waits that is not days away. */
const jumpMs = 16 * 60_000
/** Sweeps that everything must come to its end in. */
const mostSweeps = 12

/** False when it never does. */
export async function bringToEnd(stage: Stage): Promise<boolean> {
  const { world, owed, act } = stage
  for (let sweeps = 0; sweeps <= mostSweeps; sweeps++) {
    do await letAllEnd(stage)
    while (await deliverAll(stage))
    const isOver = world.processes.alive().length === 0 && owed.size === 0 && world.queue.tasks().length === 0
    if (isOver && (await isQuiet(world))) return true
    if (sweeps === 0 && !world.excuses.has('sweep')) world.forgotten.push(...(await stepsWithoutTasks(world)))
    await world.database.jump(jumpMs)
    await act(sweeping())
  }
  return false
}

/** One after another, as far as they can: one may wait for another. */
async function letAllEnd({ world: { processes } }: Stage): Promise<void> {
  for (let left = Infinity; processes.alive().length > 0 && processes.alive().length < left;) {
    left = processes.alive().length
    for (const process of processes.alive()) await processes.goOn(process, true)
  }
}

/** False when no task came to its end by it. */
async function deliverAll(stage: Stage): Promise<boolean> {
  const { queue, processes } = stage.world
  for (const action of stage.owed) await stage.act(action)
  const due = queue.due()
  for (const task of due) {
    await processes.goOn(await stage.begin(task), true)
    await letAllEnd(stage)
  }
  return due.some((task) => !queue.tasks().includes(task))
}
