/**
 * What is going on in the world of one schedule: who has begun, who waits to, which task a process has. Hides how one of
 * the product's calls is begun as a process, and how far one goes on.
 */
import { between, type Passage } from '../../shared/boundaries.ts'
import { deliver } from '../../shared/engine/delivery.ts'
import type { Process } from './processes.ts'
import { isStillCalledFor } from './quiet.ts'
import type { Action, Scenario } from './scenarios.ts'
import type { QueuedTask } from './task-queue.ts'
import type { World } from './world.ts'

export interface Stage {
  readonly world: World
  readonly scenario: Scenario
  /** What its people have not done yet. */
  readonly waiting: Action[]
  /** News that nobody has taken yet. */
  readonly owed: Set<Action>
  readonly begin: (thing: Action | QueuedTask) => Promise<Process>
  /** To its end, unless it waits for a lock. */
  readonly act: (action: Action) => Promise<void>
  /** Goes on for so many points; says where it stands then. */
  readonly pass: (process: Process, points: number) => Promise<string>
  /** The same, up to a point like this one, or to its end. */
  readonly passUntil: (process: Process, isMeant: (passage: Passage) => boolean) => Promise<string>
  /** Those that wait for the schedule. */
  readonly standing: () => Process[]
  /** Undefined of one that is no delivery. */
  readonly taskOf: (process: Process) => QueuedTask | undefined
  /** It will be ended, or disturbed. */
  readonly blame: (process: Process) => void
}

/** So many points and more are the way to the end. */
export const wholeWay = 44
/** About as many as a delivery comes to. */
const mostSeen = 6

/** `without`: which of the scenario's actions are left out, a bit each. */
export function openStage(world: World, scenario: Scenario, without: number): Stage {
  const { processes } = world
  const mayLack = scenario.oversleepsOften ? 0 : without
  const waiting: Action[] = scenario.actions.filter(({ isNews }, i) => isNews || !(mayLack & (1 << i)))
  const owed = new Set<Action>()
  /** Those whose work is done again by whoever calls them: the queue, or the store. */
  const calledAgain = new Set<Process>()
  const deliveries = new Map<Process, QueuedTask>()

  const beginAction = async (action: Action): Promise<Process> => {
    if (waiting.includes(action)) waiting.splice(waiting.indexOf(action), 1)
    if (action.isNews) owed.add(action)
    const process = await processes.begin(nextName(world, action.name), async () => {
      await action.act(world)
      await between('answer', action.name, () => void owed.delete(action))
    })
    if (action.isNews) calledAgain.add(process)
    return process
  }
  const beginDelivery = async (task: QueuedTask): Promise<Process> => {
    const process = await processes.begin(nextName(world, task.label), () => handle(world, task))
    calledAgain.add(process)
    deliveries.set(process, task)
    return process
  }
  const begin = (thing: Action | QueuedTask) => ('act' in thing ? beginAction(thing) : beginDelivery(thing))
  return {
    world,
    scenario,
    waiting,
    owed,
    begin,
    act: async (action) => processes.goOn(await begin(action), true),
    pass: (process, points) => pass(world, process, points),
    passUntil: async (process, isMeant) => {
      while (process.halts.length > 0 && !isMeant(process.halts[0]!.passage)) await processes.goOn(process)
      return whereIs(process)
    },
    standing: () => processes.alive().filter(({ halts }) => halts.length > 0),
    taskOf: (process) => deliveries.get(process),
    blame: (process) => {
      world.excuses.add('fault')
      if (!calledAgain.has(process)) world.excuses.add('sweep')
    },
  }
}

/** Each is numbered, since several do the same. */
const nextName = ({ processes }: World, name: string): string => `${processes.all.length + 1}: ${name}`

async function handle(world: World, task: QueuedTask): Promise<void> {
  const { services, queue, processes, hasty } = world
  const { status } = await deliver(services, services.pipeline.stage(task.payload.step)!, task.payload)
  await between('answer', String(status), async () => {
    if (status !== 200) return
    if (await processes.aside(isStillCalledFor(world, task))) hasty.push(task.label)
    queue.finish(task)
  })
}

/**
 * Of every other number only those points count that somebody else could see: between them is where processes meet. Of half
 * of the rest, only those at which rows are about to be changed: what was read of them may be old by then.
 */
async function pass({ processes }: World, process: Process, points: number): Promise<string> {
  if (points >= wholeWay) await processes.goOn(process, true)
  const counts = points % 2 === 1 ? isSeen : points % 4 === 2 ? isAboutToChange : undefined
  for (let left = counts ? points % mostSeen : points; left >= 0 && process.halts.length > 0;) {
    await processes.goOn(process)
    if (!counts || (process.halts[0] && counts(process.halts[0].passage))) left--
  }
  return whereIs(process)
}

const isSeen = ({ effect }: Passage): boolean => effect !== 'database.read' && effect !== 'database.write'

const isAboutToChange = ({ effect, side }: Passage): boolean =>
  effect === 'database.write' && side === 'before'

/** In words. */
export function whereIs(process: Process): string {
  if (process.isOver) return 'to its end'
  const halt = process.halts[0]
  if (!halt) return 'until it waits for a lock'
  const { side, effect, about } = halt.passage
  return `until ${side} ${effect}: ${about.replaceAll(/\s+/g, ' ').trim().slice(0, 70)}`
}
