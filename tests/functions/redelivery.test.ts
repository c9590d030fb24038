// The real pipeline under a queue that misbehaves: every task comes twice, and a second run of the same
// recording works on nothing again.
import { expect, test } from '@jest/globals'
import { decodeFile, speechLike } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48000
const seconds = 8

const aRecording = (): Buffer => wav(speechLike(sampleRate, seconds, 1), sampleRate)

const place = (file: string) => `u/${user}/show/one/${file}`
const latestRun = async (world: World) =>
  (await world.database.rows<{ id: string }>('SELECT id FROM runs ORDER BY created_at DESC LIMIT 1'))[0]!.id

/** What the producer finds in the private bucket, by name and content. */
async function deliverables({ services, storage }: World): Promise<Map<string, Buffer>> {
  const [files] = await storage.bucket(services.config.buckets.episodes).getFiles()
  return new Map(
    await Promise.all(
      files.map(async (file) => [file.name.split('/').at(-1)!, (await file.download())[0]] as const),
    ),
  )
}

test('every task delivered twice, with no session between: one episode, each step done at its first attempt, and every byte again the same', async () => {
  const world = await aWorld()
  await world.arrive(await world.upload(place('talk.wav'), aRecording()))
  for (let queued = await world.tasks(); queued.length > 0; queued = await world.tasks()) {
    for (const { payload } of queued) {
      expect(await world.hand(payload)).toEqual({ status: 200, outcome: 'done' })
      expect(await world.hand(payload)).toEqual({ status: 200, outcome: 'done before' })
      expect(await world.connections()).toEqual([])
    }
  }
  const first = await latestRun(world)
  expect(await world.run(first)).toMatchObject({ status: 'finished', processed: 1000, total: 1000 })
  const steps = await world.steps(first)
  expect(
    steps.every(
      ({ status, attempt, turn, reused }) => status === 'done' && attempt === 1 && turn === 0 && !reused,
    ),
  ).toBe(true)
  const episode = await deliverables(world)
  const [sound] = await decodeFile(episode.get('episode.mp3')!, sampleRate, 1)
  expect(sound!.length / sampleRate).toBeGreaterThan(seconds / 2)

  await world.arrive(await world.upload(place('talk.wav'), aRecording()))
  await world.runToEnd()
  const second = await latestRun(world)
  expect(second).not.toBe(first)
  expect((await world.steps(second)).filter(({ reused }) => !reused).map(({ step }) => step)).toEqual([
    'publish',
  ])
  const again = await deliverables(world)
  expect([...again.keys()]).toEqual([...episode.keys()])
  for (const [file, bytes] of episode) expect(again.get(file)!.equals(bytes)).toBe(true)
})
