// Decisions that arrive while another recording of the episode does.
import { afterEach, expect, test } from '@jest/globals'
import { watchBoundaries } from '../../shared/boundaries.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { findEpisode } from '../../shared/db/episodes.ts'
import { findRun } from '../../shared/db/runs.ts'
import { AlreadyRunning } from '../../shared/errors.ts'
import { submitDecisions, type Review } from '../../shared/review/review.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user } from '../support/world.ts'

afterEach(() => watchBoundaries(undefined))

test('both would start a run: neither waits for the other for ever', async () => {
  const { catalogue } = aToyShow([{ name: 'decide' }])
  const world = await aWorld({ catalogue })
  await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`))
  const [{ runId, episodeId }] = (await world.database.rows(
    'SELECT id AS "runId", episode_id AS "episodeId" FROM runs',
  )) as [{ runId: string; episodeId: string }]
  await world.cancel(runId)
  const review = await withDatabase(world.services.config.databaseUrl, async (db) => ({
    episode: await findEpisode(db, episodeId),
    run: await findRun(db, runId),
    edits: { version: 1, sampleRate: 100, edits: [] },
    analysis: { totalSamples: 1000, speech: [] },
  }))
  const decisions = '{"version":1,"decisions":[{"decision":"cut","startSeconds":1,"endSeconds":2}]}'
  const newer = await world.upload(`u/${user}/show/one/talk.wav`, 'another take')

  const [decided, begun, mayBegin] = [0, 1, 2].map(() => Promise.withResolvers<undefined>())
  watchBoundaries(async ({ side, about }) => {
    if (side === 'before' && about.includes('INSERT INTO edit_decisions')) {
      decided!.resolve(undefined)
      await begun!.promise
    }
    if (side === 'after' && about.includes('INSERT INTO runs')) {
      begun!.resolve(undefined)
      await mayBegin!.promise
    }
  })
  const submitted = submitDecisions(world.services, review as unknown as Review, decisions, 'decisions.json')
  const refused = expect(submitted).rejects.toBeInstanceOf(AlreadyRunning)
  await decided!.promise
  const arrived = world.arrive(newer)
  await Promise.race([begun!.promise, arrived])
  mayBegin!.resolve(undefined)
  await Promise.all([arrived, refused])
})
