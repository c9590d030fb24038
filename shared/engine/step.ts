/**
 * Defines what a step is: what each file in functions/ declares, and what its work is given. Hides a step's
 * own types, so that the engine handles every step alike.
 */
import type { Knex } from 'knex'
import type { z } from 'zod'
import type { Warning } from '../codes.ts'
import type { Config } from '../config.ts'
import type { Scalars } from '../context.ts'
import { Permanent } from '../errors.ts'
import { contentHash } from '../hash.ts'
import { workFolder } from '../objects.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'

/** What a step's work may use; an open database connection is not part of it. */
export interface Tools {
  readonly config: Config
  readonly storage: ObjectStore
  /** Aborted when the run is cancelled or the step is lost to another attempt. */
  readonly signal: AbortSignal
  /** Names an object of this work: the same inputs always give the same name. */
  readonly workObject: (name: string) => ObjectName
  /** What that name is made of: stands for everything the result depends on. */
  readonly inputKey: string
  /** Says how far the work is, 0 to 1. */
  readonly progress: (share: number) => void
  readonly warn: (warning: Warning) => void
  /** When the run first tried this step: waiting for a vendor is bounded from here. */
  readonly since: Date
  /**
   * A short block with a connection of its own, for a step that must look again in the middle of its work.
   */
  readonly withDatabase: <T>(use: (db: Knex) => Promise<T>) => Promise<T>
  /**
   * Whether this attempt still holds its step. In a transaction that has the run's row locked it stays so until that
   * ends; without, an attempt that slept through its lease would change what its successor has finished.
   */
  readonly stillHolds: (trx: Knex) => Promise<boolean>
}

/** Whom the run belongs to, given to every step besides its own scalars. */
export interface Identity {
  readonly runId: string
  readonly userId: string
  /** Empty in a run of a mailbox. */
  readonly episodeId: string
  readonly part: number
}

export interface StepDefinition<C, I, O extends Scalars> {
  readonly name: string
  /** Raised when the same inputs give other bytes than before. */
  readonly version: number
  /** The scalars the step needs of its context. */
  readonly context: z.ZodType<C>
  /** A short read of what does not fit in scalars; plain values. */
  readonly load?: (db: Knex, context: C & Identity) => Promise<I>
  /** Everything the result depends on; absent for a step whose work is its effect. */
  readonly inputs?: (context: C & Identity, input: I) => unknown
  /**
   * The program that makes its bytes, with its version: needed, and a part of the input key. Rejects where the
   * program is missing.
   */
  readonly madeBy?: () => Promise<string>
  /** The same of a program whose version makes no difference worth making the results again. */
  readonly needs?: () => Promise<string>
  readonly work: (context: C & Identity, input: I, tools: Tools) => Promise<O>
  /** Writes the product's own rows, in the transaction that completes the step. */
  readonly record?: (trx: Knex, context: C & Identity, output: O) => Promise<void>
  /**
   * What a result consists of besides the work objects that its output names: it is taken over only where all of it is
   * still there.
   */
  readonly consistsOf?: (output: O, context: C & Identity) => readonly ResultObject[]
  /** The scalars every later step of the run is given. */
  readonly passOn?: (output: O, context: C & Identity) => Scalars
  /** One entry for each part, from the run's context; a single part when absent. */
  readonly parts?: (context: Scalars) => readonly Scalars[]
  /**
   * More parts of the same step that only the first part's result makes possible, each with its own scalars.
   */
  readonly furtherParts?: (output: O, context: C & Identity) => readonly Scalars[]
}

/** An object that a result consists of. */
export interface ResultObject {
  readonly bucket: 'work' | 'episodes'
  readonly name: string
}

/** A step as the engine sees it. */
export interface Step {
  readonly name: string
  /** False for the outline of a step that is in another function's bundle. */
  readonly isHere: boolean
  /** Raised when the same inputs give other bytes. */
  readonly version: number
  readonly parts?: (context: Scalars) => readonly Scalars[]
  /** Which program its work runs; rejects where that is missing. */
  readonly needs?: () => Promise<string>
  /**
   * Reads what one part needs. Throws Permanent `bad_context` when its scalars are not those the step
   * declares.
   */
  readonly open: (db: Knex, identity: Identity, context: Scalars) => Promise<OpenedStep>
}

/** One part of a step with all it needs read; it no longer touches the connection it was opened with. */
export interface OpenedStep {
  /** Equal where the results would be equal; null for a step whose work is its effect. */
  readonly inputKey: string | null
  readonly work: (tools: Tools) => Promise<Scalars>
  /** Every object that must be there for an output to be worth taking over. */
  readonly objectsOf: (output: Scalars) => readonly ResultObject[]
  /** What follows from an output, whether it was made now or taken over from an earlier run. */
  readonly effectsOf: (output: Scalars) => Effects
}

export interface Effects {
  readonly passOn: Scalars
  readonly furtherParts: readonly Scalars[]
  readonly record: (trx: Knex) => Promise<void>
}

export function defineStep<C, I, O extends Scalars>(definition: StepDefinition<C, I, O>): Step {
  const { name, version, parts, madeBy, needs = madeBy } = definition
  return {
    name,
    version,
    isHere: 'work' in definition,
    ...(parts ? { parts } : {}),
    ...(needs ? { needs } : {}),
    open: (db, identity, context) => openStep(definition, db, identity, context),
  }
}

async function openStep<C, I, O extends Scalars>(
  step: StepDefinition<C, I, O>,
  db: Knex,
  identity: Identity,
  scalars: Scalars,
): Promise<OpenedStep> {
  const context = { ...parseContext(step, scalars), ...identity }
  const input = (await step.load?.(db, context)) as I
  return {
    inputKey: step.inputs ? hashInputs(step, step.inputs(context, input), await step.madeBy?.()) : null,
    work: (tools) => step.work(context, input, tools),
    objectsOf: (scalarOutput) => [
      ...workObjectsIn(scalarOutput, context.userId),
      ...(step.consistsOf?.(scalarOutput as O, context) ?? []),
    ],
    effectsOf: (scalarOutput) => {
      // this step's own output, of now or of an earlier run with the same inputs
      const output = scalarOutput as O
      return {
        passOn: step.passOn?.(output, context) ?? {},
        furtherParts: identity.part === 0 ? (step.furtherParts?.(output, context) ?? []) : [],
        record: async (trx) => step.record?.(trx, context, output),
      }
    },
  }
}

/** The work objects that an output names: no other scalar begins as they do. */
const workObjectsIn = (output: Scalars, userId: string): ResultObject[] =>
  Object.values(output).flatMap((value) =>
    typeof value === 'string' && value.startsWith(workFolder(userId))
      ? [{ bucket: 'work', name: value }]
      : [],
  )

function parseContext<C, I, O extends Scalars>(step: StepDefinition<C, I, O>, context: Scalars): C {
  const parsed = step.context.safeParse(context)
  if (parsed.success) return parsed.data
  const lacking = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new Permanent('bad_context', `The context of ${step.name} lacks what it needs: ${lacking}`)
}

const hashInputs = (
  step: { name: string; version: number },
  inputs: unknown,
  madeBy: string | undefined,
): string =>
  contentHash(JSON.stringify([step.name, step.version, inputs, ...(madeBy === undefined ? [] : [madeBy])]))
