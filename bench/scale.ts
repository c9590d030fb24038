/**
 * What episodes take at scale: tasks, connections, statements, requests to the store, slots and money, from the product's own
 * graph, from what each step was counted to ask (tests/bench/scale.test.ts counts again) and from measured seconds.
 */
import { catalogue, queues } from '../functions/index.ts'
import { planPipeline, type Stage } from '../shared/engine/pipeline.ts'
import { restoredPartsOf } from '../shared/episode/restoring.ts'
import { looksOf } from '../shared/restoration/looks.ts'
import { stretchSeconds } from '../shared/audio/stretches.ts'
import { divideCount } from '../shared/show/divides.ts'
import type { Asked } from './counting.ts'
import { flow, type FlowStep, type QueueLimits } from './flow.ts'
import { prices } from './prices.ts'

/** An episode as the page counts with it: one recording, restored, transcribed by a provider that answers the call itself. */
export interface Episode {
  readonly minutes: number
  readonly chunks: number
  /** In which the recording is decoded apart. */
  readonly stretches: number
  /** In which it is looked for what is wrong with its sound. */
  readonly looks: number
  /** In which its sound is restored. */
  readonly restoredParts: number
  /** Of 48 kHz, stereo, 16 bits: the largest thing that is kept. */
  readonly pcmBytes: number
  readonly mp3Bytes: number
}

const sampleRate = 48_000
const mp3BytesPerSecond = 128_000 / 8

export function episodeOf(minutes: number, channels = 2): Episode {
  const samples = minutes * 60 * sampleRate
  return {
    minutes,
    chunks: 1 + divideCount(60 * minutes),
    stretches: minutes * 60 < 2 * stretchSeconds ? 0 : Math.floor((minutes * 60) / stretchSeconds),
    looks: looksOf({ totalSamples: samples, sampleRate }),
    restoredParts: restoredPartsOf({ totalSamples: samples, sampleRate }),
    pcmBytes: samples * channels * 2,
    mp3Bytes: minutes * 60 * mp3BytesPerSecond,
  }
}

/** What is read of a large object in one request. */
const windowBytes = 4 * 1024 * 1024
const windows = (bytes: number): number => Math.ceil(bytes / windowBytes)

type Asks = { readonly [kind in keyof Asked]: number | ((episode: Episode) => number) }

/**
 * A task of each step, and the news of an upload, as counted on the wire. Whoever commits last of several parts asks one
 * statement more.
 */
export const asks: Readonly<Record<string, Asks>> = {
  'on-upload': { connections: 1, statements: 20, transactions: 1, writes: 2, reads: 3 },
  prepare: {
    connections: 3,
    statements: 12,
    transactions: 2,
    writes: 2,
    reads: ({ pcmBytes, stretches }) => 1 + Math.ceil(windows(pcmBytes) / (1 + stretches)),
  },
  /** Not counted on the wire: it takes more than ten minutes. */
  join: {
    connections: 3,
    statements: 9,
    transactions: 2,
    writes: ({ stretches }) => 2 + joins(stretches),
    reads: ({ stretches }) => 2 * stretches + joins(stretches),
  },
  examine: {
    connections: 2,
    statements: 9,
    transactions: 1,
    writes: 1,
    /** Twice, since the episode hums: the second time by `prescribe` where it is long. */
    reads: ({ pcmBytes, looks }) =>
      looks > 1 ? Math.ceil(windows(pcmBytes) / looks) : 2 * windows(pcmBytes),
  },
  /** Not counted on the wire: it takes more than twenty minutes. */
  prescribe: {
    connections: 2,
    statements: 10,
    transactions: 1,
    writes: 1,
    reads: ({ pcmBytes, looks }) => looks + windows(pcmBytes),
  },
  restore: { connections: 2, statements: 7, transactions: 1, writes: 1, reads: 4 },
  combine: {
    connections: 2,
    statements: 12,
    transactions: 1,
    writes: ({ restoredParts }) => 3 + joins(restoredParts),
    reads: ({ pcmBytes, restoredParts }) =>
      2 + restoredParts + joins(restoredParts) + windows(floatBytes(pcmBytes)),
  },
  recognise: {
    connections: 5,
    statements: 16,
    transactions: 2,
    writes: 2,
    reads: ({ pcmBytes }) => 5 + windows(floatBytes(pcmBytes)),
  },
  transcribe: { connections: 1, statements: 9, transactions: 1, writes: 1, reads: 2 },
  align: { connections: 2, statements: 9, transactions: 1, writes: 0, reads: 2 },
  clean: { connections: 2, statements: 10, transactions: 1, writes: 2, reads: 2 },
  decide: { connections: 1, statements: 12, transactions: 1, writes: 2, reads: 2 },
  arrange: { connections: 1, statements: 13, transactions: 1, writes: 2, reads: 4 },
  preview: { connections: 2, statements: 8, transactions: 1, writes: 1, reads: 4 },
  measure: { connections: 2, statements: 9, transactions: 1, writes: 1, reads: 6 },
  level: { connections: 1, statements: 10, transactions: 1, writes: 0, reads: ({ chunks }) => chunks },
  render: { connections: 2, statements: 9, transactions: 1, writes: 2, reads: 6 },
  finish: {
    connections: 2,
    statements: 16,
    transactions: 1,
    writes: ({ chunks }) => 12 + joins(chunks + 1),
    reads: ({ chunks }) => 6 + 3 * chunks + joins(chunks + 1),
  },
  /** With three places to hear before and after. */
  page: { connections: 2, statements: 14, transactions: 1, writes: 1, reads: 16 },
  publish: { connections: 1, statements: 19, transactions: 2, writes: 8, reads: 11 },
}

/** Of 16-bit PCM that was restored. */
const floatBytes = (bytes: number): number => 2 * bytes

/** A composition takes at most 32 objects; of more, groups are joined first. */
const mostComposed = 32
const joins = (objects: number): number => (objects > mostComposed ? Math.ceil(objects / mostComposed) : 0)

export function askedBy(step: string, episode: Episode): Asked {
  const of = asks[step]!
  const value = (kind: keyof Asked): number => {
    const asked = of[kind]
    return typeof asked === 'number' ? asked : asked(episode)
  }
  return {
    connections: value('connections'),
    statements: value('statements'),
    transactions: value('transactions'),
    writes: value('writes'),
    reads: value('reads'),
  }
}

/**
 * From `./spool bench --quick` and `node bench/fan-in.ts` on two cores. Workers and their ffmpeg took 14.5 s of CPU for ten
 * minutes; divided among the steps by their spans, with a quarter more for waiting for store and database. Assumptions
 * are marked.
 */
export const measured = {
  asOf: '2026-11-27',
  /** Of one part. */
  seconds: {
    prepare: ({ minutes, stretches }: Episode) => (0.37 * minutes) / (1 + stretches),
    examine: ({ minutes, looks }: Episode) => (looks > 1 ? 0.2 / looks : 0.45) * minutes,
    prescribe: ({ minutes }: Episode) => 0.25 * minutes,
    restore: ({ minutes, restoredParts }: Episode) => (1.3 * minutes) / restoredParts,
    combine: ({ minutes }: Episode) => 0.1 * minutes,
    preview: ({ minutes }: Episode) => 0.2 * minutes,
    measure: () => 0.4,
    render: () => 0.7,
    /** Assumed: a provider answers thirty times as fast as one listens. */
    recognise: ({ minutes }: Episode) => 2 * minutes,
    finish: ({ minutes }: Episode) => 0.05 * minutes,
  } as Readonly<Record<string, (episode: Episode) => number>>,
  /** Of a step of a moment. */
  lightSeconds: 0.2,
  /** The server's, of a task, with a process for every connection. */
  databaseCpuSeconds: 0.017,
  commitMs: 15,
  walBytesPerTask: 8 * 1024,
  stepRowBytes: 1800,
  runRowBytes: 2400,
}

const pipeline = planPipeline(catalogue.filter((entry) => entry.trigger === 'task'))
/** Of this episode: a provider transcribes it, no model is asked anything, nothing is spoken, no mailbox is read. */
const partsOfStep: Readonly<Record<string, (episode: Episode) => number>> = {
  hear: () => 0,
  answer: () => 0,
  voice: () => 0,
  notes: () => 0,
  'read-mail': () => 0,
  prepare: ({ stretches }) => 1 + stretches,
  join: ({ stretches }) => (stretches > 0 ? 1 : 0),
  examine: ({ looks }) => looks,
  prescribe: ({ looks }) => (looks > 1 ? 1 : 0),
  restore: ({ restoredParts }) => restoredParts,
  measure: ({ chunks }) => chunks,
  render: ({ chunks }) => chunks,
}

const secondsOf = (step: string, episode: Episode): number =>
  measured.seconds[step]?.(episode) ?? measured.lightSeconds

export const partsIn = ({ step }: Stage, episode: Episode): number => partsOfStep[step.name]?.(episode) ?? 1

export const flowSteps = (episode: Episode): FlowStep[] =>
  pipeline.stages
    .filter(({ step }) => step.name !== 'read-mail')
    .map((stage) => ({
      name: stage.step.name,
      after: stage.after,
      queue: stage.queue,
      parts: partsIn(stage, episode),
      seconds: secondsOf(stage.step.name, episode),
    }))

export interface Needs extends Asked {
  readonly tasks: number
  readonly ofQueue: Readonly<Record<string, { readonly tasks: number; readonly seconds: number }>>
}

/** Of one episode from its upload to its page. */
export function needsOf(episode: Episode): Needs {
  const sums = { ...askedBy('on-upload', episode) }
  const ofQueue: Record<string, { tasks: number; seconds: number }> = {}
  for (const { name, queue, parts, seconds } of flowSteps(episode)) {
    const queued = (ofQueue[queue] ??= { tasks: 0, seconds: 0 })
    queued.tasks += parts
    queued.seconds += parts * seconds
    if (parts === 0) continue
    const asked = askedBy(name, episode)
    for (const kind of Object.keys(sums) as (keyof Asked)[])
      Object.assign(sums, { [kind]: sums[kind] + parts * asked[kind] })
    if (parts > 1) Object.assign(sums, { statements: sums.statements + 1 })
  }
  const tasks = Object.values(ofQueue).reduce((sum, queued) => sum + queued.tasks, 0)
  return { ...sums, tasks, ofQueue }
}

const daySeconds = 86_400
/** Assumed: the busiest hour of a day has so many times the mean. */
export const peakFactor = 2.5
/** Episodes a second in the busiest hour. */
export const peakRate = (episodesPerDay: number): number => (peakFactor * episodesPerDay) / daySeconds

export const limits = {
  /** Cloud Tasks: of one queue. */
  dispatchesPerSecond: 500,
  /** Cloud Storage: what a bucket takes at once; more when the rate grows slowly. */
  bucketWritesPerSecond: 1000,
  bucketReadsPerSecond: 5000,
  /** A PostgreSQL of 16 cores, at most so busy. */
  databaseCores: 16,
  databaseShare: 0.7,
}

/** Episodes a day up to which `perEpisode` of something stays below `perSecond` in the busiest hour. */
const upTo = (perSecond: number, perEpisode: number): number =>
  (perSecond * daySeconds) / perEpisode / peakFactor

/** From the tightest: what is used up first, and at how many episodes a day. */
export function breaks(episode: Episode): { readonly what: string; readonly episodesPerDay: number }[] {
  const needs = needsOf(episode)
  const slots = (['vendors', 'audio', 'light'] as const).map((name) => ({
    what: `slots of queue \`${name}\` (${queues[name].maxConcurrentDispatches})`,
    episodesPerDay: upTo(queues[name].maxConcurrentDispatches, needs.ofQueue[name]!.seconds),
  }))
  const cores = limits.databaseCores * limits.databaseShare
  return [
    ...slots,
    {
      what: `dispatches of queue \`audio\` (${limits.dispatchesPerSecond} a second)`,
      episodesPerDay: upTo(limits.dispatchesPerSecond, needs.ofQueue['audio']!.tasks),
    },
    {
      what: `PostgreSQL of ${limits.databaseCores} cores, a process for every connection`,
      episodesPerDay: upTo(cores, needs.tasks * measured.databaseCpuSeconds),
    },
    {
      what: `writes to a bucket that is not warm (${limits.bucketWritesPerSecond} a second)`,
      episodesPerDay: upTo(limits.bucketWritesPerSecond, needs.writes),
    },
  ].sort((a, b) => a.episodesPerDay - b.episodesPerDay)
}

/** What is left free, so that a queue that had to wait comes back. */
const headroom = 1.25

export interface Deployment {
  readonly slots: Readonly<Record<string, number>>
  readonly audioShards: number
  readonly databaseCores: number
  readonly connectionsPerSecond: number
  readonly writesPerSecond: number
}

/** What a deployment must have for so many episodes a day. */
export function deploymentFor(episodesPerDay: number, episode: Episode): Deployment {
  const rate = peakRate(episodesPerDay)
  const needs = needsOf(episode)
  return {
    slots: Object.fromEntries(
      Object.entries(needs.ofQueue).map(([name, { seconds }]) => [
        name,
        Math.ceil(headroom * rate * seconds),
      ]),
    ),
    audioShards: Math.ceil((headroom * rate * needs.ofQueue['audio']!.tasks) / limits.dispatchesPerSecond),
    databaseCores: Math.ceil((rate * needs.tasks * measured.databaseCpuSeconds) / limits.databaseShare),
    connectionsPerSecond: rate * needs.connections,
    writesPerSecond: rate * needs.writes,
  }
}

/** Two of the busiest minutes of such a day on such a deployment, in the model of bench/flow.ts. */
export function flowOn(episodesPerDay: number, episode: Episode, { slots, audioShards }: Deployment) {
  const queueLimits: Record<string, QueueLimits> = Object.fromEntries(
    Object.entries(slots).map(([name, count]) => [
      name,
      { slots: count, perSecond: limits.dispatchesPerSecond * (name === 'audio' ? audioShards : 1) },
    ]),
  )
  return flow(flowSteps(episode), queueLimits, { perSecond: peakRate(episodesPerDay), seconds: 120 })
}

const gib = 2 ** 30
const vendorVcpus = 1 / 3

/** US dollars of one episode; what is kept is priced for `keptDays`. */
export function costOf(episode: Episode, keptDays: number) {
  const needs = needsOf(episode)
  const seconds = (queue: string) => needs.ofQueue[queue]!.seconds
  const own = seconds('audio') + seconds('light')
  const kept = (bytes: number, days: number) => ((bytes / gib) * prices.perGibMonthStored * days) / 30
  return {
    'computing (1 vCPU, 1 GiB)': own * (prices.perVcpuSecond + prices.perGibSecond),
    'waiting for the provider (⅓ vCPU, 512 MiB)':
      seconds('vendors') * (vendorVcpus * prices.perVcpuSecond + prices.perGibSecond / 2),
    'calls and tasks':
      ((needs.tasks + 1) * prices.perMillionRequests + 2 * needs.tasks * prices.perMillionTaskOperations) /
      1e6,
    'requests to the store':
      (needs.writes * prices.perMillionStorageWrites + needs.reads * prices.perMillionStorageReads) / 1e6,
    [`work objects, kept ${keptDays} days`]: kept(episode.pcmBytes, keptDays),
    'the episode, a month': kept(2 * episode.mp3Bytes, 30), // private and public
  }
}
