/**
 * Every point of a scenario with everything that can go wrong there: which cases there are, and what happens in one. A
 * run carries several cases, at most one for each call. It is over when what it began is over and nobody is at work on it;
 * then the outcome is the same as undisturbed.
 */
import type { FaultyCloud } from './cloud.ts'
import { givenTasks } from './given-tasks.ts'
import { madeObjects } from './made-objects.ts'
import { pointOf, type Call, type Passing, type Verdict } from './passing.ts'
import { anything, type Scenario, type Subject } from './subject.ts'
import { listenForStillness } from './stillness.ts'

/**
 * kill: SIGKILL · throw: the effect fails instead of being done · cut: the process' connections to the database end ·
 * hang: the process stands still past its lease and wakes again · ambiguous: the effect is done and its reply lost.
 */
export type Fault = 'kill' | 'throw' | 'cut' | 'hang' | 'ambiguous'

/**
 * redelivery: the call comes again by itself · duplicate: another delivery came first and ran as far as it could ·
 * zombie: another delivery has taken over and ended before this one goes on.
 */
export type After = 'redelivery' | 'duplicate' | 'zombie'

export interface Case {
  readonly scenario: string
  readonly point: string
  readonly fault: Fault
  readonly after: After
}

export const nameOfCase = ({ scenario, point, fault, after }: Case): string =>
  `${scenario} · ${point} · ${fault} · ${after}`

/** What is dead cannot wake, and who hangs is taken over by whoever comes. */
const afters: Readonly<Record<Fault, readonly After[]>> = {
  kill: ['redelivery', 'duplicate'],
  throw: ['redelivery', 'duplicate', 'zombie'],
  cut: ['redelivery', 'duplicate', 'zombie'],
  hang: ['redelivery', 'zombie'],
  ambiguous: ['redelivery', 'duplicate', 'zombie'],
}
const faults: readonly Fault[] = ['kill', 'throw', 'cut', 'hang', 'ambiguous']

/**
 * An effect fails before it is done, and its reply is lost behind it. Who has answered is given the next call, so a process
 * that stands still there keeps that one, which is no case of its own.
 */
function canBe(fault: Fault, point: string): boolean {
  const isBehind = point.endsWith('after')
  if (fault === 'throw') return !isBehind
  if (fault === 'ambiguous') return isBehind
  return !(fault === 'hang' && isBehind && point.includes(' answer#'))
}

export const casesOf = (scenario: string, points: readonly string[]): Case[] =>
  points.flatMap((point) =>
    faults
      .filter((fault) => canBe(fault, point))
      .flatMap((fault) => afters[fault].map((after) => ({ scenario, point, fault, after }))),
  )

export interface Undisturbed {
  readonly points: readonly string[]
  readonly outcome: unknown
}

/** How a scenario goes when nothing goes wrong. */
export async function undisturbed(cloud: FaultyCloud, scenario: Scenario): Promise<Undisturbed> {
  const subject = await scenario.prepare()
  const points: string[] = []
  const complaints = await follow(cloud, subject, (passing) => {
    points.push(pointOf(passing))
    return undefined
  })
  if (complaints.length > 0)
    throw new Error(`Undisturbed, ${scenario.name} goes wrong: ${complaints.join('; ')}`)
  return { points: [...new Set(points)], outcome: await subject.outcome() }
}

export interface RunResult {
  /** The cases whose points the calls came to. */
  readonly reached: ReadonlySet<Case>
  readonly complaints: readonly string[]
}

/** Runs a scenario once with all of these cases in it, each at its own point. */
export async function runCases(
  cloud: FaultyCloud,
  scenario: Scenario,
  cases: readonly Case[],
  expected: unknown,
): Promise<RunResult> {
  const subject = await scenario.prepare()
  const open = new Map(cases.map((one) => [one.point, one]))
  const reached = new Set<Case>()
  const complaints = await follow(cloud, subject, (passing, course) => {
    const point = pointOf(passing)
    const one = open.get(point)
    if (!one) return undefined
    open.delete(point)
    reached.add(one)
    return goWrong(cloud, subject, { passing, ...one }, course)
  })
  if (complaints.length > 0) return { reached, complaints }
  const outcome = await subject.outcome()
  if (isAsExpected(outcome, expected)) return { reached, complaints: [] }
  return { reached, complaints: [`the outcome differs: ${difference(outcome, expected)}`] }
}

/** The same, but where anything is right. */
export function isAsExpected(found: unknown, expected: unknown): boolean {
  if (found === anything) return true
  if (typeof found !== 'object' || typeof expected !== 'object' || !found || !expected)
    return found === expected
  const [a, b] = [Object.entries(found), Object.entries(expected)]
  return (
    a.length === b.length && a.every(([key, value], i) => key === b[i]![0] && isAsExpected(value, b[i]![1]))
  )
}

const difference = (found: unknown, expected: unknown): string => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return `${a.slice(Math.max(0, at - 80), at + 160)} ≠ ${b.slice(Math.max(0, at - 80), at + 160)}`
}

/** The calls of a subject that are under way. */
interface Course {
  readonly active: Map<string, Passing>
  /** Those that stand still until the others are over. */
  readonly standing: Set<string>
  /** Processes that stand still. */
  readonly stopped: Set<number>
  /** Of a process that has ended no call will ever end, the one that it was given last among them. */
  readonly ended: (pid: number) => void
  /** Aborted when the subject is given up: whoever waits for something of it does so no more. */
  readonly givenUp: AbortSignal
}

const keyOf = ({ pid, call }: Call): string => `${pid}/${call}`

/** Runs a subject to its end; whoever watches may hold a passing. Returns the complaints. */
async function follow(
  cloud: FaultyCloud,
  subject: Subject,
  watch: (passing: Passing, course: Course) => Promise<Verdict> | undefined,
): Promise<string[]> {
  const active = new Map<string, Passing>()
  const made = madeObjects(cloud)
  const tasks = givenTasks(cloud)
  const over = new Set<string>() // a call may have ended while it was being asked whose it is
  const dead = new Set<number>() // and so may its process
  const givingUp = new AbortController()
  const { promise: broken, reject: breakOff } = Promise.withResolvers<never>()
  broken.catch(() => undefined) // seen by whoever awaits it
  let wake: () => void = () => undefined
  const course: Course = {
    active,
    standing: new Set(),
    stopped: new Set(),
    ended: (pid) => {
      dead.add(pid)
      for (const [key, call] of active) if (call.pid === pid) active.delete(key)
      wake()
    },
    givenUp: givingUp.signal,
  }
  const stop = cloud.control.subscribe(async (passing) => {
    try {
      if (!(await subject.owns(passing))) return undefined
      if (!over.has(keyOf(passing)) && !dead.has(passing.pid)) active.set(keyOf(passing), passing)
      tasks.note(passing)
      await made.note(passing)
      return await watch(passing, course)
    } catch (error) {
      breakOff(error)
      return undefined
    }
  })
  const deafen = cloud.control.hearEnds((call) => {
    tasks.noteEnd(call)
    over.add(keyOf(call))
    active.delete(keyOf(call))
    wake()
  })
  const stillness = listenForStillness(cloud.control)
  const untilEnd = async (): Promise<'over'> => {
    await subject.begin()
    for (;;) {
      const woken = new Promise<void>((resolve) => (wake = resolve))
      if (active.size === 0) {
        if (await subject.isOver()) return 'over'
        await subject.timePasses()
      }
      await woken
    }
  }
  try {
    if ((await Promise.race([untilEnd(), stillness.fallen, broken])) === 'over')
      return [...(await subject.complaints()), ...made.replaced(), ...(await tasks.complaints())]
    const underWay = [...active.values()].map((one) => `${pointOf(one)} in process ${one.pid}`)
    for (const { pid } of active.values()) signal(pid, 'SIGKILL') // it would be at work in the next case
    return [`it stands still; under way: ${underWay.join(', ') || 'nothing'}`]
  } finally {
    givingUp.abort()
    stillness.close()
    stop()
    deafen()
    for (const pid of course.stopped) signal(pid, 'SIGKILL') // it would keep its place in the queue
  }
}

type Trouble = Pick<Case, 'fault' | 'after'> & { readonly passing: Passing }

/** What happens at the point; resolves to whether the call goes on. */
async function goWrong(
  cloud: FaultyCloud,
  subject: Subject,
  trouble: Trouble,
  course: Course,
): Promise<Verdict> {
  const key = keyOf(trouble.passing)
  // what it waits for may be answered by one that stands still until all others are over, of which this is one
  if (!trouble.passing.task) course.standing.add(key)
  try {
    return await (trouble.fault === 'hang' ? hang : fall)(cloud, subject, trouble, course)
  } finally {
    course.standing.delete(key)
  }
}

type GoWrong = typeof goWrong

const hang: GoWrong = async (cloud, subject, { passing, after }, course) => {
  const { pid, task } = passing
  signal(pid, 'SIGSTOP')
  course.stopped.add(pid)
  const taken = task ? takenOver(cloud, passing) : undefined
  await subject.timePasses()
  const isHanded = await cloud.again(passing)
  if (isHanded) await taken
  if (after === 'zombie') await othersAreOver(cloud, subject, passing, course)
  course.stopped.delete(pid)
  if (!signal(pid, 'SIGCONT')) course.ended(pid) // whoever minds workers has ended it meanwhile
  return 'go'
}

const fall: GoWrong = async (cloud, subject, { passing, fault, after }, course) => {
  const { pid } = passing
  if (after === 'duplicate') await deliveredBeside(cloud, passing, false, course)
  if (after === 'zombie') {
    await subject.timePasses()
    await deliveredBeside(cloud, passing, true, course)
  }
  if (fault === 'kill') {
    signal(pid, 'SIGKILL')
    course.ended(pid)
    await subject.timePasses()
  }
  if (fault === 'cut' || (fault === 'ambiguous' && passing.effect.startsWith('database')))
    await cloud.cut(pid)
  return fault === 'cut' ? 'go' : 'throw'
}

/** False when there is no such process any more. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

const isOther = (one: Call, other: Call): boolean => keyOf(one) !== keyOf(other)
const isSameTask = ({ task }: Call, other: Call): boolean => task?.name === other.task?.name

/** Another delivery of the same call, until one has been answered; with `isDone`, until one has been answered for good. */
async function deliveredBeside(
  cloud: FaultyCloud,
  passing: Passing,
  isDone: boolean,
  { givenUp }: Course,
): Promise<void> {
  if (!passing.task) {
    await cloud.again(passing)
    return
  }
  while (!givenUp.aborted) {
    const end = cloud.control.nextEnd((other) => isOther(other, passing) && isSameTask(other, passing))
    if (!(await cloud.again(passing))) return
    const { status } = await end
    if (!isDone || status === 200) return
  }
}

/** Resolves when another delivery of the task has claimed it, or has ended. */
const takenOver = (cloud: FaultyCloud, passing: Passing): Promise<unknown> => {
  const isBeside = (other: Call): boolean => isOther(other, passing) && isSameTask(other, passing)
  return Promise.race([
    cloud.control.next(
      (other) =>
        isBeside(other) && other.effect === 'database.write' && other.nth === 1 && other.side === 'after',
    ),
    cloud.control.nextEnd(isBeside),
  ])
}

/** Resolves when nothing is left to be done but by the one that hangs. */
async function othersAreOver(
  cloud: FaultyCloud,
  subject: Subject,
  passing: Passing,
  { active, standing, givenUp }: Course,
): Promise<void> {
  standing.add(keyOf(passing))
  const isAlone = () => [...active.keys()].every((key) => standing.has(key))
  while (!givenUp.aborted) {
    const end = cloud.control.nextEnd((other) => isOther(other, passing))
    if (isAlone()) {
      if (await subject.isOver()) break
      await subject.timePasses()
    }
    await end
  }
  await subject.meanwhile?.()
}
