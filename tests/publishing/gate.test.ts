// The gate: nothing comes before listeners that they could not get as it was made.
import { describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { startPublication } from '../../shared/episode/publication.ts'
import { publicName } from '../../shared/objects.ts'
import { aWorldThatPublishes, mp3Header, type Files } from '../support/publishing.ts'
import type { World } from '../support/world.ts'

const picture = (width: number, height = width) =>
  sharp({ create: { width, height, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer()

const fine = async (): Promise<Files> => ({
  'episode.mp3': Buffer.concat([mp3Header, Buffer.alloc(200)]),
  'transcript.vtt': 'WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n',
  'transcript.json': '{"version":"1.0.0","segments":[]}',
  'chapters.json': '{"version":"1.2.0","chapters":[]}',
  'cover.jpg': await picture(1400),
})

/** Finishes an episode with the files and lets it come to its publication. */
async function publishing(files: Files, before?: (world: World, episodeId: string) => Promise<void>) {
  const { world } = await aWorldThatPublishes(() => files)
  const runId = await world.start({ take: 'take-1' })
  await world.deliver('finish')
  const [{ id }] = (await world.database.rows<{ id: string }>('SELECT id FROM episodes')) as [{ id: string }]
  await before?.(world, id)
  const answer = await world.deliver('publish')
  const [episode] = await world.database.rows<{ status: string; reason: string | null }>(
    'SELECT status, hold_reason AS reason FROM episodes',
  )
  const { warnings } = await world.run(runId)
  const bucket = world.storage.bucket(world.services.config.buckets.public)
  const names = (await bucket.getFiles())[0].map(({ name }) => name)
  return { world, id, answer, episode, warnings, inFeed: names.some((name) => name.endsWith('feed.xml')) }
}

describe('An episode', () => {
  test('whose files are as they should be passes', async () => {
    const { answer, episode, inFeed } = await publishing(await fine())
    expect([answer.outcome, episode, inFeed]).toEqual(['done', { status: 'published', reason: null }, true])
  })

  const spoilt: readonly [string, () => Files | Promise<Files>, RegExp][] = [
    ['audio that is none', () => ({ 'episode.mp3': 'hello' }), /episode\.mp3 has no MP3/],
    [
      'tags that are longer than the file',
      () => ({ 'episode.mp3': Buffer.from('ID3\x04\0\0\x7f\x7f\x7f\x7f', 'latin1') }),
      /ends within its tags/,
    ],
    ['a small cover', async () => ({ 'cover.jpg': await picture(600) }), /jpeg of 600 × 600/],
    ['a cover that is not square', async () => ({ 'cover.jpg': await picture(1400, 1500) }), /1400 × 1500/],
    ['chapters that do not parse', () => ({ 'chapters.json': '{"version":' }), /chapters\.json is not JSON/],
    ['a transcript of another kind', () => ({ 'transcript.vtt': '1\n' }), /transcript\.vtt is not WebVTT/],
  ]
  test.each(spoilt)('with %s is held, with what is wrong', async (_what, spoil, message) => {
    const { episode, warnings, inFeed } = await publishing({ ...(await fine()), ...(await spoil()) })
    expect([episode, inFeed]).toEqual([{ status: 'processed', reason: 'gate_refused' }, false])
    expect(warnings).toMatchObject([{ code: 'held_at_the_gate', message: expect.stringMatching(message) }])
  })

  const astray: readonly [string, { data: string; contentType: string }, RegExp][] = [
    [
      'other bytes',
      { data: 'WEBVTT\n\nother', contentType: 'text/vtt; charset=utf-8' },
      /are not the \d+ of/,
    ],
    [
      'another type',
      { data: 'x', contentType: 'text/html' },
      /is given as text\/html, and should be text\/vtt/,
    ],
  ]
  test.each(astray)(
    'of which listeners would get %s is held',
    async (_what, { data, contentType }, message) => {
      const { warnings, world, id } = await publishing(
        await fine(),
        async ({ storage, services, database }, id) => {
          const [row] = await database.rows<{ podcastId: string }>(
            'SELECT podcast_id AS "podcastId" FROM episodes',
          )
          await storage
            .bucket(services.config.buckets.public)
            .file(publicName(row!.podcastId, id, 'take-1', 'transcript.vtt'))
            .save(data, { contentType, resumable: false })
        },
      )
      expect(warnings).toMatchObject([{ message: expect.stringMatching(message) }])
      const again = await startPublication(world.services, id, 'publish')
      await world.runToEnd()
      expect(await world.run(again)).toMatchObject({ status: 'failed', stopReason: 'gate_refused' })
      expect(await world.database.rows('SELECT status FROM episodes')).toEqual([{ status: 'processed' }])
    },
  )

  test('is tried again while the public address does not answer', async () => {
    const { world } = await aWorldThatPublishes(() => ({ 'transcript.vtt': 'WEBVTT\n' }))
    const runId = await world.start({ take: 'take-1' })
    await world.deliver('finish')
    const [task] = await world.tasks()
    const away = {
      ...world.services,
      config: { ...world.services.config, publicBaseUrl: 'http://127.0.0.1:9' },
    }
    expect(await world.handBy(away, task!.payload)).toMatchObject({ status: 500 })
    expect(await world.run(runId)).toMatchObject({ status: 'started', warnings: [] })
  })
})
