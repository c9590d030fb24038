// No session outlives its block: none is open while a step works, and none between two steps.
import { expect, test } from '@jest/globals'
import { aToyShow } from '../support/toys.ts'
import { aWorld } from '../support/world.ts'

test('while steps work, the product has no connection to the database', async () => {
  const show = aToyShow([
    { name: 'cut', parts: 3, inputs: ({ number }) => number },
    { name: 'join', after: ['cut'] },
  ])
  const world = await aWorld({ catalogue: show.catalogue })
  await world.start()
  const gates = [0, 1, 2].map((part) => show.hold('cut', part))
  const deliveries = (await world.tasks()).map(({ payload }) => world.hand(payload))
  await Promise.all(gates.map(({ entered }) => entered))
  expect(await world.connections()).toEqual([])
  for (const gate of gates) gate.open()
  await Promise.all(deliveries)
  expect(await world.run()).toMatchObject({ status: 'started' })
})

test('a step of a moment keeps one connection from claim to commit', async () => {
  const show = aToyShow([{ name: 'level' }, { name: 'publish', after: ['level'] }])
  const catalogue = show.catalogue.map((entry) => ({ ...entry, keepsConnection: true }))
  const world = await aWorld({ catalogue })
  await world.start()
  const gate = show.hold('level')
  const delivery = world.deliver('level')
  await gate.entered
  expect(await world.connectionsNow()).toHaveLength(1)
  gate.open()
  expect(await delivery).toMatchObject({ status: 200 })
  expect(await world.connections()).toEqual([])
  await world.deliver('publish')
  expect(await world.connections()).toEqual([])
})

test('between two steps there is none either, however the step before ended', async () => {
  const show = aToyShow([{ name: 'split' }, { name: 'cut', after: ['split'], parts: 2 }])
  const world = await aWorld({ catalogue: show.catalogue })
  await world.start()
  expect(await world.connections()).toEqual([])
  show.next('split', () => {
    throw new Error('the disk sneezed')
  })
  await world.deliver('split')
  expect(await world.connections()).toEqual([])
  await world.deliver('split')
  expect(await world.connections()).toEqual([])
  await Promise.all([world.deliver('cut', 0), world.deliver('cut', 1), world.deliver('split'), world.sweep()])
  expect(await world.connections()).toEqual([])
  expect(await world.run()).toMatchObject({ status: 'finished' })
})

test('a step that reads again during its work closes its connection, even when the read fails', async () => {
  const show = aToyShow([{ name: 'publish' }])
  const world = await aWorld({ catalogue: show.catalogue })
  await world.start()
  const gate = show.hold('publish')
  show.next('publish', async (_context, { withDatabase }) => {
    await withDatabase((db) => db.raw('SELECT * FROM nowhere'))
    return undefined
  })
  const first = world.deliver('publish')
  await gate.entered
  gate.open()
  expect(await first).toMatchObject({ status: 200 })
  await world.start()
  expect(await world.deliver('publish')).toMatchObject({ status: 500 })
  expect(await world.connections()).toEqual([])
})

test('a heartbeat opens its connection for a moment and closes it', async () => {
  const show = aToyShow([{ name: 'cut' }])
  const world = await aWorld({ catalogue: show.catalogue, env: { HEARTBEAT_MS: '250' } })
  await world.start()
  const gate = show.hold('cut')
  const delivery = world.deliver('cut')
  await gate.entered
  const leaseUntil = async () =>
    (await world.database.rows<{ until: Date }>('SELECT lease_until AS until FROM steps'))[0]!.until.getTime()
  const before = await leaseUntil()
  while ((await leaseUntil()) === before) await world.pending()
  expect(await world.connections()).toEqual([])
  gate.open()
  await delivery
})
