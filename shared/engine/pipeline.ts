/**
 * The graph of steps: which step follows which, and when one may start. Hides fan-out and fan-in. A step
 * starts when every row of every step before it is finished; a step with no parts counts as finished.
 */
import type { Knex } from 'knex'
import type { Scalars } from '../context.ts'
import { assertScalars } from '../context.ts'
import { countSteps, insertSteps, type NewStep, type PendingStep, type StepCount } from '../db/steps.ts'
import { updateRunProgress } from '../db/run-changes.ts'
import type { Step } from './step.ts'

export interface Stage {
  readonly step: Step
  /** The names of the steps it follows; none for the first. */
  readonly after: readonly string[]
  /** Its share of a typical run's work, in any unit; drives the progress shown. */
  readonly share: number
  readonly queue: string
  readonly memory: string
  readonly deadlineSeconds: number
  /** Its work takes a moment: the connection stays open for it. */
  readonly keepsConnection?: boolean
}

export type Pipeline = ReturnType<typeof planPipeline>

/** Orders the stages. Throws when one follows an unknown step, or, directly or indirectly, itself. */
export function planPipeline(stages: readonly Stage[]) {
  const byName = new Map(stages.map((stage) => [stage.step.name, stage]))
  const ancestors = new Map<string, Set<string>>()
  const trace = (name: string, path: readonly string[]): Set<string> => {
    const known = ancestors.get(name)
    if (known) return known
    if (path.includes(name))
      throw new Error(`Steps follow each other in a circle: ${[...path, name].join(' → ')}`)
    const stage = byName.get(name)
    if (!stage) throw new Error(`${path.at(-1)} follows "${name}", which is no step`)
    const found = new Set(stage.after.flatMap((before) => [before, ...trace(before, [...path, name])]))
    ancestors.set(name, found)
    return found
  }
  for (const { step } of stages) trace(step.name, [])
  const ordered = [...stages].sort(
    (a, b) => ancestors.get(a.step.name)!.size - ancestors.get(b.step.name)!.size,
  )
  const totalShare = ordered.reduce((sum, { share }) => sum + share, 0)
  return {
    stages: ordered,
    stage: (name: string) => byName.get(name),
    /** What may start once `name` is done, in an order that respects the graph. */
    following: (name: string) => ordered.filter(({ step }) => ancestors.get(step.name)!.has(name)),
    before: (name: string) => ancestors.get(name)!,
    /**
     * The share of all expected work that is done, 0 to 1; a step that was passed over, having no parts, is
     * done.
     */
    progress: (counts: readonly StepCount[]) => {
      const reached = new Map(counts.map(({ step, progress }) => [step, progress]))
      const passed = new Set(counts.flatMap(({ step }) => [...(ancestors.get(step) ?? [])]))
      return (
        ordered.reduce(
          (sum, { step: { name }, share }) => sum + share * (reached.get(name) ?? (passed.has(name) ? 1 : 0)),
          0,
        ) / totalShare
      )
    },
  }
}

/**
 * The rows of one step: one part with the run's context, or as many as the step asks for, each with its own
 * scalars on top.
 */
export function partsOf({ step }: Stage, context: Scalars): NewStep[] {
  return (step.parts?.(context) ?? [{}]).map((own, part) => partRow(step.name, part, context, own))
}

/** Throws Permanent `bad_context` when the part's context would not fit its task. */
export function partRow(step: string, part: number, context: Scalars, own: Scalars): NewStep {
  const merged = { ...context, ...own }
  assertScalars(merged)
  return { step, part, context: merged }
}

export interface Followers {
  readonly inserted: PendingStep[]
  /** Nothing is left to do. */
  readonly isFinished: boolean
  /** Of all expected work, what is done: 0 to 1. */
  readonly share: number
}

/**
 * Inserts the rows of every step that may start now that `completed` is done. Needs the run's row locked, so that exactly
 * one committer sees the last predecessor done.
 */
export async function insertFollowers(
  trx: Knex,
  pipeline: Pipeline,
  run: { id: string; context: Scalars },
  completed: string,
): Promise<Followers> {
  const counts = await countSteps(trx, run.id)
  const unfinished = new Set(counts.filter((count) => count.unfinished > 0).map(({ step }) => step))
  const present = new Set(counts.map(({ step }) => step))
  const ready: NewStep[] = []
  for (const stage of pipeline.following(completed)) {
    const { name } = stage.step
    if (present.has(name) || !pipeline.before(name).isDisjointFrom(unfinished)) continue
    const parts = partsOf(stage, run.context)
    if (parts.length > 0) unfinished.add(name)
    ready.push(...parts)
  }
  const inserted = await insertSteps(trx, run.id, ready)
  return { inserted, isFinished: unfinished.size === 0, share: pipeline.progress(counts) }
}

/** Updates the run's progress: the work of finished and running parts, weighted by each step's share. */
export async function noteProgress(db: Knex, pipeline: Pipeline, runId: string): Promise<void> {
  const share = pipeline.progress(await countSteps(db, runId))
  await updateRunProgress(db, runId, { share })
}
