// The feed follows what its show says of itself, whether an episode is published meanwhile or not.
import { expect, test } from '@jest/globals'
import sharp from 'sharp'
import { changePodcast } from '../../shared/db/podcasts.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { feedName } from '../../shared/objects.ts'
import { remarksOnNumbers } from '../../shared/publishing/feed-file.ts'
import { aWorldThatPublishes } from '../support/publishing.ts'
import { user } from '../support/world.ts'

test('A show that changes is in its feed after the next sweep, which writes no feed without need', async () => {
  const { world } = await aWorldThatPublishes()
  await world.start({ take: 'take-1' })
  await world.runToEnd()
  const [{ id }] = (await world.database.rows<{ id: string }>('SELECT id FROM podcasts')) as [{ id: string }]
  const feed = world.storage.bucket(world.services.config.buckets.public).file(feedName(id))
  const generation = async () => String((await feed.getMetadata())[0].generation)
  const first = await generation()
  await world.sweep()
  expect(await generation()).toBe(first)
  await withDatabase(world.services.config.databaseUrl, (db) =>
    changePodcast(db, { userId: user, id, revision: 1, settings: { title: 'Another Name' } }),
  )
  await world.sweep()
  expect((await feed.download())[0].toString()).toContain('<title>Another Name</title>')
  const second = await generation()
  await world.sweep()
  expect([second === first, await generation()]).toEqual([false, second])
})

test('A new cover of the show is in its feed after the next sweep', async () => {
  const { world } = await aWorldThatPublishes()
  await world.start({ take: 'take-1' })
  await world.runToEnd()
  const feed = async () => {
    const bucket = world.storage.bucket(world.services.config.buckets.public)
    const [files] = await bucket.getFiles()
    const [bytes] = await files.find(({ name }) => name.endsWith('/feed.xml'))!.download()
    return bytes.toString()
  }
  expect(await feed()).not.toContain('<itunes:image')
  const jpeg = await sharp({ create: { width: 1500, height: 1500, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer()
  await world.arrive(await world.upload(`u/${user}/show/assets/cover.jpg`, jpeg))
  await world.sweep()
  expect(await feed()).toMatch(/<itunes:image href="[^"]*\/cover-[0-9a-f]+\.jpg"/)
})

test('Two episodes of one number are told, but not of two seasons, nor a bonus and its episode', () => {
  const one = { id: 'a', title: 'Ebb', episodeNumber: 3, seasonNumber: null }
  const other = { ...one, id: 'b', title: 'Flow' }
  expect(remarksOnNumbers([one, other])).toEqual([
    { code: 'number_taken', message: '"Flow" and "Ebb" are both episode 3.' },
  ])
  for (const apart of [{ episodeNumber: 4 }, { seasonNumber: 2 }, { details: { type: 'bonus' } }] as const)
    expect(remarksOnNumbers([one, { ...other, ...apart }])).toEqual([])
  expect(['a', 'b', 'c'].map((about) => remarksOnNumbers([one, other], about).length)).toEqual([1, 1, 0])
})
