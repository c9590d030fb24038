// The show's own cover becomes a public picture that directories accept, once for each picture.
import { beforeEach, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { withDatabase } from '../../shared/db/connect.ts'
import { publishCover } from '../../shared/publishing/show-cover.ts'
import type { Publisher } from '../../shared/publishing/public-files.ts'
import { aWorld, user, type World } from '../support/world.ts'

const show = { id: '6d1f0f1e-0000-4000-8000-000000000009', userId: user, slug: 'Käse' }
const square = (red: number, side = 1400) =>
  sharp({ create: { width: side, height: side, channels: 3, background: { r: red, g: 0, b: 0 } } })

let world: World
let tools: Publisher
let warned: string[]
beforeEach(async () => {
  world = await aWorld()
  const { config, storage } = world.services
  warned = []
  tools = {
    config,
    storage,
    withDatabase: (use) => withDatabase(config.databaseUrl, use),
    warn: ({ code }) => warned.push(code),
  }
})
const publicNames = async () =>
  (await tools.storage.list(tools.config.buckets.public, 'p/')).map(({ name }) => name)

test('a show without one has none', async () => {
  await world.upload(`u/${user}/Käse/assets/recovered.jpg`)
  expect(await publishCover(show, tools)).toBeUndefined()
})

test('it is made once, and another picture gets another address', async () => {
  const folder = `u/${user}/${'Käse'.normalize('NFD')}/assets`
  await world.upload(`${folder}/cover.png`, await square(200, 600).png().toBuffer())
  const first = await publishCover(show, tools)
  expect(first).toMatch(new RegExp(`^p/${show.id}/cover-[0-9a-f]{32}\\.jpg$`))
  expect(warned).toEqual(['cover_fitted'])
  const jpeg = await tools.storage.read({ bucket: tools.config.buckets.public, name: first! })
  expect(await sharp(jpeg).metadata()).toMatchObject({
    format: 'jpeg',
    width: 1400,
    height: 1400,
    space: 'srgb',
  })
  expect(await publishCover(show, tools)).toBe(first)
  await world.upload(`${folder}/cover.jpg`, await square(10).jpeg().toBuffer())
  const second = await publishCover(show, tools)
  expect(second).not.toBe(first)
  expect((await publicNames()).toSorted()).toEqual([first, second].toSorted())
})

test('a picture that cannot be used is left out with a word, and the show is published all the same', async () => {
  await world.upload(`u/${user}/Käse/assets/cover.jpg`, 'no picture')
  expect(await publishCover(show, tools)).toBeUndefined()
  expect(warned).toEqual(['show_cover_left_out'])
  expect(await publicNames()).toEqual([])
})
