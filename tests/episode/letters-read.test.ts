// Which letters of listener mail an episode reads out: the newest, each in one episode, and only what its voice can say.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { withDatabase } from '../../shared/db/connect.ts'
import { deleteLetter, lettersById, markReadOut } from '../../shared/db/letters.ts'
import { cancelRun } from '../../shared/db/run-changes.ts'
import { aSharedWorld, user, type World } from '../support/world.ts'

const template = JSON.stringify({
  segments: [
    { type: 'mail', source: { kind: 'mail', count: 2, script: '{from} writes: {text}' } },
    { type: 'content' },
  ],
})

let world: World
const database = <T>(use: Parameters<typeof withDatabase<T>>[1]): Promise<T> =>
  withDatabase(world.services.config.databaseUrl, use)

beforeAll(async () => {
  world = await aSharedWorld()
  const { runId } = await begin('mailbox')
  await world.database.rows(
    `INSERT INTO letters (user_id, run_id, position, outcome, body, sender, subject, content_hash, sent_at)
     SELECT :user, CAST(:runId AS uuid), n, 'letter', body, 'Ada', 'Letter ' || n, body, now() - n * interval '1 day'
     FROM unnest(ARRAY['Hello.', 'Привет!', 'Good day.', 'Good evening.', 'Good night.']) WITH ORDINALITY AS m (body, n)`,
    { user, runId },
  )
})

/** Starts an episode and says which letters it reads. */
async function begin(episode: string, settings: object = {}, podcast = 'show') {
  const place = (file: string) => `u/${user}/${podcast}/${episode}/${file}`
  await world.upload(place('template.json'), template)
  await world.upload(place('episode.json'), JSON.stringify(settings))
  await world.arrive(await world.upload(place('talk.wav')))
  const [run] = await world.database.rows<{
    id: string
    episodeId: string
    letters: string
    warnings: { code: string; message: string }[]
    status: string
  }>(
    `SELECT r.id, r.episode_id AS "episodeId", r.context->>'letters' AS letters, r.warnings, r.status
     FROM runs r
     JOIN episodes e ON e.id = r.episode_id
     WHERE e.slug = :episode
     ORDER BY r.created_at DESC
     LIMIT 1`,
    { episode },
  )
  const ids = JSON.parse(run!.letters) as string[]
  const read = (await database((db) => lettersById(db, user, ids))).map(({ text }) => text)
  const told = run!.warnings.flatMap(({ code, message }) => (code === 'letters_left_out' ? [message] : []))
  return { runId: run!.id, episodeId: run!.episodeId, ids, read, told }
}

const end = ({ runId }: { readonly runId: string }) =>
  database((db) => db.transaction((trx) => cancelRun(trx, runId)))

describe('An episode', () => {
  test('reads the newest letters that its voice can say, and names the one it cannot', async () => {
    const trial = await begin('trial', {}, 'trial.talk')
    expect(trial.read).toEqual(['Hello.', 'Good day.'])
    expect(trial.told).toEqual([
      expect.stringMatching(/English only: “Letter 2” of Ada\..*\.\/spool letters/),
    ])
  })

  test('leaves what another one reads, or is about to read, to that one; a trial reads nothing away', async () => {
    const first = await begin('one')
    expect(first.read).toEqual(['Hello.', 'Good day.'])
    const second = await begin('two')
    expect(second.read).toEqual(['Good evening.', 'Good night.'])
    await database((db) => markReadOut(db, second.episodeId, second.ids))
    await end(first) // it came to nothing, and the second one did not
    await end(second)
    expect((await begin('three')).read).toEqual(['Hello.', 'Good day.'])
  })

  test('reads its own letters again when it is made anew, though newer ones have come', async () => {
    const again = await begin('two', { title: 'Again' })
    expect(again.read).toEqual(['Good evening.', 'Good night.'])
    await world.database.rows(
      `INSERT INTO letters (user_id, run_id, position, outcome, body, sender, subject, content_hash, sent_at)
       VALUES (:user, :runId, 99, 'letter', 'Brand new.', 'Ada', 'Letter 99', 'Brand new.', now())`,
      { user, runId: again.runId },
    )
    await end(again)
    expect((await begin('two', { title: 'Once more' })).read).toEqual(['Good evening.', 'Good night.'])
    await world.database.rows(`DELETE FROM letters WHERE position = 99`)
  })

  test('names the letters that it names and cannot say, also where they come last', async () => {
    const [said, unsaid] = await world.database.rows<{ id: string }>(
      `SELECT id FROM letters WHERE body IN ('Good evening.', 'Привет!') ORDER BY position DESC`,
    )
    const { read, told } = await begin('six', { letters: [said!.id, unsaid!.id] })
    expect(read).toEqual(['Good evening.'])
    expect(told).toEqual([expect.stringMatching(/English only: “Letter 2” of Ada/)])
  })

  test('says that nothing is left to be read out', async () => {
    const { read, told } = await begin('four')
    expect(read).toEqual([])
    expect(told.join()).toMatch(/Segment 1 \(mail\).*none that no episode has read out/)
  })

  test('reads those it names, also once more, and as many as its template reads', async () => {
    const all = await world.database.rows<{ id: string }>(
      `SELECT id FROM letters WHERE body IN ('Hello.', 'Good evening.', 'Good night.') ORDER BY position`,
    )
    const { read, told } = await begin('five', { letters: all.map(({ id }) => id) })
    expect(read).toEqual(['Hello.', 'Good evening.'])
    expect(told).toEqual([expect.stringMatching(/reads out 2 letters.*Left out: “Letter 5” of Ada/)])
  })
})

describe('A letter that is deleted', () => {
  test('is kept while an episode that is being made reads it', async () => {
    const [letter] = await world.database.rows<{ id: string }>(`SELECT id FROM letters WHERE body = 'Hello.'`)
    await expect(database((db) => deleteLetter(db, user, letter!.id))).rejects.toMatchObject({
      code: 'already_running',
    })
  })

  test('leaves nothing of what it says, is nobody else’s to delete, and is deleted once', async () => {
    const [letter] = await world.database.rows<{ id: string }>(
      `SELECT id FROM letters WHERE body = 'Привет!'`,
    )
    expect(await database((db) => deleteLetter(db, 'bert', letter!.id))).toBe(false)
    expect(await database((db) => deleteLetter(db, user, letter!.id))).toBe(true)
    expect(await database((db) => deleteLetter(db, user, letter!.id))).toBe(false)
    expect(
      await world.database.rows('SELECT outcome, body, sender, subject FROM letters WHERE id = :id', letter),
    ).toEqual([{ outcome: 'deleted', body: null, sender: null, subject: null }])
  })
})
