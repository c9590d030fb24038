/**
 * Steps of a moment that the real engine runs: each leaves an object, records its effect, and does what the schedule
 * wants of it the next time it works. Hides how what they do is told apart, so that it can be checked.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import type { Scalars } from '../../shared/context.ts'
import { saveFinishedAudio } from '../../shared/db/episodes.ts'
import { rows } from '../../shared/db/connect.ts'
import { defineStep, type Identity, type Tools } from '../../shared/engine/step.ts'
import type { Stage } from '../../shared/engine/pipeline.ts'
import { charge } from '../../shared/episode/quota.ts'
import { AwaitingReview, Deferred, Permanent, Retryable } from '../../shared/errors.ts'
import { episodeName } from '../../shared/objects.ts'
import { payOnce } from '../../shared/providers/paid-call.ts'
import type { VendorInMemory } from './vendor.ts'

/** What a step does the next time it works. */
export type Mood = 'works' | 'throws' | 'is put off' | 'fails'

export interface Troupe {
  /** The moods that are left, one for each time that any step works. */
  readonly moods: Mood[]
  readonly vendor: VendorInMemory
  readonly currentProcess: () => string
  /** Ends the process that works. */
  readonly die: () => void
  /** Every time a step truly worked. */
  readonly works: { readonly runId: string; readonly step: string; readonly part: number }[]
}

type Context = Scalars & Identity
type Act = (context: Context, tools: Tools) => Promise<Scalars>

interface Toy {
  readonly name: string
  readonly after?: readonly string[]
  readonly parts?: number
  readonly further?: number
  /** Results with the same key are taken over. */
  readonly key?: (context: Context) => unknown
  readonly act?: Act
  readonly record?: (trx: Knex, context: Context, output: Scalars) => Promise<void>
  readonly keepsConnection?: boolean
}

const putOffMs = 20_000
const neverWorks = 'It never works.'
const notThisTime = 'It did not work this time.'
/** What a step's own errors say. */
export const ownErrors = [neverWorks, notThisTime]
const nothing: Act = () => Promise.resolve({})

export function toyStage(troupe: Troupe, toy: Toy): Stage {
  const { name, after = [], parts = 1, further = 0, key, act = nothing, keepsConnection = false } = toy
  const step = defineStep({
    name,
    version: 1,
    context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    ...(key ? { inputs: key } : {}),
    work: async (context: Context, _input: undefined, tools): Promise<Scalars> => {
      const { runId, part } = context
      troupe.works.push({ runId, step: name, part })
      tools.progress(0.5)
      const made = tools.workObject(`${name}-${part}`)
      await tools.storage.create(made, made.name, 'text/plain')
      behave(troupe.moods.shift() ?? 'works')
      if (tools.signal.aborted) throw tools.signal.reason
      return { made: made.name, by: troupe.currentProcess(), ...(await act(context, tools)) }
    },
    passOn: ({ made, by, ...rest }) => rest,
    record: async (trx, context, output) => {
      await toy.record?.(trx, context, output)
      await rows(
        trx,
        'INSERT INTO simulated.effects (run_id, step, part, process) VALUES (:runId, :name, :part, :by)',
        { runId: context.runId, name, part: context.part, by: troupe.currentProcess() },
      )
    },
    parts: () => Array.from({ length: parts }, (_, i) => ({ number: i })),
    ...(further > 0
      ? { furtherParts: () => Array.from({ length: further }, (_, i) => ({ number: i + 1 })) }
      : {}),
  })
  return { step, after, share: 1, queue: 'toys', memory: '256Mi', deadlineSeconds: 60, keepsConnection }
}

function behave(mood: Mood): void {
  switch (mood) {
    case 'works':
      return
    case 'throws':
      throw new Retryable('internal', notThisTime)
    case 'is put off':
      throw new Deferred(new Date(Date.now() + putOffMs), 'Somebody is busy.')
    case 'fails':
      throw new Permanent('nothing_left', 'It will never work.')
  }
}

const recordingOf = ({ recordingHash }: Context): string => String(recordingHash)

/** A first step of two parts of which the second comes of the first. */
export const prepare = (troupe: Troupe): Stage => prepareIn(troupe, 1)
/** The same in one part. */
export const prepareWhole = (troupe: Troupe): Stage => prepareIn(troupe, 0)

const prepareIn = (troupe: Troupe, further: number): Stage =>
  toyStage(troupe, {
    name: 'prepare',
    further,
    key: (context) => [recordingOf(context), context.part],
    act: async ({ userId, runId, recordingHash, part }, { withDatabase, config }) => {
      if (part > 0) return {}
      const entry = { userId, kind: 'minutes', key: String(recordingHash), amount: 1, runId } as const
      await withDatabase((db) => charge(db, config, entry))
      return {}
    },
  })

/** Two parts side by side, whose work is their effect. */
export const measure = (troupe: Troupe): Stage =>
  toyStage(troupe, { name: 'measure', after: ['prepare'], parts: 2 })

/** The first step, which waits until its producer has looked. */
export const decide = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'decide',
    keepsConnection: true,
    act: ({ reviewed }) => (reviewed === true ? Promise.resolve({}) : Promise.reject(new AwaitingReview())),
  })

const provider = 'vendor'

/** The first step, which buys something. */
export const buy = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'buy',
    key: recordingOf,
    act: async (context, tools) => {
      const { storage, workObject } = tools
      const bought = (copy: number) => workObject(`bought-${copy}`)
      const { vendor } = troupe
      const what = `${context.userId}/${tools.inputKey}`
      const text = await payOnce<string, string>(tools, context, 'buy', {
        provider,
        recall: async (copy) => ((await storage.stat(bought(copy))) ? bought(copy).name : undefined),
        submit: (callId) => vendor.submit(what, callId),
        find: () => vendor.find(what),
        poll: (reference) => vendor.poll(reference),
        keep: async (result, copy) => {
          await storage.create(bought(copy), result, 'text/plain')
          return bought(copy).name
        },
      })
      return { bought: text }
    },
  })

/** The first step, which is put off the first time that it works in a run. */
export const wait = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'wait',
    act: ({ runId }) => {
      const isFirst = troupe.works.filter((one) => one.runId === runId && one.step === 'wait').length === 1
      if (isFirst) behave('is put off')
      return Promise.resolve({})
    },
  })

/** The first step, which says that it will never work. */
export const refuse = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'refuse',
    act: () => {
      behave('fails')
      return Promise.resolve({})
    },
  })

/** Never works. */
export const fail = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'fail',
    after: ['prepare'],
    act: () => Promise.reject(new Retryable('internal', neverWorks)),
  })

/** Never works either: its process ends by it, each time. */
export const die = (troupe: Troupe): Stage =>
  toyStage(troupe, {
    name: 'die',
    after: ['prepare'],
    act: () => {
      troupe.die()
      return new Promise(() => undefined)
    },
  })

/** An MP3 frame begins so, in Latin-1. */
export const mp3 = (take: string): string => `\xff\xfb\x90\x64 ${take}`

/** Goes on beside the publication. */
export const page = (troupe: Troupe): Stage => toyStage(troupe, { name: 'page', after: ['finish'] })

/** Makes the episode's one file. */
export const finish = (troupe: Troupe, after: readonly string[]): Stage =>
  toyStage(troupe, {
    name: 'finish',
    after,
    key: (context) => [recordingOf(context), context.episodeId],
    act: async ({ episodeId }, { storage, config, inputKey: hash }) => {
      const name = episodeName(episodeId, hash, 'episode.mp3')
      await storage.create({ bucket: config.buckets.episodes, name }, mp3(hash), 'audio/mpeg')
      return { contentHash: hash, files: 'episode.mp3', isCertified: true }
    },
    record: async (trx, { episodeId }, output) => {
      const audio = { durationSeconds: 60, audioBytes: 1000, hasTranscript: false, coverFile: null }
      await saveFinishedAudio(trx, episodeId, { ...audio, contentHash: String(output['contentHash']) })
    },
  })
