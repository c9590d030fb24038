/**
 * Toy steps: small stand-ins for the real ones, run by the same machinery. Each leaves an object for every
 * time it truly worked,
 * and a test may tell a step what to do when it works next, or hold it at a gate.
 */
import { randomUUID } from 'node:crypto'
import { afterEachTest } from './every-file.ts'
import { z } from 'zod'
import type { Scalars } from '../../shared/context.ts'
import type { CatalogueEntry, TaskFunction } from '../../shared/engine/serve.ts'
import { defineStep, type Identity, type Tools } from '../../shared/engine/step.ts'

export type ToyContext = Scalars & Identity

/** What a toy does when it works; what it returns is added to its output, and handed on. */
export type Act = (context: ToyContext, tools: Tools) => Scalars | undefined | Promise<Scalars | undefined>

export interface Toy {
  readonly name: string
  readonly after?: readonly string[]
  /** How many parts, or the run's own number of that name. */
  readonly parts?: number | string
  /** How many more parts the first one brings. */
  readonly further?: number
  readonly share?: number
  /** Set for a step whose results are taken over where the inputs are the same. */
  readonly inputs?: (context: ToyContext) => unknown
  readonly version?: number
  readonly act?: Act
}

/** A step held in the middle of its work. */
export interface Gate {
  /** The next attempt to arrive; resolves with the signal it works under. */
  readonly entered: Promise<AbortSignal>
  readonly open: (result?: Scalars) => void
  readonly fail: (error: unknown) => void
}

export interface ToyShow {
  readonly catalogue: readonly CatalogueEntry[]
  /** Says what the step does the next time it works, and only then. Several are taken one after the other. */
  readonly next: (step: string, act: Act) => void
  /** Holds the next attempt of the step, or of one of its parts. */
  readonly hold: (step: string, part?: number) => Gate
}

/** Where a toy's works are counted. */
export const tracePrefix = (runId: string, step: string, part: number): string =>
  `trace/${runId}/${step}/${part}/`

const gates: Gate[] = []

/** A test that failed leaves its gates closed, and whoever waits at one would keep the process. */
afterEachTest(() => {
  for (const gate of gates.splice(0)) gate.fail(new Error('the test is over'))
})

export function aToyShow(toys: readonly Toy[]): ToyShow {
  const acts = new Map<string, { part: number | undefined; act: Act }[]>()
  const take = (name: string, part: number): Act | undefined => {
    const waiting = acts.get(name) ?? []
    const index = waiting.findIndex((entry) => entry.part === undefined || entry.part === part)
    return index < 0 ? undefined : waiting.splice(index, 1)[0]!.act
  }
  const add = (step: string, part: number | undefined, act: Act) =>
    acts.set(step, [...(acts.get(step) ?? []), { part, act }])
  return {
    catalogue: toys.map((toy) =>
      aStage(toy, (context, tools) => (take(toy.name, context.part) ?? toy.act)?.(context, tools)),
    ),
    next: (step, act) => add(step, undefined, act),
    hold: (step, part) => {
      const entered = Promise.withResolvers<AbortSignal>()
      const opened = Promise.withResolvers<Scalars | undefined>()
      add(step, part, (_context, { signal }) => {
        entered.resolve(signal)
        return opened.promise
      })
      opened.promise.catch(() => undefined)
      const gate: Gate = {
        entered: entered.promise,
        open: (result) => opened.resolve(result),
        fail: (error) => opened.reject(error),
      }
      gates.push(gate)
      return gate
    },
  }
}

function aStage(
  { name, after = [], parts = 1, further = 0, share = 1, inputs, version = 1 }: Toy,
  act: Act,
): TaskFunction {
  const step = defineStep({
    name,
    version,
    context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    ...(inputs ? { inputs } : {}),
    work: async (context, _input: undefined, tools): Promise<Scalars> => {
      await leaveTrace(name, context, tools)
      const result = await act(context, tools)
      const made = tools.workObject('made')
      if (inputs)
        await tools.storage.create(made, JSON.stringify([name, inputs(context), result]), 'application/json')
      return { made: made.name, ...result }
    },
    passOn: (output) => Object.fromEntries(Object.entries(output).filter(([name]) => name !== 'made')),
    parts: (context) =>
      Array.from({ length: typeof parts === 'number' ? parts : Number(context[parts]) }, (_, i) => ({
        number: i,
      })),
    ...(further > 0
      ? { furtherParts: () => Array.from({ length: further }, (_, i) => ({ number: i + 1 })) }
      : {}),
  })
  return { trigger: 'task', step, after, share, queue: 'toys', memory: '256Mi', deadlineSeconds: 60 }
}

const leaveTrace = (name: string, { runId, part }: Identity, { storage, config }: Tools): Promise<void> =>
  storage.create(
    { bucket: config.buckets.work, name: `${tracePrefix(runId, name, part)}${randomUUID()}` },
    '',
    'text/plain',
  )
