// A back catalogue is made anew where its show has changed, and what is before listeners stays there.
import { expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { editDetails } from '../../shared/db/about-episodes.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { startPublication } from '../../shared/episode/publication.ts'
import { startAnew, whyAnew } from '../../shared/episode/rebuild.ts'
import { openReview } from '../../shared/review/review.ts'
import { tone } from '../support/audio.ts'
import { said, wav } from '../support/recordings.ts'
import { aWorld, user } from '../support/world.ts'

const place = (file: string) => `u/${user}/show/one/${file}`

test('an episode of which the template has changed is made anew under its guid; one of which nothing has is not', async () => {
  const world = await aWorld({ catalogue })
  const { services } = world
  const date = { kind: 'spoken', script: 'It is {date}.' }
  const template = (targetLufs: number, intro: object = date) =>
    world.upload(
      `u/${user}/show/assets/template.json`,
      JSON.stringify({
        segments: [
          { type: 'intro', source: intro },
          { type: 'content' },
          { type: 'outro', source: { kind: 'static', file: 'jingle.wav' } },
        ],
        loudness: { targetLufs },
      }),
    )
  const jingle = (hz: number) =>
    world.upload(`u/${user}/show/assets/jingle.wav`, wav(tone(48_000, 0.3, hz, -20), 48_000))
  const titles = () => world.database.rows("SELECT settings ->> 'title' AS title FROM podcasts")
  await jingle(400)
  await world.upload(place('podcast.json'), '{"title":"First"}')
  const talk = await said('Hello, this is the first of them.', 0.5)
  await template(-16)
  await world.arrive(await world.upload(place('talk.wav'), talk.wav))
  await world.runToEnd()
  const episode = async () =>
    (
      await world.database.rows<{ id: string; status: string; guid: string }>(
        'SELECT id, status, guid FROM episodes',
      )
    )[0]!
  /** Of the version that the episode's row names. */
  const loudness = async () => {
    const [row] = await world.database.rows<{ id: string; hash: string }>(
      'SELECT id, content_hash AS hash FROM episodes',
    )
    const name = `e/${row!.id}/${row!.hash}/certificate.json`
    const certificate = await services.storage.readJson<{ integratedLufs: number }>({
      bucket: services.config.buckets.episodes,
      name,
    })
    return Math.round(certificate.integratedLufs)
  }
  const before = await episode()
  expect([before.status, await loudness()]).toEqual(['published', -16])
  expect(await whyAnew(services, before.id)).toEqual([])
  const offered = await world.database.rows("SELECT published ->> 'hasTranscript' AS it FROM episodes")
  expect(offered).toEqual([{ it: 'false' }]) // though its intro is spoken: of the talk there are no words

  const cover = await world.upload(`u/${user}/show/assets/cover.png`, 'its MP3 would carry it')
  expect(await whyAnew(services, before.id)).toEqual(['show'])
  await services.storage.remove({ bucket: services.config.buckets.uploads, name: cover.name })

  await jingle(500)
  expect(await whyAnew(services, before.id)).toEqual(['template'])
  await template(-18)
  // as a page, or a show's folder, changes it; the podcast.json that came with the recording is older
  await world.database.rows(`UPDATE podcasts SET settings = '{"title":"Second"}'`)
  expect(await whyAnew(services, before.id)).toEqual(['template', 'show'])
  await startAnew(services, before.id)
  await expect(startAnew(services, before.id)).rejects.toMatchObject({ code: 'already_running' })
  await world.runToEnd()
  expect([await episode(), await loudness()]).toEqual([before, -18])
  expect(await titles()).toEqual([{ title: 'Second' }])
  expect(await whyAnew(services, before.id)).toEqual([])

  // a template that cannot be carried out, and then as it was; what is said of the episode is of what is there
  const title = () => world.database.rows('SELECT title FROM episodes')
  await world.upload(`u/${user}/show/assets/intro.wav`, 'no sound')
  await template(-18, { kind: 'static', file: 'intro.wav' })
  await world.upload(place('episode.json'), '{"title":"Better"}')
  await startAnew(services, before.id)
  await world.runToEnd()
  expect(await title()).toEqual([{ title: 'one' }])
  await template(-18)
  expect(await whyAnew(services, before.id)).toEqual(['failed'])
  expect(await openReview(services, before.id)).toMatchObject({ run: { status: 'finished' } })
  await startAnew(services, before.id)
  await world.runToEnd()
  expect([await episode(), await whyAnew(services, before.id)]).toEqual([before, []])
  expect(await title()).toEqual([{ title: 'Better' }])

  // what is edited stays, however often, while the files say what they said
  await withDatabase(services.config.databaseUrl, (db) => editDetails(db, before.id, { title: 'Best' }))
  expect(await whyAnew(services, before.id)).toEqual(['episode'])
  for (let i = 0; i < 2; i++) {
    await startAnew(services, before.id)
    await world.runToEnd()
    expect([await title(), await whyAnew(services, before.id)]).toEqual([[{ title: 'Best' }], []])
  }

  // the same recording, sent once more with words that do not fit; and then without them
  const words = '1\n01:00:00,000 --> 01:00:01,000\nHello.\n'
  const late = await world.upload(place('late.srt'), words)
  await world.arrive(await world.upload(place('talk.wav'), talk.wav))
  await world.runToEnd()
  await expect(whyAnew(services, before.id)).rejects.toMatchObject({
    code: 'upload_replaced',
    message: expect.stringMatching(/^What was uploaded last .* \(bad_words_file\): late\.srt .* Upload /),
  })
  await services.storage.remove({ bucket: services.config.buckets.uploads, name: late.name })
  expect(await whyAnew(services, before.id)).toEqual(['show', 'failed']) // its podcast.json came along
  await startAnew(services, before.id)
  await world.runToEnd()
  expect([await episode(), await whyAnew(services, before.id)]).toEqual([before, []])

  // what was taken out of the feed stays out, however often it is made anew, until it is put back
  const held = () => world.database.rows('SELECT status, hold_reason AS reason FROM episodes')
  await startPublication(services, before.id, 'withdraw')
  await world.runToEnd()
  for (const loudness of [-19, -20]) {
    await template(loudness)
    await startAnew(services, before.id)
    await world.runToEnd()
    expect(await held()).toEqual([{ status: 'processed', reason: 'unpublished' }])
  }
  await startPublication(services, before.id, 'publish')
  await template(-19)
  await world.runToEnd()
  await startAnew(services, before.id)
  await world.runToEnd()
  expect(await held()).toEqual([{ status: 'published', reason: null }])
})
