/**
 * How long an episode takes on many instances: a discrete-event model of the product's own graph, of Cloud Tasks'
 * dispatching and of cold starts, fed with the measured seconds of each step. Hides who waits for whom.
 */

export interface ModelStep {
  readonly name: string
  /** Names of the steps of which every part must be done before. */
  readonly after: readonly string[]
  readonly parts: number
  /** Of one part, its reads and writes included. */
  readonly seconds: number
}

export interface Fleet {
  /** The most that each function may have; one part at a time each. */
  readonly instances: number
  readonly coldStartSeconds: number
  /** From CreateTask to the function's first byte. */
  readonly dispatchSeconds: number
  /** Tasks that one finishing step creates a second. */
  readonly createdPerSecond: number
  /** A queue's limit. */
  readonly dispatchedPerSecond: number
}

export const googleFleet: Omit<Fleet, 'instances'> = {
  coldStartSeconds: 2,
  dispatchSeconds: 0.05,
  createdPerSecond: 500,
  dispatchedPerSecond: 500,
}

interface Task {
  readonly step: ModelStep
  readonly readyAt: number
  readonly startAt: number
  readonly endAt: number
  readonly wasCold: boolean
}

export interface Simulated {
  readonly seconds: number
  /** The last part of each step that something waited for, in order. */
  readonly criticalPath: readonly {
    readonly name: string
    readonly waited: number
    readonly worked: number
  }[]
}

/** Throws when a step follows one that is not there. */
export function simulate(steps: readonly ModelStep[], fleet: Fleet): Simulated {
  const done = new Map<string, Task>() // the last part of each step to end
  const isOver = ({ name }: ModelStep) => done.has(name)
  let left = [...steps]
  while (left.length > 0) {
    const ready = left.filter(({ after }) => after.every((name) => done.has(name)))
    if (ready.length === 0) throw new Error(`Nothing can start: ${left.map(({ name }) => name).join(', ')}.`)
    for (const step of ready) done.set(step.name, lastPart(step, readyAt(step, done), fleet))
    left = left.filter((step) => !isOver(step))
  }
  const last = [...done.values()].reduce(later)
  return { seconds: last.endAt, criticalPath: pathTo(last, done) }
}

const later = (a: Task, b: Task): Task => (b.endAt > a.endAt ? b : a)

const readyAt = ({ after }: ModelStep, done: ReadonlyMap<string, Task>): number =>
  Math.max(0, ...after.map((name) => done.get(name)!.endAt))

/** Runs a step's parts on the instances of its function; returns the part that ends last. */
function lastPart(step: ModelStep, readyAt: number, fleet: Fleet): Task {
  if (step.parts === 0) return { step, readyAt, startAt: readyAt, endAt: readyAt, wasCold: false }
  const perSecond = Math.min(fleet.createdPerSecond, fleet.dispatchedPerSecond)
  const freeAt: number[] = []
  let last: Task | undefined
  for (let part = 0; part < step.parts; part++) {
    const arrivesAt = readyAt + (part + 1) / perSecond + fleet.dispatchSeconds
    const { instance, startAt, wasCold } = place(arrivesAt, freeAt, fleet)
    const task = { step, readyAt, startAt, endAt: startAt + step.seconds, wasCold }
    freeAt[instance] = task.endAt
    last = last ? later(last, task) : task
  }
  return last!
}

/** An idle instance, else a new one if there may be, else the one that is free first. */
function place(
  arrivesAt: number,
  freeAt: readonly number[],
  { instances, coldStartSeconds }: Fleet,
): { instance: number; startAt: number; wasCold: boolean } {
  const idle = freeAt.findIndex((free) => free <= arrivesAt)
  if (idle >= 0) return { instance: idle, startAt: arrivesAt, wasCold: false }
  const soonest = freeAt.indexOf(Math.min(...freeAt))
  const freshAt = arrivesAt + coldStartSeconds
  if (freeAt.length < instances && !(freeAt[soonest]! <= freshAt))
    return { instance: freeAt.length, startAt: freshAt, wasCold: true }
  return { instance: soonest, startAt: freeAt[soonest]!, wasCold: false }
}

function pathTo(last: Task, done: ReadonlyMap<string, Task>): Simulated['criticalPath'] {
  const { step, readyAt, startAt, endAt } = last
  const before = step.after.map((name) => done.get(name)!)
  const own = step.parts > 0 ? [{ name: step.name, waited: startAt - readyAt, worked: endAt - startAt }] : []
  return [...(before.length > 0 ? pathTo(before.reduce(later), done) : []), ...own]
}
