// What is said of an episode, edited while it is there: the feed follows, nothing is made again, and no later run forgets it.
import { expect, test } from '@jest/globals'
import { sweep } from '../../functions/sweep.ts'
import { aboutOf } from '../../shared/db/about-episodes.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { aKey, callerOf } from '../support/callers.ts'
import { aWorldThatPublishes } from '../support/publishing.ts'
import { user } from '../support/world.ts'

test('a title that is edited is in the feed, and stays until a newer one is given', async () => {
  const { world } = await aWorldThatPublishes()
  const [ask, berta] = [
    callerOf(world, `Bearer ${(await aKey(world, user)).key}`),
    callerOf(world, `Bearer ${(await aKey(world, 'berta')).key}`),
  ]
  const made = await world.start({ take: 'take-1' }, 'one')
  await world.runToEnd()
  const [episode] = (await ask('GET', '/episodes')).body['items'] as [{ id: string; podcast: string }]
  const edit = (body: object, by = ask) => by('PATCH', `/episodes/${episode.id}`, { body })
  for (const wrong of [{ title: ' ' }, { title: 'a\nb' }, { number: 2 }])
    expect((await edit(wrong)).status).toBe(400)
  expect((await edit({ title: 'Hers' }, berta)).status).toBe(404)

  const show = async () => ((await ask('GET', '/podcasts')).body['items'] as { feedIsCurrent: boolean }[])[0]
  expect(await edit({ title: 'Tomatoes' })).toMatchObject({ status: 200, body: { title: 'Tomatoes' } })
  expect(await edit({ description: 'On growing.' })).toMatchObject({
    body: { title: 'Tomatoes', description: 'On growing.', status: 'published' },
  })
  expect(await show()).toMatchObject({ feedIsCurrent: false })
  await sweep(world.services)
  expect(await show()).toMatchObject({ feedIsCurrent: true })
  const feed = (await world.storage.bucket(world.services.config.buckets.public).getFiles())[0].find(
    ({ name }) => name.endsWith('feed.xml'),
  )!
  expect(String(await feed.download())).toMatch(/<title>Tomatoes<.*On growing\./s)

  const about = (runId: string) => withDatabase(world.services.config.databaseUrl, (db) => aboutOf(db, runId))
  expect(await about(made)).toMatchObject({ title: 'Tomatoes', description: 'On growing.' })
  // another upload says something else; what is edited after that leaves its title
  const next = await world.start({ take: 'take-2' }, 'one')
  const given = JSON.stringify({ title: 'Potatoes', description: '' })
  await world.database.rows(`UPDATE runs SET about = '${given}' WHERE id = '${next}'`)
  expect(await about(next)).toMatchObject({ title: 'Potatoes' })
  await edit({ description: 'On roots.' })
  expect(await about(next)).toMatchObject({ title: 'Potatoes', description: 'On roots.' })
})
