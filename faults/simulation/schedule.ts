/**
 * Plays one schedule: choices say who begins, who goes on and how far, who ends for good, whose connection breaks, which
 * task is lost and when the clock jumps. After the last choice nothing is disturbed any more, and everything comes to its
 * end. Hides which of the things that are possible at a moment a choice means; what it names, it names by what is there.
 */
import { between } from '../../shared/boundaries.ts'
import { deliver } from '../../shared/engine/delivery.ts'
import { complaintsAbout } from './invariants.ts'
import type { Process } from './processes.ts'
import { isQuiet, isStillCalledFor, stepsWithoutTasks } from './quiet.ts'
import { scenarios, sweeping, type Action, type Scenario, type ScenarioName } from './scenarios.ts'
import type { QueuedTask } from './task-queue.ts'
import type { Mood } from './toys.ts'
import { openWorld, type Theatre, type World } from './world.ts'

export interface Choice {
  /** 0 to 99: what kind of thing happens; `kinds` divides them. */
  readonly kind: number
  /** Which of those that are possible. */
  readonly which: number
  /** How many points whoever goes on passes; `wholeWay` and more: all. */
  readonly points: number
}

export interface Schedule {
  readonly scenario: ScenarioName
  readonly moods: readonly Mood[]
  readonly remembersNames: boolean
  readonly looksUp: boolean
  /** The first of the scenario's actions is over before anything is disturbed. */
  readonly beginsCalmly: boolean
  /** Which of the scenario's actions are left out, a bit each: what many do hides what few would show. */
  readonly without: number
  /** Of the things that disturb, only these happen. */
  readonly disturbances: readonly Disturbance[]
  readonly choices: readonly Choice[]
}

export interface Played {
  /** A line for each thing that happened while it was disturbed. */
  readonly trace: readonly string[]
  /** None when all is as it should be. */
  readonly complaints: readonly string[]
}

export const wholeWay = 44
export const disturbances = ['ends', 'is disturbed', 'is lost', 'the clock jumps', 'is overtaken'] as const
export type Disturbance = (typeof disturbances)[number]

/** Of kinds: each from the one before up to here. */
const kinds = [
  ['goes on', 22],
  ['begins', 60],
  ['ends', 70],
  ['is disturbed', 78],
  ['is lost', 81],
  ['the clock jumps', 84],
  ['is overtaken', 94],
  ['beats', 100],
] as const
/** Ends, disturbances and losses in one schedule: fewer than a step has attempts. */
const mostFaults = 4
/** Within a lease, beyond one, within two. */
const jumpsMs = [20_000, 31_000, 62_000] as const
const beyondLeaseMs = jumpsMs[1]
const mostJumps = 4
/** Longer than anything waits that is not days away. */
const longJumpMs = 16 * 60_000
/** Sweeps that everything must come to its end in. */
const longestFinale = 12

export async function play(theatre: Theatre, schedule: Schedule): Promise<Played> {
  const scenario: Scenario = scenarios[schedule.scenario]
  const world = await openWorld(theatre, { ...schedule, ...scenario })
  const stage = openStage(world, scenario, schedule)
  try {
    for (const action of scenario.before ?? []) {
      await stage.act(action)
      await stage.undisturbed()
    }
    if (schedule.beginsCalmly) await stage.beginCalmly()
    for (const choice of schedule.choices) await stage.choose(choice)
    const complaints = (await stage.finale()) ? [] : ['It never comes to its end.']
    complaints.push(...(await complaintsAbout(world, scenario)))
    return { trace: stage.trace, complaints }
  } catch (error) {
    return { trace: stage.trace, complaints: [`It breaks off: ${String(error)}`] }
  } finally {
    await world.processes.kill(...world.processes.all)
    world.processes.close()
  }
}

function openStage(world: World, scenario: Scenario, { without, disturbances: allowed }: Schedule) {
  const { processes, queue, database } = world
  const trace: string[] = []
  const waiting: Action[] = scenario.actions.filter(({ isNews }, i) => isNews || !(without & (1 << i)))
  const owed = new Set<Action>()
  let [faults, jumps, begun] = [0, 0, 0]
  /** Those whose work is done again by whoever calls them: the queue, or the store. */
  const calledAgain = new Set<Process>()
  const deliveries = new Map<Process, QueuedTask>()
  const blame = (process: Process): void => {
    world.excuses.add('fault')
    if (!calledAgain.has(process)) world.excuses.add('sweep')
  }

  const begin = async (action: Action): Promise<Process> => {
    if (action.isNews) owed.add(action)
    const process = await processes.begin(`${++begun}: ${action.name}`, async () => {
      await action.act(world)
      await between('answer', action.name, () => void owed.delete(action))
    })
    if (action.isNews) calledAgain.add(process)
    return process
  }
  const beginDelivery = async (task: QueuedTask): Promise<Process> => {
    const process = await processes.begin(`${++begun}: ${task.label}`, async () => {
      const { services } = world
      const { status } = await deliver(services, services.pipeline.stage(task.payload.step)!, task.payload)
      await between('answer', String(status), async () => {
        if (status !== 200) return
        if (await isStillCalledFor(world, task)) world.hasty.push(task.label)
        queue.finish(task)
      })
    })
    calledAgain.add(process)
    deliveries.set(process, task)
    return process
  }
  const toTheEnd = async (process: Process): Promise<void> => {
    await processes.goOn(process, true)
  }
  const act = async (action: Action): Promise<void> => toTheEnd(await begin(action))

  /**
   * Passes so many points; of every other number only those count that somebody else can see: what stands between two of
   * them is where processes meet. Says where it stands then.
   */
  const pass = async (process: Process, points: number): Promise<string> => {
    if (points >= wholeWay) await toTheEnd(process)
    const counts = points % 2 === 0 ? () => true : isSeen
    for (let left = points % 2 === 0 ? points : points % mostSeen; left >= 0 && process.halts.length > 0;) {
      await processes.goOn(process)
      if (counts(process)) left--
    }
    return whereIs(process)
  }
  /** Of ten that may begin six are tasks that are due, three somebody's doings, one comes once more. */
  const oneThatMayBegin = (which: number): Action | QueuedTask | undefined => {
    const [tasks, doings, again] = [queue.due(), waiting, [...owed, ...queue.answered]]
    const first = [tasks, tasks, tasks, tasks, tasks, tasks, doings, doings, doings, again][which % 10]!
    const group = [first, tasks, doings, again].find(({ length }) => length > 0)
    return group && oneOf<Action | QueuedTask>(group, Math.floor(which / 10))
  }
  const beginAny = async (thing: Action | QueuedTask): Promise<Process> => {
    if (!('act' in thing)) return await beginDelivery(thing)
    if (waiting.includes(thing)) waiting.splice(waiting.indexOf(thing), 1)
    return await begin(thing)
  }

  const standing = () => processes.alive().filter(({ halts }) => halts.length > 0)
  /** Somebody who stands, or who takes up a task, after so many points more; undefined when nobody stands there. */
  const someone = async (
    which: number,
    points: number,
    isMeant: (process: Process) => boolean = () => true,
  ): Promise<Process | undefined> => {
    const [stands, task] = [oneOf(standing().filter(isMeant), which), oneOf(queue.due(), which)]
    const process = stands ?? (task && (await beginDelivery(task)))
    if (process) await pass(process, points % wholeWay)
    return process && process.halts.length > 0 ? process : undefined
  }
  const isDelivering = (process: Process): boolean => queue.tasks().includes(deliveries.get(process)!)

  /** What happens, as a line; undefined when nothing of the kind is possible. */
  const happenings: Record<(typeof kinds)[number][0], (choice: Choice) => Promise<string | undefined>> = {
    'goes on': async ({ which, points }) => {
      const process = oneOf(standing(), which)
      return process && `${process.name} goes on ${await pass(process, points)}`
    },
    begins: async ({ which, points }) => {
      const thing = oneThatMayBegin(which)
      if (!thing) return undefined
      const process = await beginAny(thing)
      return `${process.name} begins and goes ${await pass(process, points)}`
    },
    ends: async ({ which, points }) => {
      const process = await someone(which, points)
      if (!process || ++faults > mostFaults) return undefined
      const where = whereIs(process)
      blame(process)
      await processes.kill(process)
      return `${process.name} ends for good ${where}`
    },
    'is disturbed': async ({ which, points }) => {
      const process = await someone(which, points)
      if (!process || ++faults > mostFaults) return undefined
      const where = whereIs(process)
      blame(process)
      await processes.disturb(process)
      return `${process.name} loses its connections ${where}`
    },
    'is lost': ({ which }) => {
      const task = oneOf(queue.tasks(), which)
      if (!task || ++faults > mostFaults) return Promise.resolve(undefined)
      queue.lose(task)
      world.excuses.add('sweep')
      return Promise.resolve(`the queue loses ${task.label}`)
    },
    'the clock jumps': async ({ which }) => {
      if (++jumps > mostJumps) return undefined
      if (scenario.hasNoSleepers) await killSleepers()
      const ms = oneOf(jumpsMs, which)!
      await database.jump(ms)
      return `the clock jumps ${ms / 1000} seconds`
    },
    'is overtaken': async ({ which, points }) => {
      if (scenario.hasNoSleepers || ++jumps > mostJumps) return undefined
      const sleeper = await someone(which, points, isDelivering)
      if (!sleeper) return undefined
      await database.jump(beyondLeaseMs)
      const [where, process] = [whereIs(sleeper), await beginDelivery(deliveries.get(sleeper)!)]
      const line = `${sleeper.name} sleeps ${beyondLeaseMs / 1000} seconds ${where}; ${process.name} begins and goes`
      return `${line} ${await pass(process, which % (2 * wholeWay))}`
    },
    beats: async ({ which }) => {
      const process = oneOf(
        processes.alive().filter(({ beats }) => beats.size > 0),
        which,
      )
      if (!process) return undefined
      await processes.beat(process)
      world.beats.push({ process: process.name, atMs: await database.now() })
      return `${process.name} has its heartbeat`
    },
  }

  const killSleepers = async (): Promise<void> => {
    processes.alive().forEach(blame)
    await processes.kill(...processes.alive())
  }

  /** Whoever stands goes to the end, one after another, as far as they can. */
  const letAllEnd = async (): Promise<void> => {
    for (let left = Infinity; processes.alive().length > 0 && processes.alive().length < left;) {
      left = processes.alive().length
      for (const process of processes.alive()) await toTheEnd(process)
    }
  }

  /** Nothing is disturbed any more; true once everything has come to its end. */
  const undisturbed = async (): Promise<boolean> => {
    for (let sweeps = 0; ;) {
      await letAllEnd()
      for (const action of owed) await act(action)
      const due = queue.due()
      for (const task of due) {
        await toTheEnd(await beginDelivery(task))
        await letAllEnd()
      }
      if (due.some((task) => !queue.tasks().includes(task))) continue
      if (
        processes.alive().length === 0 &&
        owed.size === 0 &&
        queue.tasks().length === 0 &&
        (await isQuiet(world))
      )
        return true
      if (sweeps === 0 && !world.excuses.has('sweep'))
        world.forgotten.push(...(await stepsWithoutTasks(world)))
      if (++sweeps > longestFinale) return false
      await database.jump(longJumpMs)
      await act(sweeping())
    }
  }

  return {
    trace,
    act,
    beginCalmly: async () => toTheEnd(await beginAny(scenario.actions[0]!)),
    undisturbed,
    choose: async (choice: Choice): Promise<void> => {
      const kind = kinds.find(([, below]) => choice.kind < below)!
      if (isDisturbance(kind[0]) && !allowed.includes(kind[0])) return
      const line = await happenings[kind[0]](choice)
      if (line !== undefined) trace.push(line)
    },
    finale: async (): Promise<boolean> => {
      for (const action of waiting) if (action.isNews) owed.add(action)
      return await undisturbed()
    },
  }
}

/** About as many as a delivery comes to. */
const mostSeen = 6
const isSeen = ({ halts }: Process): boolean => {
  const effect = halts[0]?.passage.effect
  return effect !== undefined && effect !== 'database.read' && effect !== 'database.write'
}

const isDisturbance = (kind: string): kind is Disturbance =>
  (disturbances as readonly string[]).includes(kind)

const oneOf = <T>(things: readonly T[], which: number): T | undefined => things[which % things.length]

function whereIs(process: Process): string {
  if (process.isOver) return 'to its end'
  const halt = process.halts[0]
  if (!halt) return 'until it waits for a lock'
  const { side, effect, about } = halt.passage
  return `until ${side} ${effect}: ${about.replaceAll(/\s+/g, ' ').trim().slice(0, 70)}`
}
