// Who may be known by their voice: within one show of one user, as long as the show wants it, and no longer.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Knex } from 'knex'
import { beginEpisodeDeletion, beginUserDeletion } from '../../shared/db/begin-deletion.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { ensureEpisode } from '../../shared/db/episodes.ts'
import { ensurePodcast } from '../../shared/db/podcasts.ts'
import { rememberVoices, voicesOfShow } from '../../shared/db/voices.ts'
import { freshDatabase, type Database } from '../support/database.ts'

let database: Database
beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(async () => {
  await database.drop()
})

const inDatabase = <T>(use: (db: Knex) => Promise<T>): Promise<T> => withDatabase(database.url, use)

/** An upload of an episode, under a template that says whether voices are remembered. */
const anEpisode = (userId: string, show: string, slug: string, remembers = true) =>
  inDatabase(async (db) => {
    const podcast = await ensurePodcast(db, userId, show, undefined, remembers)
    const { id: episodeId } = await ensureEpisode(db, { userId, podcastId: podcast.id, slug, title: slug })
    return { userId, podcastId: podcast.id, episodeId }
  })
const name = (episodeId: string, ...names: string[]) =>
  inDatabase((db) =>
    rememberVoices(
      db,
      episodeId,
      names.map((each, i) => ({ label: `Voice ${i + 1}`, name: each, portrait: [i] })),
    ),
  )
const known = async (episodeId: string) =>
  (await inDatabase((db) => voicesOfShow(db, episodeId))).map((voice) => voice.name).sort()
const kept = async () =>
  (await database.rows<{ name: string }>('SELECT name FROM voices ORDER BY name')).map((row) => row.name)

test('Voices are known to the other episodes of their show, and to nobody else', async () => {
  const [first, second] = [await anEpisode('anna', 'show', 'one'), await anEpisode('anna', 'show', 'two')]
  const [otherShow, otherUser] = [
    await anEpisode('anna', 'another', 'one'),
    await anEpisode('bert', 'show', 'one'),
  ]
  await name(first.episodeId, 'Ada', 'Ben')
  expect(await known(second.episodeId)).toEqual(['Ada', 'Ben'])
  for (const { episodeId } of [first, otherShow, otherUser]) expect(await known(episodeId)).toEqual([])
})

test('The names that an episode has now replace those that it had', async () => {
  const [first, second] = [await anEpisode('anna', 'show', 'one'), await anEpisode('anna', 'show', 'two')]
  await name(first.episodeId, 'Ada', 'Ben')
  await name(first.episodeId, 'Eve')
  expect(await known(second.episodeId)).toEqual(['Eve'])
})

test('A show that no longer remembers forgets at once, and what ends later adds nothing', async () => {
  const [first, other] = [await anEpisode('anna', 'show', 'one'), await anEpisode('bert', 'show', 'one')]
  await name(first.episodeId, 'Ada', 'Ben')
  await name(other.episodeId, 'Bea')
  await anEpisode('anna', 'show', 'two', false)
  expect(await kept()).toEqual(['Bea'])
  await name(first.episodeId, 'Ada')
  expect(await kept()).toEqual(['Bea'])
})

test('A voice goes with its episode, and with everything of its user', async () => {
  const [first, second] = [await anEpisode('anna', 'show', 'one'), await anEpisode('anna', 'show', 'two')]
  const other = await anEpisode('bert', 'show', 'one')
  await name(first.episodeId, 'Ada')
  await name(second.episodeId, 'Ben')
  await name(other.episodeId, 'Bea')
  const inTransaction = (use: (trx: Knex) => Promise<unknown>) => inDatabase((db) => db.transaction(use))
  await inTransaction((trx) => beginEpisodeDeletion(trx, first, [], 0))
  expect(await kept()).toEqual(['Bea', 'Ben'])
  await inTransaction((trx) => beginUserDeletion(trx, 'anna', 0))
  expect(await kept()).toEqual(['Bea'])
})
