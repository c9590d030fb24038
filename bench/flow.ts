/**
 * How episodes flow through shared queues: a discrete-event model of many episodes that arrive at an even rate, each
 * queue with its slots and its rate of dispatching. Hides who waits for whom; bench/fleet.ts looks at one episode alone.
 */

export interface FlowStep {
  readonly name: string
  readonly after: readonly string[]
  readonly queue: string
  readonly parts: number
  /** Of one part. */
  readonly seconds: number
}

export interface QueueLimits {
  /** Tasks at work at once. */
  readonly slots: number
  readonly perSecond: number
}

export interface Flow {
  /** From an episode's arrival to its last step. */
  readonly medianSeconds: number
  /** Of the last tenth of the episodes to arrive: it grows with the time looked at when a queue cannot keep up. */
  readonly lastSeconds: number
}

interface Ended {
  readonly at: number
  readonly episode: number
  readonly step: number
}

/** Episodes arrive for so many seconds; all are followed to their end. Throws for steps that wait for each other. */
export function flow(
  steps: readonly FlowStep[],
  queues: Readonly<Record<string, QueueLimits>>,
  arrivals: { readonly perSecond: number; readonly seconds: number },
): Flow {
  const episodes = Math.max(1, Math.round(arrivals.perSecond * arrivals.seconds))
  const arrivedAt = (episode: number) => episode / arrivals.perSecond
  const open = new Map(Object.entries(queues).map(([name, limits]) => [name, openQueue(limits)]))
  const left = Array.from({ length: episodes }, () => steps.map(({ parts }) => parts))
  const begun = Array.from({ length: episodes }, () => steps.map(() => false))
  const endedAt = new Float64Array(episodes)
  const before = steps.map(({ after }) => after.map((name) => steps.findIndex((step) => step.name === name)))
  const events = heapOf<Ended>((a, b) => a.at - b.at)
  const begin = (episode: number, at: number): void => {
    for (const [i, step] of steps.entries()) {
      if (begun[episode]![i] || !before[i]!.every((j) => begun[episode]![j] && left[episode]![j] === 0))
        continue
      begun[episode]![i] = true
      for (let part = 0; part < step.parts; part++)
        events.push({ at: open.get(step.queue)!(at, step.seconds), episode, step: i })
      if (step.parts === 0) begin(episode, at)
    }
  }
  for (let episode = 0; episode < episodes; episode++)
    events.push({ at: arrivedAt(episode), episode, step: -1 })
  for (let event = events.pop(); event; event = events.pop()) {
    const { at, episode, step } = event
    endedAt[episode] = Math.max(endedAt[episode]!, at)
    if (step < 0 || --left[episode]![step]! === 0) begin(episode, at)
  }
  if (begun.some((of) => of.includes(false))) throw new Error('Steps wait for each other.')
  const took = Array.from(endedAt, (at, episode) => at - arrivedAt(episode))
  return { medianSeconds: median(took), lastSeconds: median(took.slice(-Math.ceil(episodes / 10))) }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** First come, first served: returns when a task that is ready at `at` ends. */
function openQueue({ slots, perSecond }: QueueLimits): (at: number, seconds: number) => number {
  const freeAt = heapOf<number>((a, b) => a - b)
  let nextDispatch = 0
  let used = 0
  return (at, seconds) => {
    const free = used < slots ? 0 : freeAt.pop()!
    used = Math.min(slots, used + 1)
    const startAt = Math.max(at, free, nextDispatch)
    nextDispatch = startAt + 1 / perSecond
    freeAt.push(startAt + seconds)
    return startAt + seconds
  }
}

/** A binary heap: the least comes out first. */
function heapOf<T>(compare: (a: T, b: T) => number) {
  const items: T[] = []
  const isBefore = (i: number, j: number) => compare(items[i]!, items[j]!) < 0
  const swap = (i: number, j: number) => ([items[i], items[j]] = [items[j]!, items[i]!])
  const up = (i: number): void => {
    for (let parent = (i - 1) >> 1; i > 0 && isBefore(i, parent); parent = (i - 1) >> 1) {
      swap(i, parent)
      i = parent
    }
  }
  const down = (i: number): void => {
    for (;;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < items.length && isBefore(child, least)) least = child
      if (least === i) return
      swap(i, least)
      i = least
    }
  }
  return {
    push: (item: T) => up(items.push(item) - 1),
    pop: (): T | undefined => {
      const least = items[0]
      const last = items.pop()
      if (items.length > 0) {
        items[0] = last!
        down(0)
      }
      return least
    },
  }
}
