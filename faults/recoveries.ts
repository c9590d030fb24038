/**
 * How long it takes until what a killed process was doing is done: from the kill to the answer that ends its task.
 */
import type { Control } from './control.ts'
import type { Call, Passing } from './passing.ts'

export interface Recovery {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export function recoveries(control: Control) {
  const working = new Map<string, Call>()
  const since = new Map<string, number>()
  const took: number[] = []
  const key = ({ pid, call }: Call): string => `${pid}/${call}`
  control.subscribe((passing: Passing) => {
    if (passing.task && !(passing.effect === 'answer' && passing.side === 'after'))
      working.set(key(passing), passing)
    return Promise.resolve(undefined)
  })
  control.hearEnds((ended) => {
    working.delete(key(ended))
    const name = ended.task?.name
    const at = name === undefined ? undefined : since.get(name)
    if (name === undefined || at === undefined || ended.status !== 200) return
    since.delete(name)
    took.push(Date.now() - at)
  })
  return {
    /** Processes in the middle of a task. */
    working: (): Call[] => [...working.values()],
    kill: (call: Call): void => {
      for (const [other, { pid }] of [...working]) if (pid === call.pid) working.delete(other)
      try {
        process.kill(call.pid, 'SIGKILL')
      } catch {
        return // it is dead already
      }
      since.set(call.task!.name, Date.now())
    },
    measured: (): Recovery => summary(took),
  }
}

export function summary(took: readonly number[]): Recovery {
  const sorted = [...took].sort((a, b) => a - b)
  const at = (share: number): number =>
    sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) }
}
