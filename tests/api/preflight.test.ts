// What stands in an episode's way and what it will take, asked of the API before its recording is sent; and what it took.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { catalogue } from '../../functions/index.ts'
import { aKey, callerOf, type Caller } from '../support/callers.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
let ask: Caller
beforeAll(async () => {
  world = await aWorld({ catalogue, env: { SEALING_KEY: Buffer.alloc(32, 7).toString('base64') } })
  ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
})

const head = (text: string) => Buffer.from(text).toString('base64')
const codesOf = (faults: unknown) => (faults as { code: string }[]).map(({ code }) => code)

describe('Before its recording is sent', () => {
  test('an episode is told everything that is wrong with what was brought, and its recording is refused with the same', async () => {
    const folder = `u/${user}/night/pilot`
    await world.upload(
      `${folder}/template.json`,
      '{"segments":[{"type":"intro","source":{"kind":"static","file":"hm.wav"}},{"type":"content"}]}',
    )
    await world.upload(`${folder}/cover.png`, 'no picture')
    await world.upload(`${folder}/talk.vtt`, 'no cues')
    const recording = { file: 'talk.wav', bytes: 100, head: head('%PDF-1.7') }
    const place = { podcast: 'night', episode: 'pilot' }
    const told = await ask('POST', '/preflight', { body: { ...place, recordings: [recording] } })
    const all = ['not_audio', 'bad_words_file', 'bad_cover', 'missing_asset']
    expect([told.status, codesOf(told.body['faults'])]).toEqual([200, all])
    const refused = await ask('POST', '/uploads', { body: { ...place, ...recording } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'not_audio' } })
    expect(codesOf(refused.body['faults'])).toEqual(all)
  })

  test('what is told of and does not agree is refused, whatever lies there, and what lies there stays', async () => {
    const place = { podcast: 'numbers', episode: 'one' }
    const say =
      '{"segments":[{"type":"intro","source":{"kind":"spoken","script":"Number {episode_number}"}},{"type":"content"}]}'
    await world.upload(`u/${user}/numbers/assets/template.json`, say)
    await world.upload(`u/${user}/numbers/one/episode.json`, '{"number":1}')
    const look = async (beside?: object[]) => {
      const recordings = [{ file: 'talk.wav', bytes: 100 }]
      const { body } = await ask('POST', '/preflight', {
        body: { ...place, recordings, ...(beside && { beside }) },
      })
      return codesOf(body['faults'])
    }
    const told = (content: string) => ({
      file: 'episode.json',
      bytes: content.length,
      content: head(content),
    })
    expect([await look(), await look([told('{"title":"Two"}')]), await look([told('{"number":2}')])]).toEqual(
      [[], ['missing_variable'], []],
    )
    expect([await look([]), await look()]).toEqual([['missing_variable'], []])
  })

  test('what fits together is let in, with what it will take and who is paid', async () => {
    await ask('PUT', '/provider-keys/deepgram', { body: { key: 'dg-secret' } })
    const place = { podcast: 'night', episode: 'second' }
    const recording = { file: 'talk.wav', bytes: 50_000_000 }
    const look = async (more: object) =>
      (await ask('POST', '/preflight', { body: { ...place, recordings: [recording], ...more } })).body
    expect(await look({ seconds: 600 })).toEqual({
      faults: [],
      replaces: null,
      waits: false,
      isBeingMade: false,
      quote: {
        minutes: 10,
        minutesLeft: expect.any(Number) as unknown,
        transcribedBy: {
          ...{ provider: 'deepgram', priceList: 'https://deepgram.com/pricing' },
          ...{ usd: 0.04, listedIn: '2025-06' },
        },
        notedBy: null,
        roomBytes: 500e6,
        seconds: null,
      },
    })
    expect(await look({})).toMatchObject({ quote: { transcribedBy: { usd: null, listedIn: null } } })
    expect(await look({ withWords: true })).toMatchObject({ quote: { minutes: null, transcribedBy: null } })
    expect((await ask('POST', '/uploads', { body: { ...place, ...recording } })).status).toBe(200)
  })
})

test('What is being made is told from what would be made anew, by the recordings it is made of', async () => {
  const { catalogue: toys } = aToyShow([{ name: 'cut' }])
  const other = await aWorld({ catalogue: toys })
  const by = callerOf(other, `Bearer ${(await aKey(other, user)).key}`)
  await other.arrive(await other.upload(`u/${user}/show/one/talk.wav`, 'one take'))
  const isBeingMade = async (file: string, bytes: number) =>
    (
      await by('POST', '/preflight', {
        body: { podcast: 'show', episode: 'one', recordings: [{ file, bytes }] },
      })
    ).body['isBeingMade']
  const all = [
    await isBeingMade('talk.wav', 8),
    await isBeingMade('talk.wav', 9),
    await isBeingMade('a.wav', 8),
  ]
  const [run] = await other.database.rows<{ id: string }>('SELECT id FROM runs')
  await other.deliver('cut', 0, run!.id)
  expect([...all, await isBeingMade('talk.wav', 8)]).toEqual([true, false, false, false])
})

test('A run that has ended has a receipt, which says when another recording was there before; and so is told before it is sent', async () => {
  const { catalogue: toys } = aToyShow([{ name: 'cut' }])
  const other = await aWorld({ catalogue: toys })
  const by = callerOf(other, `Bearer ${(await aKey(other, user)).key}`)
  const make = async (recording: string) => {
    await other.arrive(await other.upload(`u/${user}/show/one/talk.wav`, recording))
    const [run] = (await other.database.rows('SELECT id FROM runs ORDER BY created_at DESC LIMIT 1')) as [
      { id: string },
    ]
    const before = await by('GET', `/runs/${run.id}/receipt`)
    await other.deliver('cut', 0, run.id)
    return [before.status, (await by('GET', `/runs/${run.id}/receipt`)).body]
  }
  const told = async (recording: object) =>
    (await by('POST', '/preflight', { body: { podcast: 'show', episode: 'one', recordings: [recording] } }))
      .body['replaces']
  const costs = { parts: 1, made: 1, minutes: 0, paid: [] }
  expect(await make('one take')).toEqual([
    404,
    expect.objectContaining({ ...costs, isAnotherRecording: false }),
  ])
  expect(await make('another take')).toEqual([
    404,
    expect.objectContaining({ ...costs, isAnotherRecording: true }),
  ])
  const replaced = { title: 'one', isPublished: false, number: null, season: null, recordings: ['talk.wav'] }
  expect(await told({ file: 'talk.wav', bytes: 'another take'.length })).toBe(null)
  expect(await told({ file: 'talk.wav', bytes: 1 })).toEqual(replaced)
  expect(await told({ file: 'a.wav', bytes: 'another take'.length })).toEqual(replaced)
  // what listeners have is told apart by its content, where that is told
  await other.database.rows(
    `UPDATE episodes SET published_at = now(), first_published_at = now(), published = '{}'`,
  )
  const by5 = async (file: string, content: string) =>
    (await told({ file, bytes: content.length, md5: createHash('md5').update(content).digest('base64') })) !==
    null
  expect([await by5('a.wav', 'another take'), await by5('talk.wav', 'another tape')]).toEqual([false, true])
})
