// Objects that vanish from the bucket are noticed and made again from what is left, byte for byte; nobody pays twice for
// what a vendor still has.
import { expect, test } from '@jest/globals'
import { openReview } from '../../shared/review/review.ts'
import { speechLike } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aToyShow, type ToyContext } from '../support/toys.ts'
import { aDeepgram, anAssemblyai, type FakeVendor } from '../support/vendors.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const recording = wav(speechLike(sampleRate, 3, 1), sampleRate)
const place = (file: string) => `u/${user}/show/one/${file}`

/** Takes the objects that `which` names out of the bucket; returns their names. */
async function lose(
  world: World,
  bucket: 'work' | 'episodes',
  which: (name: string, i: number) => boolean,
): Promise<string[]> {
  const { storage, config } = world.services
  const found = (await storage.list(config.buckets[bucket], '')).filter(({ name }, i) => which(name, i))
  for (const { name } of found) await storage.remove({ bucket: config.buckets[bucket], name })
  return found.map(({ name }) => name)
}

/** What an episode consists of, but the manifest, which tells what was warned of. */
const deliverables = async ({ services: { storage, config } }: World): Promise<string[]> =>
  (await storage.list(config.buckets.episodes, 'e/'))
    .filter(({ name }) => !name.endsWith('manifest.json'))
    .map(({ name, contentHash }) => `${name} ${contentHash}`)

const upload = async (world: World): Promise<string> => {
  await world.arrive(await world.upload(place('talk.wav'), recording))
  const [run] = await world.database.rows<{ id: string }>(
    'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
  )
  return run!.id
}

/** What is heard is then the recording as it is: a step less. */
const restoreNothing = (world: World) => world.upload(place('template.json'), '{ "restore": "off" }')

/** The same recording once more, to its end; returns the run. */
async function makeOnceMore(world: World) {
  const runId = await upload(world)
  await world.runToEnd()
  return await world.run(runId)
}

const paid = ({ received }: FakeVendor) =>
  received.filter(({ method, path }) => method === 'POST' && !path.endsWith('/upload')).length
const codes = ({ warnings }: { warnings: readonly { code: string }[] }) => warnings.map(({ code }) => code)

test('an episode of which most was lost is made again byte for byte, and words the vendor still has are not paid for again', async () => {
  const vendor = await anAssemblyai()
  const world = await aWorld({ env: { ASSEMBLYAI_URL: vendor.baseUrl } })
  await world.giveKey('assemblyai', 'k-1')
  const { episodeId } = await makeOnceMore(world)
  const made = await deliverables(world)
  expect(made.length).toBeGreaterThan(8)
  const most = (name: string, i: number) => i % 3 !== 0 || name.endsWith('recognised.json')
  expect((await lose(world, 'work', most)).length).toBeGreaterThan(8)
  await lose(world, 'episodes', most)
  expect(await makeOnceMore(world)).toMatchObject({ status: 'finished' })
  expect(await deliverables(world)).toEqual(made)
  expect(paid(vendor)).toBe(1)
  await lose(world, 'work', (name) => name.endsWith('proposed.json'))
  await expect(openReview(world.services, episodeId!)).rejects.toMatchObject({ code: 'not_reviewable' })
})

test('words that were lost and that their vendor does not keep are paid for again, with a warning', async () => {
  const vendor = await aDeepgram()
  const world = await aWorld({ env: { DEEPGRAM_URL: vendor.baseUrl } })
  await world.giveKey('deepgram', 'k-1')
  await restoreNothing(world)
  for (const [times, warned] of [
    [1, false],
    [2, true],
  ] as const) {
    const runId = await upload(world)
    await world.deliver('prepare', 0, runId)
    await world.deliver('recognise', 0, runId)
    expect(paid(vendor)).toBe(times)
    expect(codes(await world.run(runId)).includes('possible_double_charge')).toBe(warned)
    await world.cancel(runId)
    await lose(world, 'work', (name) => name.endsWith('recognised.json'))
  }
})

test('of the parts of a step only that is made again of which an object has been lost, under its name', async () => {
  const toy = { name: 'cut', parts: 3, inputs: (context: ToyContext) => context['number'] }
  const world = await aWorld({ catalogue: aToyShow([toy]).catalogue })
  await world.start()
  await world.runToEnd()
  const before = await world.steps()
  await lose(world, 'work', (name) => name === before[1]!.output!['made'])
  await world.start({}, 'two')
  await world.runToEnd()
  const after = await world.steps()
  expect(after.map(({ reused }) => reused)).toEqual([true, false, true])
  expect(after.map(({ output }) => output)).toEqual(before.map(({ output }) => output))
})

test('a run whose step misses what an earlier one made ends at once and says so; the sweep starts it again, but only once a day', async () => {
  const world = await aWorld()
  await restoreNothing(world)
  await upload(world)
  for (const remade of [1, 0]) {
    const [{ id }] = (await world.database.rows<{ id: string }>(
      'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
    )) as [{ id: string }]
    await world.deliver('prepare', 0, id)
    const [lost] = await lose(world, 'work', (name) => name.endsWith('analysis'))
    expect(await world.deliver('transcribe', 0, id)).toMatchObject({ status: 200, outcome: 'failed' })
    expect(await world.run(id)).toMatchObject({
      status: 'failed',
      stopReason: 'result_lost',
      errorMessage: expect.stringContaining(lost!) as unknown,
    })
    expect(await world.sweep()).toMatchObject({ remade })
  }
})
