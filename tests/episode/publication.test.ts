// What becomes of a finished episode: published, held, or at its time.
import { describe, expect, test } from '@jest/globals'
import { deliver } from '../../shared/engine/delivery.ts'
import {
  decidePublication,
  schedulePublication,
  startPublication,
  unschedulePublication,
} from '../../shared/episode/publication.ts'
import { aWorldThatPublishes } from '../support/publishing.ts'

const wishes = {
  ...{
    publication: null,
    isCertified: true,
    isSilent: false,
    isUnbleeped: false,
    isOfOtherWords: false,
    isMostlyCut: false,
    publish: null,
    supersededTime: null,
    heldFor: null,
    publishAt: null,
  },
  template: 'automatic',
} as const

test('what lacks something that a version had which waited is held, until its producer asks for it outright', () => {
  const now = new Date()
  expect(decidePublication(wishes, now)).toEqual({ what: 'publish' })
  const held = { ...wishes, heldFor: 'given_before' } as const
  for (const publish of [null, 'automatic', now.toISOString()])
    expect(decidePublication({ ...held, publish }, now)).toEqual({ what: 'hold', reason: 'given_before' })
  expect(decidePublication({ ...held, publication: 'publish' }, now)).toEqual({ what: 'publish' })
})

test('what was to be bleeped and could not is held, as what nobody can hear is', () => {
  const decided = (found: object) => decidePublication({ ...wishes, ...found }, new Date())
  expect(decided({ isUnbleeped: true })).toEqual({ what: 'hold', reason: 'not_bleeped' })
  expect(decided({ isOfOtherWords: true })).toEqual({ what: 'hold', reason: 'words_unlike_sound' })
  expect(decided({ isMostlyCut: true })).toEqual({ what: 'hold', reason: 'mostly_cut' })
  expect(decided({ isMostlyCut: true, publication: 'publish' })).toEqual({ what: 'publish' })
  expect(decided({ isMostlyCut: true, heldFor: 'unpublished' })).toMatchObject({ reason: 'unpublished' })
  expect(decided({ isSilent: true })).toEqual({ what: 'hold', reason: 'silent' })
})

test('while a version waits for a decision it says so, with the command; while one is being made, that it is', async () => {
  const { world } = await aWorldThatPublishes()
  await world.start({ take: 'take-1' }, 'one')
  await world.runToEnd()
  const live = await world.start({ take: 'take-2' }, 'one')
  const [{ id }] = (await world.database.rows('SELECT id FROM episodes')) as [{ id: string }]
  const asked = () => startPublication(world.services, id, 'withdraw')
  await expect(asked()).rejects.toMatchObject({
    runId: live,
    message: expect.stringMatching(/being made just now/),
  })
  await world.database.rows(`UPDATE runs SET status = 'awaiting_review' WHERE id = '${live}'`)
  await expect(asked()).rejects.toMatchObject({
    code: 'already_running',
    message: expect.stringMatching(/one waits for your decision.*\.\/spool review \w+\/one/),
  })
})

test('a time that stands counts before what its settings say, until those say something new', () => {
  const now = new Date('2026-12-01T00:00:00Z')
  const publishAt = new Date('2026-12-24T06:00:00Z')
  const decided = (found: object) => decidePublication({ ...wishes, publishAt, ...found }, now)
  expect(decided({ publish: 'manual' })).toEqual({ what: 'schedule', at: publishAt })
  const supersededTime = publishAt.toISOString()
  expect(decided({ publish: 'manual', supersededTime })).toEqual({ what: 'hold', reason: 'manual' })
  expect(decided({ publish: '2026-12-31T06:00:00Z', supersededTime })).toMatchObject({ what: 'schedule' })
  const named = new Date('2027-01-06T06:00:00Z')
  expect(decided({ publish: 'manual', supersededTime, publishAt: named })).toEqual({
    what: 'schedule',
    at: named,
  })
})

describe('The time of an episode', () => {
  const tomorrow = new Date(Date.now() + 86_400_000)

  async function anEpisode(context: object) {
    const { world } = await aWorldThatPublishes()
    const runId = await world.start({ take: 'take-1', ...context }, 'one')
    const [{ id }] = (await world.database.rows('SELECT id FROM episodes')) as [{ id: string }]
    const row = async () =>
      (await world.database.rows('SELECT status, publish_at AS at, hold_reason AS reason FROM episodes'))[0]
    return { world, runId, id, row }
  }

  test('is taken back, and it waits until it is published', async () => {
    const { world, id, row } = await anEpisode({ publish: tomorrow.toISOString() })
    await world.runToEnd()
    expect(await row()).toEqual({ status: 'scheduled', at: tomorrow, reason: null })
    for (let twice = 0; twice < 2; twice++) {
      await unschedulePublication(world.services, id)
      expect(await row()).toEqual({ status: 'processed', at: null, reason: 'unscheduled' })
    }
    await startPublication(world.services, id, 'publish')
    await world.runToEnd()
    expect(await row()).toMatchObject({ status: 'published' })
  })

  test('is taken back while it is made, and named once more', async () => {
    const held = await anEpisode({})
    await schedulePublication(held.world.services, held.id, tomorrow)
    await unschedulePublication(held.world.services, held.id)
    await held.world.runToEnd()
    expect(await held.row()).toEqual({ status: 'processed', at: null, reason: 'unscheduled' })

    const named = await anEpisode({})
    await unschedulePublication(named.world.services, named.id)
    await schedulePublication(named.world.services, named.id, tomorrow)
    await named.world.runToEnd()
    expect(await named.row()).toEqual({ status: 'scheduled', at: tomorrow, reason: null })
  })

  test('is taken back while it is about to come out: it does not', async () => {
    const { world, runId, id, row } = await anEpisode({})
    await world.deliver('finish', 0, runId)
    const { storage } = world.services
    let isAsked = false
    const services = {
      ...world.services,
      storage: {
        ...storage,
        stat: async (...asked: Parameters<typeof storage.stat>) => {
          if (!isAsked) await unschedulePublication(world.services, id)
          isAsked = true
          return await storage.stat(...asked)
        },
      },
    }
    const publish = { v: 1, runId, step: 'publish', part: 0, turn: 0 } as const
    const context = { contentHash: 'take-1', files: 'episode.mp3 manifest.json' }
    await deliver(services, services.pipeline.stage('publish')!, { ...publish, context })
    expect(isAsked).toBe(true)
    await world.runToEnd()
    expect(await row()).toEqual({ status: 'processed', at: null, reason: 'unscheduled' })
  })

  test('is not taken back any more while it comes out', async () => {
    const { world, id } = await anEpisode({})
    await world.runToEnd()
    const publishing = await startPublication(world.services, id, 'publish')
    await expect(unschedulePublication(world.services, id)).rejects.toMatchObject({ runId: publishing })
  })

  test('is refused where it is past', async () => {
    const { world, id } = await anEpisode({ publish: 'manual' })
    await world.runToEnd()
    const past = schedulePublication(world.services, id, new Date('2025-12-24T06:00:00Z'))
    await expect(past).rejects.toMatchObject({
      code: 'not_publishable',
      message: '2025-12-24T06:00:00.000Z is past. Name a time to come, or none to publish it now.',
    })
  })

  test('that was superseded is forgotten where the episode is held', async () => {
    const { world, id, row } = await anEpisode({ publish: 'manual', supersededTime: tomorrow.toISOString() })
    await schedulePublication(world.services, id, tomorrow)
    await world.runToEnd()
    expect(await row()).toEqual({ status: 'processed', at: null, reason: 'manual' })
  })
})
