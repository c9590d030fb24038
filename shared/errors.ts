/**
 * The product's errors: a few kinds that say what the queue should do, each with a code of the list in codes.ts.
 * Hides how any thrown thing is classified.
 */
import { errorCodes, type ErrorCode } from './codes.ts'
import { unspoken } from './unspoken.ts'

const longestMessage = 2000

class SpoolError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string = errorCodes[code].meaning, options?: ErrorOptions) {
    // A parser's message quotes its input, however long, and no row takes a NUL.
    super(
      unspoken(message)
        .slice(0, longestMessage)
        .replaceAll(/\p{Cc}|\p{Cs}$/gu, ' '),
      options,
    )
    this.code = code
    this.name = new.target.name
  }
}

/** Trying again would end the same way: the run fails with this code and message. */
export class Permanent extends SpoolError {}

/** A live run stands in the way. */
export class AlreadyRunning extends Permanent {
  readonly runId: string
  /** `waiting`: the episode, as commands take it, whose run waits for its producer; unset: the run is at work. */
  constructor(runId: string, waiting?: string) {
    super(
      'already_running',
      waiting === undefined
        ? `It is being made just now (run ${runId}): ./spool list says how far it is. Wait for it, or cancel it in the console.`
        : `${waiting} waits for your decision, and nothing else is done with it until then: ./spool review ${waiting}, or its page in the console.`,
    )
    this.runId = runId
  }
}

/** An object that was to be read is not in its bucket, or no longer in the generation that was named. */
export class Missing extends Permanent {
  readonly object: { readonly bucket: string; readonly name: string }
  constructor(object: { readonly bucket: string; readonly name: string }, cause?: unknown) {
    super('not_found', `There is no object ${object.bucket}/${object.name}.`, { cause })
    this.object = object
  }
}

/** The same attempt may succeed later: the lease is released and the queue tries again. */
export class Retryable extends SpoolError {}

/** The same, and it says nothing of the work: whoever was asked was not there, or had no time. */
export class Passing extends Retryable {}

/** Another attempt holds a live lease on this step. */
export class Busy extends Error {
  override name = 'Busy'
}

/** Somebody else asks us to come back: the step is deferred until `dueAt` without counting an attempt. */
export class Deferred extends Error {
  override name = 'Deferred'
  readonly dueAt: Date
  constructor(dueAt: Date, why?: string) {
    super(why ?? `Deferred until ${dueAt.toISOString()}`)
    this.dueAt = dueAt
  }
}

/** The step has questions that only the producer can answer: the run waits, and no task is left alive. */
export class AwaitingReview extends Error {
  override name = 'AwaitingReview'
}

/** The run was cancelled or ended while the work was under way; nothing may be recorded. */
export class Stopped extends Error {
  override name = 'Stopped'
}

/** Of whom was asked, and not of what: SQLSTATEs and their classes, Node's error codes, the store's HTTP statuses. */
const passingFaults = [
  /^08...$/, // connection exceptions
  /^53...$/, // insufficient resources: connections, memory, disk
  /^57P0.$/, // the server shuts down, has crashed, or is not up yet
  /^(25P03|40001|40P01)$/, // cut off within a transaction; serialization_failure, deadlock_detected
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN)$/,
  /^(408|429|500|502|503|504)$/,
]
/** What the database's client says without a code, behind the statement. */
const lostConnection = /\b(Connection terminated( unexpectedly)?|timeout expired|Query read timeout)$/

const isPassing = (code: string | undefined, message: string): boolean =>
  code === undefined ? lostConnection.test(message) : passingFaults.some((fault) => fault.test(code))

/** Yields an error and every error that caused it, each once, outermost first. */
export function* causes(error: unknown): Generator {
  const seen = new Set<unknown>()
  for (
    let current = error;
    current !== undefined && current !== null && !seen.has(current);
    current = (current as { cause?: unknown }).cause
  ) {
    seen.add(current)
    yield current
  }
}

/** The first `code` found down the chain of causes, as text. */
export function codeOf(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' || typeof code === 'number') return String(code)
  }
  return undefined
}

const kinds = [Permanent, Retryable, Busy, Deferred, AwaitingReview, Stopped]
export type Kind = Permanent | Retryable | Busy | Deferred | AwaitingReview | Stopped

/** Turns anything thrown into one of the kinds above: the one place that classifies. */
export function classify(error: unknown): Kind {
  for (const cause of causes(error)) {
    if (kinds.some((kind) => cause instanceof kind)) return cause as Kind
  }
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EFBIG' || code === '507')
    return new Permanent('disk_full', 'There is no room left to write. Free some space and try again.', {
      cause: error,
    })
  const message = error instanceof Error ? error.message : String(error)
  return isPassing(code, message)
    ? new Passing('internal', `A passing fault: ${message}`, { cause: error })
    : new Retryable('internal', message, { cause: error })
}
