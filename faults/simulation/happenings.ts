/**
 * What a choice means at the moment when its turn comes: somebody begins, hesitates, goes on, comes to something that stalls, ends for
 * good, loses its connections, sleeps and is overtaken; a task is lost, the clock jumps. Hides how many faults a schedule may
 * have, and how one is picked of those that are possible.
 */
import type { Passage } from '../../shared/boundaries.ts'
import { isBefore, isClearing, isReviving, momentsOfDoubt, whatStalls } from './moments.ts'
import type { Process } from './processes.ts'
import { sweeping, type Action } from './scenarios.ts'
import { whereIs, wholeWay, type Stage } from './stage.ts'
import type { QueuedTask } from './task-queue.ts'

export interface Choice {
  /** Below `allKinds`: what kind of thing happens; `kinds` divides them. */
  readonly kind: number
  /** Which of those that are possible. */
  readonly which: number
  /** How many points whoever goes on passes; `wholeWay` and more: all. */
  readonly points: number
}

export const disturbances = [
  'ends',
  'is disturbed',
  'is lost',
  'the clock jumps',
  'is overtaken',
  'oversleeps',
  'is given up',
  'sweeps meet',
] as const
export type Disturbance = (typeof disturbances)[number]

/** Of kinds: each from the one before up to here. */
const kinds = [
  ['goes on', 13],
  ['hesitates', 19],
  ['sweeps meet', 22],
  ['begins', 58],
  ['ends', 68],
  ['is disturbed', 76],
  ['is lost', 79],
  ['the clock jumps', 82],
  ['is overtaken', 92],
  ['is given up', 95],
  ['beats', 100],
  ['stalls', 104],
  ['oversleeps', 108],
] as const
export const allKinds = kinds.at(-1)![1]
type Kind = (typeof kinds)[number][0]
/** Where somebody is to oversleep often, they do so instead. */
const rareKinds: readonly Kind[] = ['is lost', 'is given up', 'beats', 'stalls']

/** Ends, disturbances and losses, and jumps of the clock, in one schedule: together fewer than a step has attempts. */
const most = { faults: 4, jumps: 4 }
/** Within a lease, beyond one, within two and overdue. */
const jumpsMs = [20_000, 31_000, 62_000] as const
const [withinLeaseMs, beyondLeaseMs, overdueMs] = jumpsMs

/** Adds a line for each thing that happens to `trace`; of those that disturb, only the allowed ones do. */
export function openHappenings(
  stage: Stage,
  allowed: readonly Disturbance[],
  trace: string[],
): (choice: Choice) => Promise<void> {
  const { world, scenario, pass, standing } = stage
  const { processes, queue, database } = world
  const left = { ...most }
  const say = (line: string): void => void trace.push(line)
  const mayHappen = (budget: keyof typeof most): boolean => left[budget] > 0 && left[budget]-- > 0

  const begin = async (thing: Action | QueuedTask, points: number): Promise<Process> => {
    const process = await stage.begin(thing)
    say(`${process.name} begins and goes ${await pass(process, points)}`)
    return process
  }
  /**
   * Somebody who stands, there or so many points later, or takes up a task; three times of four where others could see
   * something. Undefined when nobody stands there.
   */
  const someone = async (
    { which, points }: Choice,
    isMeant: (process: Process) => boolean = () => true,
  ): Promise<Process | undefined> => {
    const way = (points % wholeWay) | (points % 4 === 0 ? 0 : 1)
    const stands = oneOf(standing().filter(isMeant), which)
    if (stands && points % 3 > 0) say(`${stands.name} goes on ${await pass(stands, way)}`)
    const task = oneOf(queue.due(), which)
    const process = stands ?? (task && (await begin(task, way)))
    return process && process.halts.length > 0 ? process : undefined
  }
  /** Where nobody sleeps, whoever is at work is heard of meanwhile, or ends with all others. */
  const timePasses = async (ms: number, isAnyoneAwake: boolean): Promise<void> => {
    const awake = scenario.hasNoSleepers && isAnyoneAwake ? processes.alive().filter(isAtWork) : []
    if (scenario.hasNoSleepers) await killSleepers(stage, awake)
    const stepMs = awake.length > 0 ? withinLeaseMs : ms
    for (let left = ms; left > 0; left -= stepMs) {
      await database.jump(Math.min(left, stepMs))
      for (const process of awake) await beat(process)
    }
    say(`the clock jumps ${ms / 1000} seconds${awake.map(({ name }) => `, ${name} at work`).join('')}`)
  }
  const beat = async (process: Process): Promise<void> => {
    if (await processes.beat(process)) world.beats.push({ process: process.name, atMs: await database.now() })
  }
  const worksForMinutes = async (process: Process): Promise<void> => {
    say(`${process.name} works for minutes there, while sweeps come`)
    for (let sweeps = 0; sweeps < 2; sweeps++) {
      await timePasses(overdueMs, true)
      await stage.act(sweeping())
    }
  }
  const isDelivering = (process: Process): boolean => queue.tasks().includes(stage.taskOf(process)!)

  const beginUntil = async (thing: Action | QueuedTask, isMeant: (passage: Passage) => boolean) => {
    const process = await stage.begin(thing)
    say(`${process.name} begins and goes ${await stage.passUntil(process, isMeant)}`)
    return process
  }
  /** Begins, and stands where what it has read may be old by the time it acts by it. */
  const hesitate = async (doing: Action | QueuedTask, { which, points }: Choice): Promise<Process> => {
    const [isMeant, most] = momentsOfDoubt[which % momentsOfDoubt.length]!
    let left = points % most
    return await beginUntil(doing, (passage) => isMeant(passage) && left-- === 0)
  }
  /** Begins, and stands before something that no row of the database fences. */
  const stopBeforeStoring = async (doing: QueuedTask, { points }: Choice): Promise<Process> => {
    let left = points % 3
    return await beginUntil(
      doing,
      (passage) => whatStalls.some((effect) => isBefore(passage, effect)) && left-- === 0,
    )
  }
  /** Meanwhile some do what they have to; to their end, unless somewhere before. */
  const othersAct = async (
    { which, points }: Choice,
    { but, until = () => false }: { but: Action | QueuedTask; until?: (passage: Passage) => boolean },
  ): Promise<void> => {
    // a second round delivers what came of the first: the next may be asked for only once a run has ended
    const rounds = scenario.oversleepsOften ? 2 : 1
    const deliver = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++)
        for (const task of queue.due()) if (task !== but) await beginUntil(task, until)
    }
    for (const pick of which % 2 > 0 ? [points, which] : inTheirOrder) {
      const other = oneOf(stage.waiting, pick)
      if (other) await begin(other, wholeWay)
      await deliver()
    }
    await deliver() // what came of the last
  }

  const happenings: Readonly<Record<Kind, (choice: Choice) => Promise<void>>> = {
    'goes on': async ({ which, points }) => {
      const process = oneOf(standing(), which)
      if (process) say(`${process.name} goes on ${await pass(process, points)}`)
    },
    begins: async ({ which, points }) => {
      const thing = oneThatMayBegin(stage, which)
      if (thing && 'act' in thing && thing.laterMs !== undefined)
        await timePasses(thing.laterMs, points % 2 === 0)
      if (thing) await begin(thing, points)
    },
    hesitates: async (choice) => {
      const doing = oneThatMayBegin(stage, choice.which)
      if (!doing) return
      await hesitate(doing, choice)
      await othersAct(choice, { but: doing })
    },
    stalls: async ({ which, points }) => {
      const effect = oneOf(whatStalls, points)!
      const came: Process[] = []
      for (const pick of [points, which, points + which, points * which]) {
        const doing = oneOf(stage.waiting, pick)
        const tasks = () => queue.due().filter((task) => !came.some((one) => stage.taskOf(one) === task))
        for (const thing of [...(doing ? [doing] : []), ...tasks()])
          came.push(await beginUntil(thing, (passage) => isBefore(passage, effect)))
      }
      say(`${effect} takes long`)
      for (const process of which % 3 > 0 ? came : came.toReversed())
        if (process.halts.length > 0) say(`${process.name} goes on ${await pass(process, wholeWay)}`)
    },
    oversleeps: async (choice) => {
      const task = oneOf(queue.due(), choice.which)
      if (!task || scenario.hasNoSleepers || !mayHappen('jumps')) return
      const sleeper =
        choice.which % 2 > 0 ? await hesitate(task, choice) : await stopBeforeStoring(task, choice)
      const [halt] = sleeper.halts
      await database.jump(beyondLeaseMs)
      say(`${sleeper.name} sleeps for longer there`)
      await begin(task, wholeWay)
      const isWhereItSleeps = ({ effect, side, about }: Passage): boolean =>
        effect === halt?.passage.effect && side === halt.passage.side && about === halt.passage.about
      await othersAct(choice, { but: task, until: isWhereItSleeps })
      if (sleeper.halts.length > 0) say(`${sleeper.name} wakes and goes ${await pass(sleeper, wholeWay)}`)
    },
    ends: async (choice) => {
      const process = mayHappen('faults') ? await someone(choice) : undefined
      if (!process) return
      stage.blame(process)
      await processes.kill(process)
      say(`${process.name} ends there for good`)
    },
    'is disturbed': async (choice) => {
      const process = mayHappen('faults') ? await someone(choice) : undefined
      if (!process) return
      stage.blame(process)
      await processes.disturb(process)
      say(`${process.name} loses its connections there, and goes ${whereIs(process)}`)
    },
    'is lost': ({ which }) => {
      const task = mayHappen('faults') ? oneOf(queue.tasks(), which) : undefined
      if (!task) return Promise.resolve()
      queue.lose(task)
      world.excuses.add('sweep')
      say(`the queue loses ${task.label}`)
      return Promise.resolve()
    },
    'the clock jumps': async ({ which }) => {
      if (mayHappen('jumps')) await timePasses(oneOf(jumpsMs, which)!, which % 2 === 0)
    },
    'is overtaken': async (choice) => {
      const sleeper =
        scenario.hasNoSleepers || !mayHappen('jumps') ? undefined : await someone(choice, isDelivering)
      if (!sleeper) return
      await database.jump(beyondLeaseMs)
      say(`${sleeper.name} sleeps ${beyondLeaseMs / 1000} seconds there`)
      await begin(stage.taskOf(sleeper)!, choice.which % (2 * wholeWay))
    },
    'is given up': async (choice) => {
      if (scenario.hasNoSleepers || !mayHappen('faults') || !mayHappen('jumps')) return
      const process = await someone(choice, isDelivering)
      if (!process) return
      queue.lose(stage.taskOf(process)!)
      world.excuses.add('sweep')
      await database.jump(overdueMs)
      const sweep = await stage.begin(sweeping())
      const where = await stage.passUntil(sweep, isReviving)
      say(`the queue gives ${process.name} up; ${overdueMs / 1000} seconds later ${sweep.name} goes ${where}`)
      if (choice.which % 2 > 0 || process.beats.size === 0) return
      await beat(process)
      say(`${process.name} is heard of meanwhile`)
    },
    'sweeps meet': async (choice) => {
      if (!scenario.hasNoSleepers || !mayHappen('jumps')) return
      await timePasses(overdueMs, false)
      const first = await stage.begin(sweeping())
      const where = await stage.passUntil(first, isClearing)
      await stage.act(sweeping())
      say(`${first.name} goes ${where}; another one clears all away`)
      const thing = oneOf(stage.waiting, choice.which)
      if (thing?.isNews) await begin(thing, wholeWay)
      for (const task of queue.due()) await begin(task, wholeWay)
    },
    beats: async (choice) => {
      const process = await someone(choice, isDelivering)
      if (!process || process.beats.size === 0 || !mayHappen('jumps')) return
      if (scenario.hasNoSleepers) {
        await worksForMinutes(process)
        return
      }
      await database.jump(withinLeaseMs)
      await beat(process)
      await database.jump(withinLeaseMs)
      say(`${process.name} works ${(2 * withinLeaseMs) / 1000} seconds there, with a heartbeat`)
      await begin(stage.taskOf(process)!, choice.which % (2 * wholeWay))
    },
  }
  return async (choice) => {
    const [drawn] = kinds.find(([, below]) => choice.kind < below)!
    const kind = scenario.oversleepsOften && rareKinds.includes(drawn) ? 'oversleeps' : drawn
    if (!isDisturbance(kind) || allowed.includes(kind)) await happenings[kind](choice)
  }
}

/** The next three that wait. */
const inTheirOrder = [0, 0, 0]

const isDisturbance = (kind: Kind): kind is Disturbance => (disturbances as readonly Kind[]).includes(kind)

const oneOf = <T>(things: readonly T[], which: number): T | undefined => things[which % things.length]

/** Of ten five are tasks that are due, four somebody's doings, and one comes once more. */
function oneThatMayBegin({ world, waiting, owed }: Stage, which: number): Action | QueuedTask | undefined {
  const [tasks, doings, again] = [world.queue.due(), waiting, [...owed, ...world.queue.answered]]
  const first = [tasks, tasks, tasks, tasks, tasks, doings, doings, doings, doings, again][which % 10]!
  const group = [first, tasks, doings].find(({ length }) => length > 0)
  return group && oneOf<Action | QueuedTask>(group, Math.floor(which / 10))
}

/** In its work, and in no transaction. */
const isAtWork = ({ beats, loans }: Process): boolean =>
  beats.size > 0 && ![...loans].some(({ backend }) => backend.isInTransaction)

async function killSleepers(
  { world: { processes }, blame }: Stage,
  awake: readonly Process[],
): Promise<void> {
  const sleepers = processes.alive().filter((process) => !awake.includes(process))
  sleepers.forEach(blame)
  await processes.kill(...sleepers)
}
