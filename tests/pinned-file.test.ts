// What a producer uploaded is what was meant, however often it was sent; what took its place is not.
import { beforeAll, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { showCoverOf } from '../shared/feed/visuals.ts'
import { findPinned } from '../shared/pinned-file.ts'
import type { StoredObject } from '../shared/storage-objects.ts'
import { aWorld, user, type World } from './support/world.ts'

let world: World
beforeAll(async () => {
  world = await aWorld()
})
const sent = async (file: string, content: string | Buffer): Promise<StoredObject> => {
  const name = `u/${user}/show/assets/${file}`
  await world.upload(name, content)
  const { storage, config } = world.services
  return (await storage.stat({ bucket: config.buckets.uploads, name }))!
}

test('sent again it is found by its content, replaced it is not, and without a known content its generation alone counts', async () => {
  const { storage, config } = world.services
  const { name, generation, contentHash } = await sent('bell.wav', 'one')
  const found = async (content: string | null) =>
    (await findPinned(storage, { bucket: config.buckets.uploads, name, generation, contentHash: content }))
      ?.generation
  expect(await found(contentHash)).toBe(generation)
  const again = await sent('bell.wav', 'one')
  expect(again.generation).not.toBe(generation)
  expect([await found(contentHash), await found(null)]).toEqual([again.generation, undefined])
  await sent('bell.wav', 'two')
  expect(await found(contentHash)).toBeUndefined()
})

test("an episode keeps its show's cover that is sent again, and says so where another one has taken its place", async () => {
  const square = (red: number) =>
    sharp({ create: { width: 1400, height: 1400, channels: 3, background: { r: red, g: 0, b: 0 } } })
      .png()
      .toBuffer()
  const { storage, config } = world.services
  const warned: string[] = []
  const { name: object, generation, contentHash } = await sent('cover.png', await square(9))
  const cover = () =>
    showCoverOf(
      { object, generation, contentHash },
      { storage, config, warn: ({ code }) => warned.push(code) },
    )
  await sent('cover.png', await square(9))
  expect(await cover()).toBeInstanceOf(Buffer)
  expect(warned).toEqual([])
  await sent('cover.png', await square(200))
  expect(await cover()).toBeUndefined()
  expect(warned).toEqual(['show_cover_left_out'])
})
