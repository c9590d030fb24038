// What is wrong with the sound goes before anything hears it; where nothing is wrong the episode is the same to the byte.
import { createHash } from 'node:crypto'
import { deserialize } from 'node:v8'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { toInterleavedBytes, toPlanar } from '../../shared/audio/pcm.ts'
import { toTimelineSource, type Prepared } from '../../shared/episode/recording.ts'
import type { Certificate } from '../../shared/mastering/certificate.ts'
import { restorer } from '../../shared/restoration/apply.ts'
import type { Plan } from '../../shared/restoration/decide.ts'
import { spanSound, type Heard } from '../../shared/review/sound.ts'
import { made } from '../support/media.ts'
import { add, decodeFile, mainsHum, noise, speechLike } from '../support/audio.ts'
import { aKey, callerOf } from '../support/callers.ts'
import { wav } from '../support/recordings.ts'
import { aSharedWorld, aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000

/** Somebody speaks for three seconds of every four, and never says the same. */
function talk(seconds: number): Float32Array {
  const spoken = speechLike(sampleRate, seconds, 1)
  const quiet = noise(seconds * sampleRate, -90, 1)
  return spoken.map((sample, i) => ((i / sampleRate) % 4 < 3 ? sample : quiet[i]!))
}

/** What of every four seconds lies between two of them, in dBFS. */
function levelDb(samples: Float32Array, from: number, to: number): number {
  let [sum, count] = [0, 0]
  for (let i = 0; i < samples.length; i++) {
    const second = (i / sampleRate) % 4
    if (second < from || second > to) continue
    sum += samples[i]! ** 2
    count++
  }
  return 10 * Math.log10(sum / count)
}

/** The middle of the pauses. */
const pauseDb = (samples: Float32Array): number => levelDb(samples, 3.3, 3.7)

/** An episode of its own, up to its run's id. */
async function recorded(
  world: World,
  slug: string,
  samples: Float32Array,
  restore: unknown,
): Promise<string> {
  const place = (file: string) => `u/${user}/show/${slug}/${file}`
  const template = { restore, cleaning: { pauses: { enabled: false } } }
  await world.upload(place('template.json'), JSON.stringify(template))
  await world.upload(place('episode.json'), JSON.stringify({ title: 'Talk' }))
  await world.arrive(await world.upload(place('talk.wav'), wav(samples, sampleRate)))
  return await latestRun(world)
}

async function latestRun(world: World): Promise<string> {
  const [run] = await world.database.rows<{ id: string }>(
    'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
  )
  return run!.id
}

const outputOf = async (world: World, runId: string, step: string, part = 0) =>
  (await world.steps(runId)).find((row) => row.step === step && row.part === part)?.output ?? undefined

async function deliverable(world: World, runId: string, file: string): Promise<Buffer> {
  const { contentHash } = (await outputOf(world, runId, 'finish'))!
  const [files] = await world.storage.bucket(world.services.config.buckets.episodes).getFiles()
  const found = files.find(({ name }) => name.includes(String(contentHash)) && name.endsWith(file))!
  return (await found.download())[0]
}

test('A recording with noise and hum is restored before anything hears it, and its producer is told', async () => {
  const world = await aWorld()
  const spoilt = add(talk(20), mainsHum(sampleRate, 20, -40), noise(20 * sampleRate, -55, 2))
  const run = await recorded(world, 'spoilt', spoilt, 'home')
  await world.runToEnd()
  const restored = (await outputOf(world, run, 'combine'))!
  const heard = (await world.steps(run)).filter(({ step }) => ['transcribe', 'measure'].includes(step))
  expect(heard.map(({ context }) => context['analysisObject'])).toEqual([
    restored['analysisObject'],
    restored['analysisObject'],
  ])
  const timeline = (await deliverable(world, run, 'timeline.json')).toString()
  expect(timeline).toContain(String(restored['pcmObject']))
  const [sound] = await decodeFile(await deliverable(world, run, 'episode.mp3'), sampleRate, 1)
  expect(pauseDb(sound!)).toBeLessThan(pauseDb(spoilt) - 15)
  const { restoration } = JSON.parse(
    (await deliverable(world, run, 'certificate.json')).toString(),
  ) as Certificate
  expect(restoration!.hum.map(({ mainsHz, lines }) => [mainsHz, lines.slice(0, 3)])).toEqual([
    [50, [50, 100, 150]],
  ])
  expect(restoration!.snrAfterDb! - restoration!.snrBeforeDb!).toBeGreaterThan(12)
  const page = (await deliverable(world, run, 'review.html')).toString()
  expect(page).toContain('Hum of 50 Hz mains')
  expect(page.match(/data-side="unrestored"/g)).toHaveLength(1)

  const ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
  const [{ id }] = (await ask('GET', '/episodes')).body['items'] as [{ id: string }]
  const { body: review } = await ask('GET', `/episodes/${id}/review`)
  expect(review).toMatchObject({ isRestored: true })
  expect((await ask('GET', `/episodes/${id}/restoration`)).body['restoration']).toEqual(review['restoration'])
  const { body: peaks } = await ask('GET', `/episodes/${id}/review/peaks?points=20`)
  expect(peaks['high']).toHaveLength(20)
  expect(peaks).toHaveProperty('gainDb')
})

test('A restored recording is heard before and after, from the same instant and as loud as each other', async () => {
  const world = await aWorld({ until: 'combine' })
  const spoilt = add(talk(12), mainsHum(sampleRate, 12, -40), noise(12 * sampleRate, -55, 2))
  const run = await recorded(world, 'spoilt', spoilt, 'home')
  await world.runToEnd()
  const { work: bucket } = world.services.config.buckets
  const sourceIn = async (step: string) =>
    toTimelineSource((await outputOf(world, run, step)) as unknown as Prepared)
  const [unrestored, recording] = [await sourceIn('prepare'), await sourceIn('combine')]
  const unedited = { edits: { version: 1, sampleRate, edits: [] }, inserted: new Map() } as const
  const span = { startSample: 2 * sampleRate, endSample: 10 * sampleRate }
  const hear = async (heard: Partial<Heard>) => {
    const place = { storage: world.services.storage, bucket }
    const { mp3 } = await spanSound(
      { ...unedited, recording, ...heard },
      span,
      place,
      new AbortController().signal,
    )
    const [sound] = await decodeFile(mp3, sampleRate, 1)
    const aligned = sound!.subarray(2 * sampleRate)
    return { sound: sound!, pause: pauseDb(aligned), spoken: levelDb(aligned, 0.2, 2.8) }
  }
  const after = await hear({})
  const before = await hear({ recording: unrestored, asLoudAs: recording })
  expect(before.sound).toHaveLength(span.endSample - span.startSample)
  expect(after.sound).toHaveLength(span.endSample - span.startSample)
  expect(before.spoken).toBeCloseTo(after.spoken, 0)
  expect(before.pause).toBeGreaterThan(after.pause + 12)
})

test('Of a recording without faults the episode is the same to the byte as one that nobody looked at', async () => {
  const world = await aWorld({ until: 'finish' })
  const [looked, left] = [
    await recorded(world, 'looked', talk(12), 'home'),
    await recorded(world, 'left', talk(12), 'off'),
  ]
  await world.runToEnd()
  const [own, other] = [
    await deliverable(world, looked, 'episode.mp3'),
    await deliverable(world, left, 'episode.mp3'),
  ]
  const steps = async (run: string) => (await world.steps(run)).map(({ step }) => step)
  expect(own.equals(other)).toBe(true)
  expect((await steps(looked)).filter((step) => step !== 'examine')).toEqual(await steps(left))
})

test('Parts that are mended in any order, one of them twice, are what one go makes', async () => {
  const world = await aWorld()
  const seconds = 104
  const hummed = add(noise(seconds * sampleRate, -60, 3), mainsHum(sampleRate, seconds, -40))
  const run = await recorded(world, 'hummed', hummed, {
    noise: 'off',
    level: 'off',
    clicks: 'off',
  })
  for (const step of ['prepare', 'examine']) await world.deliver(step, 0, run)
  expect(await world.pending()).toEqual(['restore', 'restore'])
  const last = (await world.tasks()).find(({ payload }) => payload.part === 1)!.payload
  const killed = { ...world.services.storage, create: () => Promise.reject(new Error('the process ended')) }
  expect((await world.handBy({ ...world.services, storage: killed }, last)).status).not.toBe(200)
  await world.timePasses(3_600_000)
  for (const part of [1, 0]) await world.deliver('restore', part, run)
  await world.deliver('combine', 0, run)
  const read = async (step: string, what = 'pcmObject') => {
    const { [what]: name } = (await outputOf(world, run, step))!
    const { work: bucket } = world.services.config.buckets
    return await world.services.storage.read({ bucket, name: String(name) })
  }
  const planes = toPlanar(await read('prepare'), { sampleRate, channels: 1, sampleFormat: 's16le' })
  const whole = restorer(deserialize(await read('examine', 'planObject')) as Plan, () => Promise.resolve())
  const expected = createHash('sha256')
  for await (const done of whole.add(planes)) expected.update(toInterleavedBytes(done))
  for await (const done of whole.end()) expected.update(toInterleavedBytes(done))
  expect(
    createHash('sha256')
      .update(await read('combine'))
      .digest('hex'),
  ).toBe(expected.digest('hex'))
})

describe('A long recording', () => {
  /** Both episodes are of the same one: what has been decoded for the first is there for the second. */
  let world: World
  let long: Buffer
  beforeAll(async () => {
    world = await aSharedWorld({ until: 'prescribe' })
    long = await aLongOne()
  })

  /** Twenty-three minutes in which something hums from the seventeenth on. */
  const aLongOne = () =>
    made(
      'long.flac',
      '-f lavfi -i sine=f=300:b=5:r=44100:d=1380 ' +
        [50, 100, 150, 250].map((hz) => `-f lavfi -i sine=f=${hz}:r=44100:d=380`).join(' ') +
        ' -filter_complex [1][2][3][4]amix=4,volume=0.1,adelay=1000000:all=1[hum];[0][hum]amix=2:duration=first' +
        ' -sample_fmt s16',
    )

  async function examined(slug: string): Promise<string> {
    const place = (file: string) => `u/${user}/show/${slug}/${file}`
    const restore = { noise: 'off', level: 'off', clicks: 'off' }
    await world.upload(place('template.json'), JSON.stringify({ restore }))
    await world.arrive(await world.upload(place('talk.flac'), long))
    return await latestRun(world)
  }
  const planOf = async (run: string): Promise<Plan> => {
    const { planObject } = (await outputOf(world, run, 'prescribe'))!
    const { work: bucket } = world.services.config.buckets
    return deserialize(await world.services.storage.read({ bucket, name: String(planObject) })) as Plan
  }

  test('is looked at in parts, and decided on as a whole once all of them are there', async () => {
    const run = await examined('new')
    await world.runToEnd()
    expect((await world.steps(run)).filter(({ step }) => step === 'examine')).toHaveLength(2)
    const plan = await planOf(run)
    expect(plan.totalSamples).toBe(1380 * 44_100)
    expect(
      plan.summary.hum.map(({ start, end }) => [Math.round(start / 100), Math.round(end / 100)]),
    ).toEqual([[10, 14]])
    expect((await world.run(run)).context).toMatchObject({ restoredParts: 14 })
  })

  test('of which an earlier version was to look at all at once is decided on by that look', async () => {
    const run = await examined('old')
    for (let part = 0; (await world.pending()).includes('prepare'); part++)
      await world.deliver('prepare', part, run)
    await world.deliver('join', 0, run)
    await world.database.rows(`DELETE FROM steps WHERE run_id = :run AND step = 'examine' AND part = 1`, {
      run,
    })
    const { payload } = (await world.tasks()).find(({ payload: { step } }) => step === 'examine')!
    const { look: _unheardOf, ...context } = payload.context
    expect(await world.handBy(world.services, { ...payload, context })).toMatchObject({ status: 200 })
    await world.runToEnd()
    const [looked] = (await world.steps(run)).filter(({ step }) => step === 'examine')
    expect(looked).toMatchObject({ reused: false })
    expect((await planOf(run)).totalSamples).toBe(1380 * 44_100)
    expect((await world.run(run)).context).toMatchObject({ restoredParts: 14 })
  })
})
