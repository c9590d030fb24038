/**
 * What may happen in a schedule besides deliveries: stories about one user, each with the steps it needs and with what
 * its people do, in any order and as often as is said. Everything they do is the product's own code.
 */
import { onUpload } from '../../functions/on-upload.ts'
import { publish } from '../../functions/publish.ts'
import { sweep } from '../../functions/sweep.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { changePodcast, findPodcastNamed } from '../../shared/db/podcasts.ts'
import { findEpisode } from '../../shared/db/episodes.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { latestRunOf } from '../../shared/db/runs.ts'
import type { Stage } from '../../shared/engine/pipeline.ts'
import { startPublication } from '../../shared/episode/publication.ts'
import { startAgain } from '../../shared/episode/retry.ts'
import { Permanent } from '../../shared/errors.ts'
import { askForEpisode, askForEverything } from '../../shared/housekeeping/ask-deletion.ts'
import { uploadName } from '../../shared/objects.ts'
import { submitDecisions, type Review } from '../../shared/review/review.ts'
import * as toys from './toys.ts'
import type { Troupe } from './toys.ts'
import { podcast, user, type World } from './world.ts'

export interface Action {
  readonly name: string
  readonly act: (world: World) => Promise<unknown>
  /** It is news of the store's, which come again until they are taken, and perhaps once more. */
  readonly isNews?: true
  /** So much time passes before. */
  readonly laterMs?: number
}

export interface Scenario {
  readonly stages: (troupe: Troupe) => readonly Stage[]
  /** How many parts of each step a finished run has. */
  readonly parts: Readonly<Record<string, number>>
  readonly actions: readonly Action[]
  /** Happens before anything is disturbed. */
  readonly before?: readonly Action[]
  /** What sleeps through a lease is dead: files are cleared away once nobody can still write them. */
  readonly hasNoSleepers?: true
  /** What it is about shows only where somebody sleeps while the others do all they have to, and leave none of it out. */
  readonly oversleepsOften?: true
  /** How often a step is tried. */
  readonly attempts?: number
}

/** News of a recording that somebody uploads, at the latest when the news is sent. */
function newsOf(episode: string, take: string, by = user): Action {
  const uploaded = new WeakMap<World, string>()
  return {
    name: `news of ${episode}, ${take}${by === user ? '' : ` by ${by}`}`,
    isNews: true,
    act: async (world) => {
      const bucket = world.config.buckets.uploads
      const name = uploadName(by, podcast, episode, 'talk.wav')
      if (!uploaded.has(world)) uploaded.set(world, world.store.put({ bucket, name }, take).generation)
      await onUpload({ bucket, name, generation: uploaded.get(world)! }, world.services)
    },
  }
}

/** Whoever asks is told no: that is an answer. */
const asking = (name: string, ask: (world: World) => Promise<unknown>): Action => ({
  name,
  act: async (world) => {
    try {
      await ask(world)
    } catch (error) {
      if (!(error instanceof Permanent)) throw error
    }
  },
})

/** The id of the episode of that name, if there is one. */
const idOf = (world: World, slug: string): Promise<string | undefined> =>
  withDatabase(world.config.databaseUrl, async (db) => {
    const [found] = await rows<{ id: string }>(
      db,
      'SELECT id FROM episodes WHERE user_id = :user AND slug = :slug',
      { user, slug },
    )
    return found?.id
  })

const ofEpisode = (
  name: string,
  slug: string,
  ask: (world: World, episodeId: string) => Promise<unknown>,
): Action =>
  asking(`${name} ${slug}`, async (world) => {
    const episodeId = await idOf(world, slug)
    if (episodeId !== undefined) await ask(world, episodeId)
  })

const latestOf = (world: World, episodeId: string) =>
  withDatabase(world.config.databaseUrl, (db) => latestRunOf(db, episodeId))

const cancel = (slug: string): Action =>
  ofEpisode('cancel', slug, async (world, episodeId) => {
    const run = await latestOf(world, episodeId)
    if (!run) return
    const isCancelled = await withDatabase(world.config.databaseUrl, (db) =>
      db.transaction((trx) => cancelRun(trx, run.id)),
    )
    if (isCancelled) world.promised.cancelled.push(run.id)
  })

const retry = (slug: string): Action =>
  ofEpisode('retry', slug, async (world, episodeId) => {
    const run = await latestOf(world, episodeId)
    if (!run) return
    world.promised.restarts++
    await startAgain(world.services, run.id)
  })

const decisions = (name: string): Action =>
  ofEpisode(`decisions ${name} on`, 'one', async (world, episodeId) => {
    const { config, services } = world
    const [episode, run] = await withDatabase(config.databaseUrl, async (db) => [
      await findEpisode(db, episodeId),
      await latestRunOf(db, episodeId),
    ])
    if (!episode || !run) return
    const edits = { version: 1, sampleRate: 100, edits: [] } as const
    const analysis = { totalSamples: 10_000, speech: [] } as unknown as Review['analysis']
    const text = '{"version":1,"decisions":[{"decision":"cut","startSeconds":1,"endSeconds":2}]}'
    world.promised.restarts++
    await submitDecisions(services, { episode, run, edits, analysis } as unknown as Review, text, 'decisions')
    world.promised.decisions++
  })

const publication = (asked: 'publish' | 'withdraw', slug: string): Action =>
  ofEpisode(asked, slug, (world, episodeId) => startPublication(world.services, episodeId, asked))

const remove = (slug: string): Action =>
  ofEpisode('delete', slug, (world, episodeId) =>
    askForEpisode(world.services, { userId: user, episodeId }, { cancel: true }),
  )

const removeEverything = asking('delete everything', (world) => askForEverything(world.services, user))

const renamed = asking('rename the show', (world) =>
  withDatabase(world.config.databaseUrl, async (db) => {
    const show = await findPodcastNamed(db, user, podcast)
    if (!show) return
    const { id, revision, settings } = show
    await changePodcast(db, {
      userId: user,
      id,
      revision,
      settings: { ...settings, title: `Show ${revision}` },
    })
  }),
)

/** `chance`: where among what is overdue it begins. */
export const sweeping = (chance = 0): Action => ({
  name: 'sweep',
  act: ({ services }) => sweep(services, { batch: 2, chance }),
})

/** Somebody takes a result away that a step has made. */
const theft: Action = {
  name: 'a result is lost',
  act: ({ store, config, stolen }) => {
    const { work } = config.buckets
    const name = store.names().find((one) => one.startsWith(`${work}/`))
    if (name !== undefined) {
      stolen.add(name)
      store.take(name)
    }
    return Promise.resolve()
  },
}

/** One after which what was announced may be closed, and what was closed may go. */
const laterSweep: Action = { ...sweeping(), name: 'a sweep of later', laterMs: 62_000 }

const eightDays: Action = { name: 'eight days pass', act: (world) => world.database.jump(8 * 86_400_000) }

const publishing: Stage = {
  step: publish,
  after: ['finish'],
  share: 1,
  queue: 'toys',
  memory: '256Mi',
  deadlineSeconds: 60,
  keepsConnection: true,
}

export const scenarios = {
  /** Fan-out, parts of parts, fan-in. */
  making: {
    stages: (troupe) => [toys.prepare(troupe), toys.measure(troupe), toys.finish(troupe, ['measure'])],
    parts: { prepare: 2, measure: 2, finish: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), retry('one'), sweeping(), sweeping(0.6)],
  },
  /** A run that waits for its producer, who decides twice at once, or records again. */
  reviewing: {
    stages: (troupe) => [toys.decide(troupe)],
    parts: { decide: 1 },
    actions: [
      newsOf('one', 'take 1'),
      decisions('a'),
      decisions('b'),
      newsOf('one', 'take 2'),
      cancel('one'),
      sweeping(),
    ],
  },
  /** Two episodes come out, go back and change, in one feed. */
  publishing: {
    stages: (troupe) => [toys.finish(troupe, []), publishing],
    parts: { finish: 1, publish: 1 },
    before: [newsOf('one', 'take 1')],
    actions: [
      newsOf('two', 'take 2'),
      publication('withdraw', 'one'),
      publication('publish', 'one'),
      newsOf('one', 'take 3'),
      cancel('one'),
      renamed,
      sweeping(),
    ],
  },
  /** An episode that was taken back comes out, is taken back again, is recorded anew and comes out once more. */
  returning: {
    stages: (troupe) => [toys.finish(troupe, []), publishing],
    parts: { finish: 1, publish: 1 },
    before: [newsOf('one', 'take 1'), publication('withdraw', 'one')],
    actions: [
      publication('publish', 'one'),
      publication('withdraw', 'one'),
      newsOf('one', 'take 2'),
      publication('publish', 'one'),
      sweeping(),
    ],
    oversleepsOften: true,
  },
  /** An episode comes out while its page is still being made. */
  accompanying: {
    stages: (troupe) => [toys.finish(troupe, []), publishing, toys.page(troupe)],
    parts: { finish: 1, publish: 1, page: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), sweeping()],
  },
  /** Something is bought. */
  buying: {
    stages: (troupe) => [toys.buy(troupe)],
    parts: { buy: 1 },
    actions: [
      newsOf('one', 'take 1'),
      newsOf('one', 'take 1', 'bert'),
      cancel('one'),
      retry('one'),
      theft,
      retry('one'),
      sweeping(),
    ],
  },
  /** Somebody is busy the first time that he is asked. */
  waiting: {
    stages: (troupe) => [toys.wait(troupe)],
    parts: { wait: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), retry('one'), sweeping()],
  },
  /** A step says that it will never work. */
  refusing: {
    stages: (troupe) => [toys.refuse(troupe)],
    parts: { refuse: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), retry('one'), sweeping()],
  },
  /** A step never works. */
  failing: {
    stages: (troupe) => [toys.prepareWhole(troupe), toys.fail(troupe)],
    parts: { prepare: 1, fail: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), retry('one'), sweeping()],
    attempts: 3,
  },
  /** A step ends the process that works on it. */
  dying: {
    stages: (troupe) => [toys.prepareWhole(troupe), toys.die(troupe)],
    parts: { prepare: 1, die: 1 },
    actions: [newsOf('one', 'take 1'), cancel('one'), retry('one'), sweeping()],
    attempts: 2,
  },
  /** What two episodes were made of is the same, and one of them goes, or everything does. */
  deleting: {
    stages: (troupe) => [toys.prepareWhole(troupe), toys.finish(troupe, ['prepare']), publishing],
    parts: { prepare: 1, finish: 1, publish: 1 },
    actions: [
      newsOf('one', 'take 1'),
      newsOf('two', 'take 1'),
      remove('one'),
      removeEverything,
      cancel('two'),
      sweeping(),
      sweeping(),
    ],
    hasNoSleepers: true,
  },
  /** An episode was made twice; what is left of the first time goes, while it is made the same way again. */
  clearing: {
    stages: (troupe) => [toys.prepareWhole(troupe), toys.finish(troupe, ['prepare'])],
    parts: { prepare: 1, finish: 1 },
    before: [newsOf('one', 'take 1'), newsOf('one', 'take 2'), eightDays],
    actions: [
      sweeping(),
      newsOf('one', 'take 1'),
      laterSweep,
      laterSweep,
      laterSweep,
      sweeping(),
      sweeping(),
    ],
    hasNoSleepers: true,
  },
} satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios
