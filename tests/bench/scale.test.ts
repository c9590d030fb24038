// What a task of each step asks of its servers, counted on the wire, is what the page on scale counts with.
import { queues } from '../../functions/index.ts'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startCounting, type Asked, type Counting } from '../../bench/counting.ts'
import { askedBy, breaks, deploymentFor, episodeOf, flowOn, flowSteps, needsOf } from '../../bench/scale.ts'
import { catalogue } from '../../functions/index.ts'
import { onUpload } from '../../functions/on-upload.ts'
import { openServices } from '../../shared/engine/serve.ts'
import type { Services } from '../../shared/engine/services.ts'
import { add, mainsHum, speechLike } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aWhisper } from '../support/vendors.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const seconds = 130
const episode = episodeOf(seconds / 60, 1)

/** The quickest fault to mend. */
const restoresHum = JSON.stringify({ restore: { noise: 'off', clicks: 'off', level: 'off' } })

describe('On the wire', () => {
  let world: World
  let counting: Counting
  let services: Services
  beforeEach(async () => {
    const vendor = await aWhisper()
    world = await aWorld({ env: { OPENAI_URL: `${vendor.baseUrl}/v1` } })
    await world.giveKey('openai', 'a-key')
    counting = await startCounting(world.env['DATABASE_URL'], world.env['STORAGE_ENDPOINT'])
    const counted = { DATABASE_URL: counting.databaseUrl, STORAGE_ENDPOINT: counting.storageEndpoint }
    services = openServices({ ...world.env, ...counted }, catalogue)
  })
  afterEach(async () => {
    await services.tasks.close()
    await counting.close()
  })

  test('each step has the tasks and asks for what was counted, and for nothing that a session must keep', async () => {
    const recording = wav(
      add(speechLike(sampleRate, seconds, 1), mainsHum(sampleRate, seconds, -40)),
      sampleRate,
    )
    await world.upload(`u/${user}/show/one/template.json`, restoresHum)
    const uploaded = await world.upload(`u/${user}/show/one/talk.wav`, recording)
    const asked: Record<string, Asked> = {}
    const tasks: Record<string, number> = {}
    counting.take()
    await onUpload(uploaded, services)
    asked['on-upload'] = counting.take()
    for (let queued = await world.tasks(); queued.length > 0; queued = await world.tasks())
      for (const { payload } of queued) {
        const { step } = payload
        expect(await world.handBy(services, payload)).toMatchObject({ status: 200 })
        asked[step] ??= counting.take()
        counting.take()
        tasks[step] = (tasks[step] ?? 0) + 1
      }
    const expected = flowSteps(episode).filter(({ parts }) => parts > 0)
    expect(tasks).toEqual(Object.fromEntries(expected.map(({ name, parts }) => [name, parts])))
    for (const step of Object.keys(asked))
      expect({ step, ...asked[step] }).toEqual({ step, ...askedBy(step, episode) })
    expect(counting.pinned).toEqual([])
  })
})

test('an hour needs no more than twice what half an hour does', () => {
  const [half, hour] = [needsOf(episodeOf(30)), needsOf(episodeOf(60))]
  for (const kind of ['tasks', 'statements', 'connections', 'writes', 'reads'] as const) {
    expect(hour[kind]).toBeGreaterThan(half[kind])
    expect(hour[kind]).toBeLessThan(2 * half[kind])
  }
})

test('what is deployed for a load carries it, and what breaks first does break there', () => {
  const half = episodeOf(30)
  const [first] = breaks(half)
  const alone = flowOn(1, half, deploymentFor(1_000_000, half)).lastSeconds
  for (const episodesPerDay of [10_000, 1_000_000]) {
    const deployment = deploymentFor(episodesPerDay, half)
    expect(flowOn(episodesPerDay, half, deployment).lastSeconds).toBeLessThan(1.05 * alone)
  }
  const { slots, ...rest } = deploymentFor(2 * first!.episodesPerDay, half)
  const tooFew = { ...rest, slots: { ...slots, vendors: queues.vendors.maxConcurrentDispatches } }
  expect(flowOn(2 * first!.episodesPerDay, half, tooFew).lastSeconds).toBeGreaterThan(1.5 * alone)
})
