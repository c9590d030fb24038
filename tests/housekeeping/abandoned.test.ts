// Uploads that nothing came of go after a while; what an episode was made of, or may still be made of, stays.
import { beforeEach, expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { abandonedUploads } from '../../shared/housekeeping/abandoned.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
beforeEach(async () => {
  world = await aWorld({ catalogue })
})

const upload = async (file: string, daysAgo: number, data = 'bytes') => {
  const object = await world.upload(`u/${user}/${file}`, data)
  await world.arrive(object)
  await world.database.rows(
    `UPDATE media_items SET created_at = created_at - CAST(:daysAgo AS integer) * interval '1 day'
     WHERE object = :name AND generation = :generation`,
    { daysAgo, name: object.name, generation: object.generation },
  )
}
const left = async () =>
  (await world.services.storage.list(world.services.config.buckets.uploads, '')).map(({ name }) =>
    name.slice(`u/${user}/`.length),
  )

test('words whose recording never came, and half of a recording, go after a month', async () => {
  await upload('show/never/talk.vtt', 31)
  await upload('show/half/episode.json', 31, '{"recordings":[{"file":"one.wav"},{"file":"two.wav"}]}')
  await upload('show/half/one.wav', 31)
  expect((await abandonedUploads(world.services)).map(({ object }) => object).sort()).toEqual([
    `u/${user}/show/half/episode.json`,
    `u/${user}/show/half/one.wav`,
    `u/${user}/show/never/talk.vtt`,
  ])
})

test.each<[string, () => Promise<void>, string[]]>([
  ['young', async () => await upload('show/young/talk.vtt', 29), ['show/young/talk.vtt']],
  [
    'an asset of its podcast',
    async () => await upload('show/assets/intro.wav', 400),
    ['show/assets/intro.wav'],
  ],
  [
    'added to of late',
    async () => {
      await upload('show/slow/talk.vtt', 40)
      await upload('show/slow/cover.png', 2)
    },
    ['show/slow/cover.png', 'show/slow/talk.vtt'],
  ],
  [
    'what an episode was made of, though it failed a year ago',
    async () => {
      await upload('show/failed/talk.vtt', 400)
      await upload('show/failed/talk.wav', 400)
      await world.database.rows(`UPDATE runs SET status = 'failed', stop_reason = 'x', finished_at = now()`)
    },
    ['show/failed/talk.vtt', 'show/failed/talk.wav'],
  ],
])('what is %s stays', async (_what, given, kept) => {
  await given()
  await world.sweep()
  expect((await left()).sort()).toEqual(kept)
  expect(await abandonedUploads(world.services)).toEqual([])
})

test('what went is gone from the bucket and from the rows, and only once', async () => {
  await upload('show/never/talk.vtt', 31)
  expect(await world.sweep()).toMatchObject({ abandoned: 1 })
  expect([await left(), await world.database.rows('SELECT 1 FROM media_items')]).toEqual([[], []])
  expect(await world.sweep()).toMatchObject({ abandoned: 0 })
})
