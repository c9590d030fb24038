/**
 * The data that one step of a run hands to the next: named scalars, as JSON, in the payload of a task. Hides
 * the payload's version, its size limit and the check that nothing but scalars gets in.
 */
import { Permanent, Retryable } from './errors.ts'

export type Scalar = string | number | boolean | null
export type Scalars = Readonly<Record<string, Scalar>>

/**
 * The version every new payload carries. A step also accepts the version before it: a queued task outlives a
 * deploy.
 */
export const contextVersion = 1
const acceptedVersions = [contextVersion - 1, contextVersion]

/** Cloud Tasks takes 1 MiB; a context that needs more than this should have been an object in the bucket. */
export const maxContextBytes = 64 * 1024

/**
 * Names one part of one step of one run; the `turn` tells a task of today from one that was deferred or
 * revived since.
 */
export interface StepIdentity {
  readonly runId: string
  readonly step: string
  readonly part: number
  readonly turn: number
}

export interface TaskPayload extends StepIdentity {
  readonly v: number
  readonly context: Scalars
}

/**
 * Throws Permanent `bad_context` naming the first key that is not a scalar, or the size when it is over the
 * limit.
 */
export function assertScalars(value: unknown): asserts value is Scalars {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Permanent('bad_context', 'A context is an object of scalars.')
  for (const [key, entry] of Object.entries(value)) {
    if (!isScalar(entry))
      throw new Permanent(
        'bad_context',
        `Context value "${key}" is ${describe(entry)}; ` +
          'only a string, number, boolean or null may cross a step.',
      )
  }
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes > maxContextBytes) {
    throw new Permanent(
      'bad_context',
      `The context has ${bytes} bytes; the limit is ${maxContextBytes}. ` +
        'Put the large value into an object and pass its name.',
    )
  }
}

/**
 * Checks a task's body. Throws Permanent `bad_context` when it is not one of ours or of a version no longer
 * accepted, and Retryable when it is of a version to come.
 */
export function parsePayload(body: unknown): TaskPayload {
  const payload = body as Partial<TaskPayload> | null
  const { v, runId, step, part, turn, context } = payload ?? {}
  // a task of the next deploy that met an instance of this one: it comes back, to an instance of its own
  if (typeof v === 'number' && v > contextVersion)
    throw new Retryable(
      'internal',
      `Payload version ${v} is newer than this build, which reads ${contextVersion}.`,
    )
  if (typeof v !== 'number' || !acceptedVersions.includes(v)) {
    throw new Permanent(
      'bad_context',
      `Payload version ${String(v)} is not accepted; this build reads ${acceptedVersions.join(' and ')}.`,
    )
  }
  if (!isId(runId) || typeof step !== 'string' || !isIndex(part) || !isIndex(turn)) {
    throw new Permanent('bad_context', 'The payload names no run, step, part and turn.')
  }
  assertScalars(context)
  return { v, runId, step, part, turn, context }
}

/** As rows have them: what the database would refuse is no reason to try again. */
const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
const isIndex = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
const isScalar = (value: unknown): value is Scalar =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value))
const describe = (value: unknown): string =>
  Array.isArray(value)
    ? 'a list'
    : typeof value === 'number'
      ? 'not a finite number'
      : `of type ${typeof value}`
