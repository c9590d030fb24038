/**
 * What a worker under watch tells before it passes a boundary, and how points are named: so that the same point is
 * found again in the next case, whatever its ids.
 */
import type { Effect } from '../shared/boundaries.ts'

/** The call in whose course a boundary is passed. */
export interface Call {
  readonly pid: number
  /** Which function was called. */
  readonly functionName: string
  /** Of a task. */
  readonly task?: {
    readonly name: string
    readonly queue: string
    readonly runId: string
    readonly part: number
  }
  /** Of an event of the store: the object, which begins with its user. */
  readonly object?: string
  /** Tells the calls of one process apart. */
  readonly call: number
}

export interface Passing extends Call {
  readonly effect: Effect
  readonly side: 'before' | 'after'
  /** How often this call has come to such an effect, from 0. */
  readonly nth: number
  readonly about: string
}

/** The end of a call: it was answered, or its caller has gone. */
export interface Ended extends Call {
  readonly status: number
}

export type Verdict = 'go' | 'throw'

/** As it is printed, and found again: `render/0 object.create#1 after`. */
export const pointOf = ({ functionName, task, effect, nth, side }: Passing): string =>
  `${functionName}${task ? `/${task.part}` : ''} ${effect}#${nth} ${side}`
