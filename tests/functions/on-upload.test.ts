// on-upload: the news of a file may come twice, late or out of order; a recording starts one run with what
// lies beside it.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { onUpload } from '../../functions/on-upload.ts'
import type { Scalars } from '../../shared/context.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
beforeEach(async () => {
  world = await aWorld()
})

const place = (file: string, folder = 'one') => `u/${user}/show/${folder}/${file}`
const runs = () =>
  world.database.rows<{
    id: string
    status: string
    stop_reason: string | null
    error_message: string | null
    context: Scalars
    settings: object
  }>('SELECT * FROM runs ORDER BY created_at')
const media = () => world.database.rows(`SELECT kind, object FROM media_items ORDER BY object`)

describe('a recording', () => {
  test('starts one run of its episode, whose first task carries its generation', async () => {
    const recording = await world.upload(place('talk.wav'))
    await world.arrive(recording)
    expect(await runs()).toMatchObject([
      {
        status: 'queued',
        context: { recordingObject: place('talk.wav'), wordsObject: null, coverObject: null, assets: '[]' },
      },
    ])
    expect(await world.database.rows('SELECT slug, title, status FROM episodes')).toEqual([
      { slug: 'one', title: 'one', status: 'processing' },
    ])
    expect(await world.tasks()).toMatchObject([
      {
        payload: {
          step: 'prepare',
          part: 0,
          turn: 0,
          context: { source: 'recording', object: place('talk.wav'), generation: recording.generation },
        },
      },
    ])
  })

  test('whose event comes ten times, one after the other or at once, starts one run', async () => {
    const recording = await world.upload(place('talk.wav'))
    await Promise.all(Array.from({ length: 5 }, () => world.arrive(recording)))
    for (let i = 0; i < 5; i++) await world.arrive(recording)
    expect(await runs()).toHaveLength(1)
    expect(await world.pending()).toEqual(['prepare'])
    expect(await media()).toEqual([{ kind: 'recording', object: place('talk.wav') }])
  })

  test('that asks for another deploy is left to it', async () => {
    const recording = await world.upload(place('talk.wav'))
    await world.arrive({ ...recording, metadata: { 'spool-version': 'v2' } })
    expect(await runs()).toEqual([])
    await world.arrive({ ...recording, metadata: { 'spool-version': '', language: 'en' } })
    expect(await runs()).toHaveLength(1)
  })

  test('whose first event could not enqueue is enqueued by the second', async () => {
    const recording = await world.upload(place('talk.wav'))
    world.crashBeforeEnqueue()
    await expect(world.arrive(recording)).rejects.toThrow('the process ended')
    expect(await world.pending()).toEqual([])
    await world.arrive(recording)
    expect(await world.pending()).toEqual(['prepare'])
    expect(await runs()).toHaveLength(1)
  })

  test('that was replaced after its run began and before its task was made is enqueued by its next event all the same', async () => {
    const recording = await world.upload(place('talk.wav'), 'old')
    world.crashBeforeEnqueue()
    await expect(world.arrive(recording)).rejects.toThrow('the process ended')
    await world.upload(place('talk.wav'), 'new')
    await world.arrive(recording)
    expect(await world.pending()).toEqual(['prepare'])
  })

  test('that comes while a run is live is told to come again, and starts its own once that has ended', async () => {
    await world.arrive(await world.upload(place('talk.wav'), 'first take'))
    const [first] = await runs()
    const second = await world.upload(place('talk.wav'), 'second take')
    await expect(world.arrive(second)).rejects.toThrow(`The episode already has a live run, ${first!.id}.`)
    expect([(await runs()).length, (await media()).length]).toEqual([1, 1])
    await world.cancel(first!.id)
    await world.arrive(second)
    expect(await runs()).toMatchObject([
      { status: 'cancelled' },
      { status: 'queued', context: { recordingGeneration: second.generation } },
    ])
    expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'processing' }])
  })

  test('that comes while the episode waits for its producer takes the place of the run that waits', async () => {
    await world.arrive(await world.upload(place('talk.wav'), 'first'))
    const [first] = await runs()
    await world.database.rows(`UPDATE runs SET status = 'started', started_at = clock_timestamp()`)
    const second = await world.upload(place('talk.wav'), 'second')
    await expect(world.arrive(second)).rejects.toThrow(`The episode already has a live run, ${first!.id}.`)
    await world.database.rows(`UPDATE runs SET status = 'awaiting_review'`)
    await world.arrive(second)
    expect(await runs()).toMatchObject([
      { id: first!.id, status: 'cancelled', stop_reason: 'superseded' },
      { status: 'queued', context: { recordingGeneration: second.generation } },
    ])
    expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'processing' }])
    expect(await world.pending()).toContain('prepare')
  })

  test('of two takes whose news comes at the same moment one starts, and the other is told to come again', async () => {
    const takes = [await world.upload(place('a.wav')), await world.upload(place('b.wav'))]
    const arrivals = await Promise.allSettled(takes.map((take) => world.arrive(take)))
    expect(arrivals.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await runs()).toHaveLength(1)
  })

  test('that comes at the moment the run before is cancelled does not stand in its way, nor it in the recording’s', async () => {
    for (let round = 0; round < 15; round++) {
      const folder = `episode-${round}`
      await world.arrive(await world.upload(place('talk.wav', folder), 'first take'))
      const first = (await runs()).at(-1)!.id
      const second = await world.upload(place('talk.wav', folder), 'second take')
      const [cancelled, arrived] = await Promise.allSettled([world.cancel(first), world.arrive(second)])
      expect(cancelled).toEqual({ status: 'fulfilled', value: true })
      if (arrived.status === 'rejected') {
        expect(arrived.reason).toMatchObject({ code: 'already_running' })
        await world.arrive(second)
      }
      expect((await runs()).slice(-2)).toMatchObject([{ status: 'cancelled' }, { status: 'queued' }])
    }
  })

  test('that was replaced before its news came is left to the news of the newer one', async () => {
    const replaced = await world.upload(place('talk.wav'), 'old')
    const current = await world.upload(place('talk.wav'), 'new')
    await world.arrive(replaced)
    expect(await runs()).toEqual([])
    await world.arrive(current)
    expect(await runs()).toMatchObject([{ context: { recordingGeneration: current.generation } }])
  })

  test('that is replaced before it is read fails its run', async () => {
    await world.arrive(await world.upload(place('talk.wav'), 'old'))
    await world.upload(place('talk.wav'), 'new')
    expect(await world.deliver('prepare', 0, (await runs())[0]!.id)).toEqual({
      status: 200,
      outcome: 'failed',
    })
    expect(await runs()).toMatchObject([
      {
        status: 'failed',
        stop_reason: 'upload_replaced',
        error_message: expect.stringContaining('talk.wav'),
      },
    ])
  })
})

describe('what lies beside a recording', () => {
  test('is found by its name, pinned to its generation, and starts nothing itself', async () => {
    const words = await world.upload(place('talk.words.json'), '{}')
    const cover = await world.upload(place('Cover.JPG'), 'jpeg')
    await world.upload(
      place('episode.json'),
      JSON.stringify({ title: 'Ümläute', description: 'On letters.' }),
    )
    await world.upload(place('podcast.json'), JSON.stringify({ title: 'The show' }))
    await world.upload(
      place('template.json'),
      JSON.stringify({ output: { sampleRate: 44100 }, loudness: { targetLufs: -14 } }),
    )
    for (const sidecar of [words, cover]) await world.arrive(sidecar)
    expect(await runs()).toEqual([])
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await runs()).toMatchObject([
      {
        context: {
          wordsObject: words.name,
          wordsGeneration: words.generation,
          coverObject: cover.name,
          coverGeneration: cover.generation,
          outputRate: 44100,
        },
        settings: { loudness: { targetLufs: -14 } },
      },
    ])
    expect(await world.database.rows('SELECT title, description FROM episodes')).toEqual([
      { title: 'Ümläute', description: 'On letters.' },
    ])
    expect(await world.database.rows(`SELECT settings ->> 'title' AS title FROM podcasts`)).toEqual([
      { title: 'The show' },
    ])
  })

  test('and was there when the episode was made, and is not when it is made anew, is told', async () => {
    const words = await world.upload(place('talk.words.json'), '{}')
    await world.upload(place('cover.jpg'), 'jpeg')
    await world.arrive(await world.upload(place('talk.wav')))
    const [made] = await runs()
    await world.database.rows(`UPDATE runs SET context = context || '{"contentHash":"made"}'`)
    await world.database.rows(
      "UPDATE episodes SET content_hash = 'made', duration_seconds = 1, audio_bytes = 1",
    )
    await world.cancel(made!.id)
    const { storage, config } = world.services
    await storage.remove({ bucket: config.buckets.uploads, name: words.name })
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await world.database.rows('SELECT warnings FROM runs ORDER BY created_at')).toEqual([
      { warnings: [] },
      {
        warnings: [
          { code: 'given_before', message: 'It comes without the words that it had before: --words FILE.' },
        ],
      },
    ])
  })

  test('and is not there when what listeners have is made anew, leaves that before them, however often', async () => {
    const words = await world.upload(place('talk.words.json'), '{}')
    await world.arrive(await world.upload(place('talk.wav')))
    await theLatestIsPublished()
    const { storage, config } = world.services
    await storage.remove({ bucket: config.buckets.uploads, name: words.name })
    for (const times of [1, 2]) {
      await world.arrive(await world.upload(place('talk.wav')))
      const made = (await runs())[times]
      expect(made).toMatchObject({
        context: { heldFor: 'given_before' },
        warnings: [{ message: expect.stringContaining('Listeners keep that version; this one is held.') }],
      })
      await world.cancel(made!.id)
    }
  })

  test.each([
    [
      'one of them alone',
      { recordings: [{ file: 'a.wav' }], recordingsAre: 'tracks' },
      '2 tracks that it had before: --tracks with all 2 files.',
    ],
    [
      'the same files one after the other',
      { recordings: [{ file: 'a.wav' }, { file: 'b.wav' }] },
      '2 tracks that it had before: --tracks with all 2 files.',
    ],
  ])('and was of two tracks before listeners is held when it is made of %s', async (_, settings, told) => {
    const bring = async (episode: object, files: readonly string[]) => {
      await world.upload(place('episode.json'), JSON.stringify(episode))
      const uploaded = await Promise.all(files.map((file) => world.upload(place(file))))
      await world.arrive(uploaded.at(-1)!)
    }
    const both = [{ file: 'a.wav' }, { file: 'b.wav' }]
    await bring({ recordings: both, recordingsAre: 'tracks' }, ['a.wav', 'b.wav'])
    await theLatestIsPublished()
    await bring(
      settings,
      settings.recordings.map(({ file }) => file),
    )
    const made = (await runs()).at(-1)
    expect(made).toMatchObject({ context: { heldFor: 'given_before' } })
    expect(made).toMatchObject({ warnings: [{ message: expect.stringContaining(told) }] })
  })

  describe('that says when it is published', () => {
    const bring = async (publish: string) => {
      await world.upload(place('episode.json'), JSON.stringify({ publish }))
      await world.arrive(await world.upload(place('talk.wav')))
      return (await runs()).at(-1)!
    }
    const over = async () => {
      await world.database.rows(
        `UPDATE runs SET status = 'finished', finished_at = now(), processed = total WHERE status = 'queued'`,
      )
      await world.database.rows(
        `UPDATE episodes SET status = 'processed', content_hash = 'made', duration_seconds = 1, audio_bytes = 1`,
      )
    }
    const named = (at: string) => world.database.rows(`UPDATE episodes SET publish_at = '${at}'`)

    test('supersedes a time that stands where it says something new, and not where it says the same again', async () => {
      await bring('2036-05-01T06:00:00Z')
      await over()
      await named('2036-05-01T06:00:00Z')
      const superseded = { supersededTime: '2036-05-01T06:00:00.000Z' }
      expect(await bring('manual')).toMatchObject({ context: superseded })
      await over()
      expect(await bring('manual')).toMatchObject({ context: superseded })
      await over()
      await named('2036-06-01T06:00:00Z')
      expect(await bring('2036-07-01T06:00:00Z')).toMatchObject({
        context: { supersededTime: '2036-06-01T06:00:00.000Z' },
      })
    })

    test('says nothing of a time that was taken back, until it says something new', async () => {
      await bring('2036-05-01T06:00:00Z')
      await over()
      await world.database.rows(`UPDATE episodes SET hold_reason = 'unscheduled'`)
      const held = { heldFor: 'unscheduled' }
      expect(await bring('2036-05-01T06:00:00Z')).toMatchObject({ context: held })
      await over()
      await world.database.rows(`UPDATE episodes SET hold_reason = 'attempt_failed'`)
      expect(await bring('2036-05-01T06:00:00Z')).toMatchObject({ context: held })
      await over()
      expect(await bring('2036-06-01T06:00:00Z')).toMatchObject({ context: { heldFor: null } })
    })

    test('is refused where that is past and it never waited for it', async () => {
      const past = '2025-05-01T06:00:00Z'
      expect(await bring(past)).toMatchObject({
        status: 'failed',
        stop_reason: 'bad_episode_file',
        error_message: `episode.json: "publish" is ${past}, which is past. Name a time to come, or "automatic" for as soon as the episode is finished.`,
      })
      const { context, id } = await bring('2036-05-01T06:00:00Z')
      await world.database.rows('UPDATE runs SET context = :context WHERE id = :id', {
        context: JSON.stringify({ ...context, publish: past }),
        id,
      })
      await over()
      expect(await bring(past)).toMatchObject({ status: 'queued' })
      await over()
      expect(await bring('2025-06-01T06:00:00Z')).toMatchObject({ status: 'failed' })
    })
  })

  const theLatestIsPublished = async () => {
    const { id } = (await runs()).at(-1)!
    await world.database.rows(
      `UPDATE runs SET context = context || '{"contentHash":"made"}' WHERE id = :id`,
      {
        id,
      },
    )
    await world.database.rows(
      `UPDATE episodes SET published = '{"contentHash":"made"}', published_at = now()`,
    )
    await world.cancel(id)
  }

  test('and is not there when a version that waits for a decision is made anew, keeps that from the feed', async () => {
    const words = await world.upload(place('talk.words.json'), '{}')
    const settings = await world.upload(place('episode.json'), '{"title":"Tomatoes","number":11}')
    await world.arrive(await world.upload(place('talk.wav')))
    await world.database.rows("UPDATE runs SET status = 'awaiting_review'")
    const { storage, config } = world.services
    for (const { name } of [words, settings]) await storage.remove({ bucket: config.buckets.uploads, name })
    await world.arrive(await world.upload(place('talk.wav')))
    const [waited, made] = await runs()
    expect(waited).toMatchObject({ status: 'cancelled', stop_reason: 'superseded' })
    expect(made).toMatchObject({
      context: { heldFor: 'given_before' },
      about: { title: 'Tomatoes' },
      warnings: [
        {
          code: 'given_before',
          message:
            'It comes without the words that it had before: --words FILE. ' +
            'That version waited for your decision; this one took its place, and is held.',
        },
      ],
    })
  })

  test("is not another episode's, nor in a folder below", async () => {
    await world.upload(place('words.json', 'two'))
    await world.upload(place('drafts/old.words.json'))
    await world.upload(place('drafts/cover.png'))
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await runs()).toMatchObject([{ context: { wordsObject: null, coverObject: null } }])
  })

  test.each([
    ['template.json', '{"segments": 7}', 'bad_template'],
    ['template.json', 'not json', 'bad_template'],
    ['podcast.json', '{"email": "nobody"}', 'bad_podcast_file'],
    ['episode.json', '{"title": ""}', 'bad_episode_file'],
  ])('and cannot be used (%s: %s) fails the run at once, as %s', async (file, text, code) => {
    await world.upload(place(file), text)
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await runs()).toMatchObject([
      { status: 'failed', stop_reason: code, error_message: expect.stringContaining(file) },
    ])
    expect(await world.pending()).toEqual([])
    expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'failed' }])
  })

  test('and of an episode that cannot begin changes nothing of a show that is there', async () => {
    const titles = () => world.database.rows(`SELECT settings ->> 'title' AS title, revision FROM podcasts`)
    await world.upload(place('podcast.json'), '{"title":"The show"}')
    await world.arrive(await world.upload(place('talk.wav')))
    await world.upload(place('podcast.json', 'two'), '{"title":"Another"}')
    const spoken = '{"type":"intro","source":{"kind":"spoken","script":"{guest}"}}'
    await world.upload(place('template.json', 'two'), `{"segments":[${spoken},{"type":"content"}]}`)
    await world.arrive(await world.upload(place('talk.wav', 'two')))
    expect(await runs()).toMatchObject([{ status: 'queued' }, { stop_reason: 'missing_variable' }])
    expect(await titles()).toEqual([{ title: 'The show', revision: 1 }])
  })

  test('and was replaced while it was being read fails the run as replaced', async () => {
    await world.upload(place('template.json'), '{}')
    const { services } = world
    const list: typeof services.storage.list = async (...asked) => {
      const found = await services.storage.list(...asked)
      await world.upload(place('template.json'), '{"version": 1}')
      return found
    }
    await onUpload(await world.upload(place('talk.wav')), {
      ...services,
      storage: { ...services.storage, list },
    })
    expect(await runs()).toMatchObject([
      {
        status: 'failed',
        stop_reason: 'upload_replaced',
        error_message: expect.stringContaining('template.json'),
      },
    ])
  })
})

describe("the podcast's assets", () => {
  const template = (...files: string[]) =>
    JSON.stringify({
      segments: [
        ...files.map((file) => ({ type: 'intro', source: { kind: 'static', file } })),
        { type: 'content' },
      ],
    })

  test('are pinned for the run, each once', async () => {
    const intro = await world.upload(place('intro.flac', 'assets'))
    await world.arrive(intro)
    await world.upload(place('template.json'), template('intro.flac', 'intro.flac'))
    await world.arrive(await world.upload(place('talk.wav')))
    const [run] = await runs()
    expect(JSON.parse(String(run!.context['assets']))).toMatchObject([
      { object: intro.name, generation: intro.generation },
    ])
    expect(await media()).toContainEqual({ kind: 'asset', object: intro.name })
  })

  test('that are missing fail the run, naming the segment and the file', async () => {
    await world.upload(place('intro.flac', 'assets'))
    await world.upload(place('template.json'), template('intro.flac', 'gone.flac'))
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await runs()).toMatchObject([
      {
        status: 'failed',
        stop_reason: 'missing_asset',
        error_message: expect.stringMatching(/^Segment 2 \(intro\) needs gone\.flac/),
      },
    ])
    expect(await world.pending()).toEqual([])
  })

  test('that are too many for a template fail the run, instead of being tried for ever', async () => {
    const files = Array.from({ length: 220 }, (_, i) => `${'a'.repeat(190)}${i}.wav`)
    await Promise.all(files.map((file) => world.upload(place(file, 'assets'))))
    await world.upload(place('template.json'), template(...files))
    await world.arrive(await world.upload(place('talk.wav')))
    expect(await runs()).toMatchObject([{ status: 'failed', stop_reason: 'bad_template' }])
  })
})

test.each([
  'talk.wav',
  'u/anna/talk.wav',
  'u/anna/show/talk.wav',
  'u/anna/show/one/deeper/talk.wav',
  'u/an na/show/one/talk.wav',
  'u/../show/one/talk.wav',
  'u/anna/../one/talk.wav',
  'u/anna/show/../talk.wav',
  'U/anna/show/one/talk.wav',
  `u/${'a'.repeat(65)}/show/one/talk.wav`,
])('a file at %s is left alone', async (name) => {
  await world.arrive(await world.upload(name))
  expect([await runs(), await media(), await world.pending()]).toEqual([[], [], []])
})

describe('Names that look the same', () => {
  const nfc = (text: string) => text.normalize('NFC')
  const nfd = (text: string) => text.normalize('NFD')
  const spelt: readonly [string, (text: string) => string, (text: string) => string][] = [
    ['the recording as macOS writes it, the rest as others do', nfd, nfc],
    ['the rest as macOS writes it, the recording as others do', nfc, nfd],
    ['all as macOS writes it', nfd, nfd],
    ['all as others do', nfc, nfc],
  ]
  const template = (file: string) =>
    JSON.stringify({
      version: 1,
      segments: [{ type: 'intro', source: { kind: 'static', file } }, { type: 'content' }],
    })

  test.each(spelt)(
    'are one podcast with its template, its assets and its files: %s',
    async (_how, own, rest) => {
      const at = (spelling: (text: string) => string, name: string) => spelling(`u/${user}/Café/Été/${name}`)
      const asset = (name: string) => rest(`u/${user}/Café/assets/${name}`)
      await world.upload(asset('Générique.wav'))
      await world.upload(asset('template.json'), template(own('Générique.wav')))
      await world.upload(at(rest, 'été.words.json'), '{"version":1,"words":[]}')
      await world.arrive(await world.upload(at(own, 'talk.wav')))
      expect(await runs()).toMatchObject([
        {
          status: 'queued',
          context: { recordingObject: at(own, 'talk.wav'), wordsObject: at(rest, 'été.words.json') },
        },
      ])
      const [run] = await runs()
      expect(JSON.parse(String(run!.context['assets']))).toMatchObject([{ object: asset('Générique.wav') }])
      expect(await world.database.rows('SELECT slug FROM podcasts')).toEqual([{ slug: nfc('Café') }])
      expect(await world.database.rows('SELECT slug, title FROM episodes')).toEqual([
        { slug: nfc('Été'), title: nfc('Été') },
      ])
    },
  )

  test('are one podcast for the next episode, too', async () => {
    for (const spelling of [nfd, nfc]) {
      await world.arrive(await world.upload(spelling(`u/${user}/Café/${spelling.name}/talk.wav`)))
    }
    expect(await world.database.rows('SELECT slug FROM podcasts')).toHaveLength(1)
    expect(await world.database.rows('SELECT slug FROM episodes')).toHaveLength(2)
  })

  test.each(['a #1%20?.wav', 'a&b="c".wav', '50% off.wav', 'où 日本 🎙️.wav'])(
    'are found as they are, whatever characters they have: %s',
    async (file) => {
      const object = place(file, 'un #1%20?')
      await world.arrive(await world.upload(object))
      expect(await runs()).toMatchObject([{ status: 'queued', context: { recordingObject: object } }])
      expect(
        await world.services.storage.stat({ bucket: world.services.config.buckets.uploads, name: object }),
      ).toMatchObject({ name: object })
    },
  )
})
