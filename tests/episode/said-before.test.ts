// What is said of an episode stays where it is not said again, all of it by one rule.
import { beforeEach, expect, test } from '@jest/globals'
import { withDatabase } from '../../shared/db/connect.ts'
import { insertImported } from '../../shared/db/imported-episodes.ts'
import { lockedPodcast } from '../../shared/db/podcasts.ts'
import { readContext } from '../../shared/episode/run-context.ts'
import type { Scalars } from '../../shared/context.ts'
import { storedDetails } from '../../shared/settings/episode.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
beforeEach(async () => {
  world = await aWorld()
})

const place = (file: string) => `u/${user}/show/one/${file}`
const said = {
  ...{ number: 11, season: 2, guest: 'Ann', date: '2026-11-01', speakers: { A: 'Ann' }, publish: 'manual' },
  ...{ type: 'bonus', link: 'https://show.example/11', license: { name: 'cc-by-4.0' } },
  persons: [{ name: 'Ann', role: 'guest' }],
}

/** Makes the episode anew with these settings beside its recording, or with none; what its run was told. */
async function made(episode?: object): Promise<object> {
  const settings = await world.upload(place('episode.json'), JSON.stringify(episode ?? {}))
  const { storage, config } = world.services
  if (!episode) await storage.remove({ bucket: config.buckets.uploads, name: settings.name })
  await world.arrive(await world.upload(place('talk.wav')))
  const [run] = await world.database.rows<{ id: string; context: Scalars; about: { details: object } }>(
    'SELECT id, context, about FROM runs ORDER BY created_at DESC LIMIT 1',
  )
  await world.cancel(run!.id)
  const { episodeFacts, variables, publish } = readContext(
    run!.context,
    ...(['episodeFacts', 'variables', 'publish'] as const),
  )
  return { ...episodeFacts, ...run!.about.details, guest: variables['guest'], publish }
}

test('what is not said again stays, whatever it is, and what is said anew takes its place', async () => {
  const first = await made(said)
  expect(first).toMatchObject(said)
  expect(await made()).toEqual(first)
  expect(await made({ guest: 'Bob', type: 'full' })).toEqual({ ...first, guest: 'Bob', type: 'full' })
  expect(await made({ title: 'Tomatoes' })).toEqual({ ...first, guest: 'Bob', type: 'full' })
})

test('null takes it back, for good', async () => {
  const { link: _link, ...rest } = (await made(said)) as typeof said
  const without = await made({ guest: null, link: null, persons: null })
  expect(without).toEqual({ ...rest, guest: undefined, persons: [] })
  expect(await made()).toEqual(without)
})

test('documents that cannot be read change nothing of it', async () => {
  const first = await made(said)
  await world.upload(place('template.json'), 'no JSON')
  await made()
  const { storage, config } = world.services
  await storage.remove({ bucket: config.buckets.uploads, name: place('template.json') })
  expect(await made()).toEqual(first)
})

test('when it shall come out was said of what listeners have, and not of what is made after that', async () => {
  await made(said)
  await world.database.rows(`UPDATE episodes SET published = '{}', published_at = now()`)
  expect(await made()).toMatchObject({ number: 11, publish: null })
})

test('of an imported episode it stays as its feed had it', async () => {
  await withDatabase(world.services.config.databaseUrl, (db) =>
    db.transaction(async (trx) => {
      const { id } = await lockedPodcast(trx, user, 'show', {})
      const { link, persons } = said
      const episode = {
        ...{ guid: 'urn:one', slug: 'one', title: 'One', description: '', publishedAt: new Date() },
        ...{ durationSeconds: 60, audioBytes: 8, episodeNumber: 11, seasonNumber: 2, chapters: [] },
        ...{ details: storedDetails({ link, persons }), elsewhere: {} },
      }
      await insertImported(trx, { userId: user, podcastId: id }, [episode])
    }),
  )
  const { number, season, link, persons } = said
  expect(await made()).toMatchObject({ number, season, link, persons, type: 'full', publish: null })
})
