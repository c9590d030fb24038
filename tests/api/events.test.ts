// The stream of a run's events, as it goes through proxies that drop what is silent, and to watchers who
// come back.
import { beforeEach, expect, test } from '@jest/globals'
import { createApi } from '../../shared/api/app.ts'
import { eventsOf } from '../../shared/api/runs.ts'
import { mostWatchers } from '../../shared/api/watchers.ts'
import { aKey } from '../support/callers.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
let runId: string
beforeEach(async () => {
  const show = aToyShow([{ name: 'cut' }, { name: 'join', after: ['cut'] }])
  world = await aWorld({ catalogue: show.catalogue })
  runId = await world.start()
})

const events = (lastSeen?: string) =>
  eventsOf(world.services.config.databaseUrl, runId, () => false, lastSeen)

test('A run that waits is heard of at every fifteenth look, one a second', async () => {
  const looks: string[] = []
  for await (const { data, isSilence } of events()) {
    looks.push(data === undefined ? (isSilence ? 'comment' : '') : 'event')
    if (looks.length === 40) break
  }
  const spoken = looks.flatMap((look, i) => (look === '' ? [] : [`${look} at ${i}`]))
  expect(spoken).toEqual(['event at 0', 'comment at 15', 'comment at 30'])
})

/** What one connection brings, until the stream ends or `enough` of it has come. */
async function watch(lastSeen?: string, enough: (text: string) => boolean = () => false) {
  const { key } = await aKey(world, user)
  const answer = await createApi(world.services).request(`/runs/${runId}/events`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastSeen === undefined ? {} : { 'last-event-id': lastSeen }),
    },
  })
  let text = ''
  const decoder = new TextDecoder()
  for await (const block of answer.body ?? []) {
    text += decoder.decode(block as Uint8Array, { stream: true })
    if (enough(text)) break
  }
  const ids = [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id!)
  const states = [...text.matchAll(/^data: (.+)$/gm)].map(
    ([, data]) => (JSON.parse(data!) as { status: string }).status,
  )
  return { status: answer.status, ids, states }
}

test('A watcher who comes back gets what is new, and nothing twice', async () => {
  const one = (text: string) => text.includes('\n\n')
  const first = await watch(undefined, one)
  expect(first).toMatchObject({ status: 200, states: ['queued'] })
  await world.deliver('cut')
  const second = await watch(first.ids[0], one)
  expect(second.states).toEqual(['started'])
  await world.deliver('join')
  const third = await watch(second.ids[0])
  expect(third.states).toEqual(['finished'])
  expect(await watch(third.ids[0])).toEqual({ status: 204, ids: [], states: [] })
  expect((await watch('of another stream')).states).toEqual(['finished'])
})

test('A watcher who comes back to a run in which nothing is new is told nothing again', async () => {
  const first = await watch(undefined, (text) => text.includes('\n\n'))
  const again = []
  for await (const { data } of events(first.ids[0])) {
    again.push(data)
    if (again.length === 3) break
  }
  expect(again).toEqual([undefined, undefined, undefined])
})

test('A key holds so many streams open and no more; another key is not kept waiting, and who leaves makes room', async () => {
  const api = createApi(world.services)
  const [{ key }, other] = [await aKey(world, user), await aKey(world, user)]
  const ask = (by: string) =>
    api.request(`/runs/${runId}/events`, { headers: { authorization: `Bearer ${by}` } })
  const held: Response[] = []
  for (let i = 0; i < mostWatchers; i++) held.push(await ask(key))
  const refused = await ask(key)
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
    ...[429, 'too_many_requests'],
  ])
  const [neighbour] = [await ask(other.key)]
  expect(neighbour.status).toBe(200)
  await held.pop()!.body!.cancel()
  held.push(await ask(key))
  expect(held.map(({ status }) => status)).toEqual(Array(mostWatchers).fill(200))
  for (const stream of [...held, neighbour]) await stream.body!.cancel()
})
