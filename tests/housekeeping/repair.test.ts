// Rows and objects of different ages are brought into line, as after a backup was restored: each fault is found, a dry run
// changes nothing, and what is whole is left alone.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { findOrphans } from '../../shared/housekeeping/orphans.ts'
import { repair, type RepairOptions } from '../../shared/housekeeping/repair.ts'
import { audioName, episodeName, feedName, publicName, uploadName } from '../../shared/objects.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { aWorld, user, type World } from '../support/world.ts'

let world: World
let one: { readonly episodeId: string; readonly podcastId: string; readonly runId: string }
const buckets = () => world.services.config.buckets
const put = (bucket: keyof ReturnType<typeof buckets>, name: string, text = name) =>
  world.services.storage.create({ bucket: buckets()[bucket], name }, text, 'text/plain')
const gone = (bucket: keyof ReturnType<typeof buckets>, name: string) =>
  world.services.storage.remove({ bucket: buckets()[bucket], name })
const recording = uploadName(user, 'show', 'one', 'talk.wav')
const result = `w/${user}/${'a'.repeat(32)}/pcm`

/** A published episode of which everything is there, as its run left it. */
beforeEach(async () => {
  world = await aWorld()
  const { generation } = await world.upload(recording)
  const context = {
    recordingObject: recording,
    recordingGeneration: generation,
    recordingHash: 'h',
    recordings: '[]',
    recordingsAre: 'sequence',
    outputRate: null,
    assets: '[]',
    wordsObject: null,
    wordsGeneration: null,
    wordsHash: null,
    coverObject: null,
    coverGeneration: null,
    coverHash: null,
    recogniser: null,
    providerKeys: '{}',
    variables: '{}',
    decisionRevision: 0,
    reviewed: false,
    contentHash: 'hash',
    files: 'cover.jpg episode.mp3 manifest.json',
  }
  const published = {
    title: 'One',
    description: '',
    contentHash: 'hash',
    durationSeconds: 1,
    audioBytes: 1,
    hasTranscript: false,
    coverFile: 'cover.jpg',
    hasOwnAddress: true,
  }
  ;[one] = (await world.database.rows<typeof one>(
    `WITH u AS (INSERT INTO users (id) VALUES ('${user}')),
     m AS (INSERT INTO media_items (user_id, kind, bucket, object, generation, content_hash, bytes)
           VALUES ('${user}', 'recording', :bucket, :recording, :generation, 'h', 1)),
     p AS (INSERT INTO podcasts (user_id, slug) VALUES ('${user}', 'show') RETURNING id),
     e AS (INSERT INTO episodes (user_id, podcast_id, slug, title, status, content_hash, duration_seconds, audio_bytes, published, published_at)
           SELECT '${user}', id, 'one', 'One', 'published', 'hash', 1, 1, CAST(:published AS jsonb), now() FROM p RETURNING id, podcast_id),
     r AS (INSERT INTO runs (user_id, episode_id, status, finished_at, settings, context)
           SELECT '${user}', id, 'finished', now(), CAST(:settings AS jsonb), CAST(:context AS jsonb) FROM e RETURNING id),
     s AS (INSERT INTO steps (run_id, step, part, status, context, input_key, output)
           SELECT id, 'prepare', 0, 'done', '{}', '${'a'.repeat(32)}', jsonb_build_object('pcmObject', CAST(:result AS text)) FROM r)
     SELECT e.id AS "episodeId", e.podcast_id AS "podcastId", r.id AS "runId" FROM e, r`,
    {
      bucket: buckets().uploads,
      recording,
      generation,
      result,
      context: JSON.stringify(context),
      settings: JSON.stringify(defaultTemplate()),
      published: JSON.stringify(published),
    },
  )) as [typeof one]
  const { episodeId, podcastId } = one
  await put('work', result)
  for (const file of ['cover.jpg', 'episode.mp3', 'manifest.json'])
    await put('episodes', episodeName(episodeId, 'hash', file), file)
  await put('public', audioName(podcastId, episodeId), 'episode.mp3')
  await put('public', publicName(podcastId, episodeId, 'hash', 'cover.jpg'), 'cover.jpg')
  await put('public', feedName(podcastId), `<item>p/${podcastId}/${episodeId}/episode.mp3</item>`)
})

/** Then nothing is too young to be an orphan. */
const tomorrow = () => Date.now() + 25 * 3600_000

async function orphans(): Promise<string[]> {
  const found = []
  for await (const { bucket, prefix } of findOrphans(world.services, tomorrow()))
    found.push(`${bucket} ${prefix}`)
  return found
}

async function repaired(options: RepairOptions = {}): Promise<string[]> {
  const found = []
  for await (const { fault, done } of repair(world.services, options))
    found.push(done === undefined ? fault : `${fault}: ${done}`)
  return found
}

async function everything(): Promise<string[]> {
  const found = []
  for (const bucket of Object.values(buckets()))
    for await (const { name, generation } of world.services.storage.walk(bucket, ''))
      found.push(`${name} ${generation}`)
  return found
}

test('What is whole is left alone, and nothing of it is an orphan', async () => {
  expect(await repaired()).toEqual([])
  expect(await orphans()).toEqual([])
})

test('A feed that has the newest so many, or an episode that is heard elsewhere, is no wrong feed', async () => {
  const { rows } = world.database
  await rows(
    `INSERT INTO episodes (user_id, podcast_id, slug, title, status, published_at, published, imported)
     SELECT user_id, podcast_id, 'old', 'Old', 'published', '2020-01-01',
            '{"title":"Old","elsewhere":{"audio":{"url":"https://old.test/old.mp3","type":"audio/mpeg"}}}', '{}'
     FROM episodes WHERE id = :id`,
    { id: one.episodeId },
  )
  expect(await repaired()).toEqual(['feed_wrong: written again'])
  expect(await repaired()).toEqual([])
  await rows(`UPDATE podcasts SET settings = settings || '{"feedLimit":1}' WHERE id = :id`, {
    id: one.podcastId,
  })
  expect(await repaired()).toEqual(['feed_wrong: written again'])
  expect(await repaired()).toEqual([])
})

describe('Missing or wrong', () => {
  test.each([
    ['the recording', () => gone('uploads', recording), ['recording_missing'], ['recording_missing']],
    ['a working file', () => gone('work', result), ['results_missing'], ['results_missing']],
    [
      'a deliverable',
      () => gone('episodes', episodeName(one.episodeId, 'hash', 'manifest.json')),
      ['deliverables_missing: made again by run …'],
      [],
    ],
    [
      'the public audio',
      () => gone('public', audioName(one.podcastId, one.episodeId)),
      ['public_files_wrong: copied again'],
      [],
    ],
    [
      'the public audio’s bytes',
      async () => {
        await gone('public', audioName(one.podcastId, one.episodeId))
        await put('public', audioName(one.podcastId, one.episodeId), 'older bytes')
      },
      ['public_files_wrong: copied again'],
      [],
    ],
    [
      'a public file',
      () => gone('public', publicName(one.podcastId, one.episodeId, 'hash', 'cover.jpg')),
      ['public_files_wrong: copied again'],
      [],
    ],
    ['the feed', () => gone('public', feedName(one.podcastId)), ['feed_wrong: written again'], []],
    [
      'the feed’s item',
      async () => {
        await gone('public', feedName(one.podcastId))
        await put('public', feedName(one.podcastId), '<rss/>')
      },
      ['feed_wrong: written again'],
      [],
    ],
    [
      'the finished audio with its public copy',
      async () => {
        await gone('public', audioName(one.podcastId, one.episodeId))
        await gone('episodes', episodeName(one.episodeId, 'hash', 'episode.mp3'))
      },
      [
        'deliverables_missing: made again by run …',
        expect.stringMatching(/^public_files_wrong: not repaired/),
      ],
      [], // its run is at work, and is left alone
    ],
  ] as const)(
    '%s is found; a dry run changes nothing; repaired once it stays so',
    async (_what, lose, found, again) => {
      await lose()
      const before = await everything()
      const faults = (await repaired({ dryRun: true })).sort()
      expect(await everything()).toEqual(before)
      expect(await world.database.rows('SELECT 1 FROM runs')).toHaveLength(1)
      const done = (await repaired()).map((each) => each.replace(/run [0-9a-f-]+$/, 'run …'))
      expect(done).toEqual(found)
      expect(done.map((each) => each.replace(/:.*$/, '')).sort()).toEqual(faults)
      expect(await repaired()).toEqual(again)
    },
  )
})

describe('Objects that no row knows', () => {
  const other = '00000000-0000-4000-8000-000000000009'
  const strays = () => [
    `episodes e/${one.episodeId}/older/`,
    `episodes e/${other}/hash/`,
    `public p/${one.podcastId}/${other}/`,
    `public p/${other}/feed.xml`,
    `uploads u/${user}/show/two/talk.wav`,
    `work stray`,
    `work w/${user}/${'b'.repeat(32)}/`,
    `work w/bert/${'a'.repeat(32)}/`,
  ]

  test('are found a day later, folder by folder, and deleted only when that is asked for; uploads never', async () => {
    for (const stray of strays()) {
      const [bucket, name] = stray.split(' ') as ['work', string]
      await put(bucket, name.endsWith('/') ? `${name}1` : name)
      if (name.endsWith('/')) await put(bucket, `${name}2`)
    }
    await put('uploads', `u/${user}/mail/mail.json`, '{}') // settings, read where they lie
    expect(await repaired({ deleteOrphans: true })).toEqual([]) // too young
    expect((await orphans()).sort()).toEqual(strays().sort())
    await repaired({ deleteOrphans: true, now: tomorrow() })
    expect(await orphans()).toEqual([`uploads u/${user}/show/two/talk.wav`])
    expect(await repaired()).toEqual([])
  })

  test('are told from those that one does, across many pages', async () => {
    const keys = Array.from({ length: 1050 }, (_, i) => String(i).padStart(32, '0'))
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => put('work', `w/${user}/${key}/x`, '')))
    await world.database.rows(
      `INSERT INTO steps (run_id, step, part, context, input_key)
       SELECT :runId, 'cut', i, '{}', lpad(i::text, 32, '0') FROM generate_series(0, 1049) AS i WHERE i <> 777`,
      { runId: one.runId },
    )
    expect(await orphans()).toEqual([`work w/${user}/${keys[777]}/`])
  })
})
