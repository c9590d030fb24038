// Chapters through the real pipeline: marks of a recording, supplied or brought by it, stand in the finished
// episode where the same sound stands.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { parseRssFeed } from 'feedsmith'
import sharp from 'sharp'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { decodeFile, run, tone, withFile } from '../support/audio.ts'
import { likeliest } from '../support/likeness.ts'
import { said, wav, type SaidRecording } from '../support/recordings.ts'
import { aWorld, user, type World, type WorldOptions } from '../support/world.ts'

const sampleRate = 48_000
let talk: SaidRecording
let sound: Float32Array
/** Where the sentences with these first words begin, in seconds. */
let marks: { title: string; startSeconds: number }[]

beforeAll(async () => {
  talk = await said(
    ...['Welcome to our little show about the moon and the sun.', 3.0],
    ...['First we hear, um, how far away the moon is tonight.', 2.4],
    ...['Second we talk, um, about the price of rocks and stones.', 2.8],
    ...['Thank you all for listening to us today.', 0.6],
  )
  ;[sound] = (await decodeFile(talk.wav, sampleRate, 1)) as [Float32Array]
  const { words } = JSON.parse(talk.words) as { words: { text: string; start: number }[] }
  const startOf = (text: string) => words.find((word) => word.text.startsWith(text))!.start
  marks = [
    { title: 'The moon', startSeconds: startOf('First') },
    { title: 'The price of rocks', startSeconds: startOf('Second') },
    { title: 'Goodbye', startSeconds: startOf('Thank') },
  ]
})

const place = (file: string) => `u/${user}/show/moon/${file}`
const template = {
  segments: [{ type: 'intro', source: { kind: 'static', file: 'tone.wav' } }, { type: 'content' }],
  cleaning: { maxRemovedShare: 1 },
  output: { channels: 'mono' }, // encoded in half the time
}
const episode = {
  title: 'Moons',
  description: 'On moons.',
  number: 3,
  season: 2,
  date: '2026-05-06',
  speakers: { Ada: 'Ada Lovelace' },
}

const showCover = async (): Promise<Buffer> =>
  await sharp({ create: { width: 1400, height: 1400, channels: 3, background: 'red' } })
    .png()
    .toBuffer()

async function anEpisode(
  recording: { file: string; bytes: Buffer },
  chapters?: { file: string; text: string },
  options: WorldOptions = {},
) {
  const world = await aWorld(options)
  await world.upload(`u/${user}/show/assets/tone.wav`, wav(tone(sampleRate, 2, 440, -20), sampleRate))
  await world.upload(`u/${user}/show/assets/cover.png`, await showCover())
  await world.upload(place('words.json'), talk.words)
  await world.upload(place('template.json'), JSON.stringify(template))
  await world.upload(place('episode.json'), JSON.stringify(episode))
  if (chapters) await world.upload(place(chapters.file), chapters.text)
  await world.arrive(await world.upload(place(recording.file), recording.bytes))
  await world.runToEnd()
  const [{ id }] = (await world.database.rows<{ id: string }>('SELECT id FROM runs')) as [{ id: string }]
  return { world, run: await world.run(id) }
}

async function deliverable(world: World, name: string): Promise<Buffer> {
  const [files] = await world.storage.bucket(world.services.config.buckets.episodes).getFiles()
  return (await files.find((file) => file.name.endsWith(`/${name}`))!.download())[0]
}

interface Found {
  readonly startTime: number
  readonly title: string
  readonly url?: string
}
const chaptersIn = async (world: World): Promise<Found[]> =>
  (JSON.parse((await deliverable(world, 'chapters.json')).toString()) as { chapters: Found[] }).chapters

/**
 * By how many samples the sound that begins at `second` of the episode is late against that at `startSeconds`
 * of the recording.
 */
function lateness(
  heard: Float32Array,
  second: number,
  startSeconds: number,
): { samples: number; likeness: number } {
  const from = Math.round(startSeconds * sampleRate)
  const wanted = sound.subarray(from, from + 0.5 * sampleRate)
  const { late, likeness } = likeliest(heard, wanted, Math.round(second * sampleRate), 480)
  return { samples: late, likeness }
}

/** A millisecond is as fine as the written forms are. */
const mostLateSamples = 48

async function expectMarksWhereTheyAreHeard(world: World): Promise<void> {
  const mp3 = await deliverable(world, 'episode.mp3')
  const [heard] = (await decodeFile(mp3, sampleRate, 1)) as [Float32Array]
  expect(heard.length / sampleRate).toBeLessThan(2 + talk.seconds - 4) // pauses and fillers were cut
  const chapters = await chaptersIn(world)
  expect(chapters.map(({ title }) => title)).toEqual(['Intro', 'Moons', ...marks.map(({ title }) => title)])
  expect(chapters.slice(0, 2).map(({ startTime }) => startTime)).toEqual([0, 2])
  for (const { title, startSeconds } of marks) {
    const { startTime } = chapters.find((chapter) => chapter.title === title)!
    expect(startTime).not.toBeCloseTo(2 + startSeconds, 1)
    const { samples, likeness } = lateness(heard, startTime, startSeconds)
    expect(likeness).toBeGreaterThan(0.9)
    expect(Math.abs(samples)).toBeLessThanOrEqual(mostLateSamples)
  }
  const probed = await withFile(mp3, (file) =>
    ffprobe(['-i', file, '-print_format', 'json', '-show_chapters'], new AbortController().signal),
  )
  const inTag = (JSON.parse(probed) as { chapters: { start_time: string; tags: { title: string } }[] })
    .chapters
  expect(inTag.map(({ start_time, tags }) => ({ startTime: Number(start_time), title: tags.title }))).toEqual(
    chapters.map(({ startTime, title }) => ({ startTime, title })),
  )
}

/** Its width and height. */
async function pictureIn(mp3: Buffer): Promise<number[]> {
  const probed = await withFile(mp3, (file) =>
    ffprobe(['-i', file, '-print_format', 'json', '-show_streams'], new AbortController().signal),
  )
  const { streams } = JSON.parse(probed) as { streams: { width?: number; height?: number }[] }
  return streams.flatMap(({ width, height }) => (width === undefined ? [] : [width, height!]))
}

/**
 * The talk in another container, with its chapters inside, made by ffmpeg. The first is at 0: an MP4's always
 * is, whatever was asked for.
 */
async function withChaptersInside(file: string, ...encode: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'spool-chapters-'))
  try {
    const inside = [{ title: episode.title, startSeconds: 0 }, ...marks]
    const ends = [...marks.map(({ startSeconds }) => startSeconds), talk.seconds]
    const metadata = inside.map(
      ({ title, startSeconds }, i) =>
        `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${Math.round(1000 * startSeconds)}\nEND=${Math.round(1000 * ends[i]!)}\ntitle=${title}\n`,
    )
    const [source, info, made] = ['talk.wav', 'info.txt', file].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(source, talk.wav)
    writeFileSync(info, [';FFMETADATA1', ...metadata].join('\n'))
    await run(['-i', source, '-i', info, '-map', '0:a', '-map_chapters', '1', ...encode, made])
    return await readFile(made)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('Marks supplied beside a recording', () => {
  test('stand where they are heard after the cuts: in chapters.json, in the tag, and in the feed', async () => {
    const chapters = [...marks, { title: 'Late', startSeconds: 999 }].map(({ title, startSeconds }) => ({
      startTime: startSeconds,
      title,
    }))
    const text = JSON.stringify({ version: '1.2.0', chapters: [...chapters].reverse() })
    const { world, run: finished } = await anEpisode(
      { file: 'talk.wav', bytes: talk.wav },
      { file: 'chapters.json', text },
    )
    expect(finished.status).toBe('finished')
    const repaired = finished.warnings.filter(({ code }) => code === 'chapters_repaired')
    expect(repaired.map(({ message }) => message)).toEqual([
      'chapters.json has chapters that were put right: 1 mark outside of the recording, left out; the marks were not in order.',
    ])
    await expectMarksWhereTheyAreHeard(world)
    expect(await pictureIn(await deliverable(world, 'episode.mp3'))).toEqual([1400, 1400]) // the show's

    const [files] = await world.storage.bucket(world.services.config.buckets.public).getFiles()
    const feed = (await files.find(({ name }) => name.endsWith('feed.xml'))!.download())[0].toString()
    const [item] = parseRssFeed(feed).items!
    const found = await chaptersIn(world)
    expect(item!.description).toMatch(/^On moons\.\n\n00:00:00 Intro\n00:00:02 Moons\n00:00:\d\d The moon\n/)
    expect(item!.psc!.chapters!.map(({ title, start }) => [title, Number(start!.slice(6))])).toEqual(
      found.map((one) => [one.title, one.startTime]),
    )
    expect([item!.itunes!.episode, item!.itunes!.season]).toEqual([3, 2])
    expect((await deliverable(world, 'transcript.vtt')).toString()).toContain('<v Ada Lovelace>')
    expect((await deliverable(world, 'review.html')).toString()).toContain('<b>Ada Lovelace</b>')
  })

  test('that cannot be read fail the run at once, naming the line', async () => {
    const { run: failed } = await anEpisode(
      { file: 'talk.wav', bytes: talk.wav },
      { file: 'chapters.txt', text: '00:00 Hello\nsoon Goodbye\n' },
    )
    expect(failed).toMatchObject({ status: 'failed', stopReason: 'bad_chapters' })
    expect(failed.errorMessage).toMatch(/^chapters\.txt.*line 2: "soon Goodbye"/)
  })
})

describe('Marks that a recording brings with it', () => {
  test.each([
    ['talk.m4a', ['-c:a', 'aac', '-b:a', '160k']],
    ['talk.mp3', ['-c:a', 'libmp3lame', '-b:a', '160k', '-id3v2_version', '3']],
    ['talk.mka', ['-c:a', 'flac']],
  ])('as %s does, stand where they are heard after the cuts', async (file, encode) => {
    const recording = { file, bytes: await withChaptersInside(file, ...encode) }
    const { world, run: finished } = await anEpisode(recording, undefined, { until: 'finish' })
    expect(finished.status).toBe('finished')
    await expectMarksWhereTheyAreHeard(world)
  })

  test('give way to those supplied beside it', async () => {
    const text = `00:00:00 All of it <https://example.com/all>\n`
    const bytes = await withChaptersInside('talk.mka', '-c:a', 'flac')
    const recording = { file: 'talk.mka', bytes }
    const { world } = await anEpisode(recording, { file: 'chapters.txt', text }, { until: 'finish' })
    expect(await chaptersIn(world)).toEqual([
      { startTime: 0, title: 'Intro' },
      { startTime: 2, title: 'All of it', url: 'https://example.com/all' },
    ])
  })
})

describe('Tag, chapters.json and feed', () => {
  const chaptersFile = (...list: object[]) => JSON.stringify({ version: '1.2.0', chapters: list })

  /** The starts in milliseconds and the titles, as each of the three has them. */
  async function lists(world: World) {
    const { storage, services } = world
    const [files] = await storage.bucket(services.config.buckets.public).getFiles()
    const feed = (await files.find(({ name }) => name.endsWith('feed.xml'))!.download())[0].toString()
    const [item] = parseRssFeed(feed).items!
    const told = item!.podcast!.chapters!.url!.slice(services.config.publicBaseUrl.length + 1)
    const json = JSON.parse((await files.find(({ name }) => name === told)!.download())[0].toString()) as {
      chapters: (Found & { toc?: false })[]
    }
    const mp3 = (await files.find(({ name }) => name.endsWith('/episode.mp3'))!.download())[0]
    const probed = await withFile(mp3, (file) =>
      ffprobe(['-i', file, '-print_format', 'json', '-show_chapters'], new AbortController().signal),
    )
    const inTag = (
      JSON.parse(probed) as { chapters: { start_time: string; end_time: string; tags: { title: string } }[] }
    ).chapters
    return {
      mp3,
      inTag,
      tag: inTag.map(({ start_time, tags }) => [Math.round(1000 * Number(start_time)), tags.title]),
      json: json.chapters
        .filter(({ toc }) => toc !== false)
        .map(({ startTime, title }) => [Math.round(1000 * startTime), title]),
      psc: item!.psc!.chapters!.map(({ start, title }) => [
        Math.round(1000 * Number(start!.slice(6))),
        title,
      ]),
      lines: item!.description!.split('\n').slice(2),
    }
  }

  test('have the same chapters, to the sample the gapless end, and change together', async () => {
    const first = chaptersFile(
      { startTime: 0.4, title: 'Hello' },
      { startTime: 3, title: 'unlisted', toc: false },
      { startTime: 5.0005, title: 'More' },
      { startTime: talk.seconds - 0.35, title: 'Last' },
    )
    const { world } = await anEpisode(
      { file: 'talk.wav', bytes: talk.wav },
      { file: 'chapters.json', text: first },
    )
    const before = await lists(world)
    expect(before.tag.map(([, title]) => title)).toEqual(['Intro', 'Hello', 'More', 'Last'])
    expect([before.json, before.psc]).toEqual([before.tag, before.tag])
    expect(before.lines.map((line) => line.slice(9))).toEqual(before.tag.map(([, title]) => title))

    const xing = before.mp3.indexOf('Info')
    const gapless = before.mp3.readUIntBE(before.mp3.indexOf('LAME') + 21, 3)
    const samples = before.mp3.readUInt32BE(xing + 8) * 1152 - (gapless >> 12) - (gapless & 0xfff)
    const certificate = JSON.parse((await deliverable(world, 'certificate.json')).toString()) as {
      durationSeconds: number
    }
    expect(certificate.durationSeconds).toBeCloseTo(samples / sampleRate, 3)
    const ends = before.inTag.map(({ end_time }) => Math.round(1000 * Number(end_time)))
    expect(ends).toEqual([
      ...before.tag.slice(1).map(([start]) => start),
      Math.floor((1000 * samples) / sampleRate),
    ])

    await world.upload(place('chapters.json'), chaptersFile({ startTime: 4, title: 'Other' }))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const after = await lists(world)
    expect(after.tag.map(([, title]) => title)).toEqual(['Intro', 'Moons', 'Other'])
    expect([after.json, after.psc]).toEqual([after.tag, after.tag])
    expect(after.lines.map((line) => line.slice(9))).toEqual(after.tag.map(([, title]) => title))
  })
})

test('Chapters that are wanted from the words alone are in the episode, where the subject changes, without being asked for', async () => {
  const glue = 'and then that was what they said about this because there would have been some more'.split(
    ' ',
  )
  const subjects = [
    'bees honey hive queen swarm pollen beekeeper nectar comb smoke'.split(' '),
    'trains railway station engine track signal carriage timetable driver platform'.split(' '),
  ]
  const wordsOfOne = 300
  const apart = 0.24
  const pauseSeconds = 1.4
  const turnSeconds = wordsOfOne * apart + pauseSeconds
  const text = subjects.flatMap((own) =>
    Array.from({ length: wordsOfOne }, (_, i) => (i % 3 === 0 ? own : glue)[(5 * i + (i >> 3)) % 10]!),
  )
  const words = text.map((word, i) => {
    const start = i * apart + (i < wordsOfOne ? 0 : pauseSeconds)
    return { text: word, start, end: start + 0.2 }
  })
  const world = await aWorld()
  await world.upload(place('words.json'), JSON.stringify({ version: 1, language: 'en', words }))
  await world.upload(
    place('template.json'),
    JSON.stringify({ chapters: 'automatic', output: { channels: 'mono' } }),
  )
  const hum = wav(tone(8000, 2 * turnSeconds, 200, -20), 8000) // nothing to align or to cut
  await world.arrive(await world.upload(place('talk.wav'), hum))
  await world.runToEnd()
  const chapters = await chaptersIn(world)
  expect(chapters).toHaveLength(2)
  expect(chapters[1]!.startTime).toBeCloseTo(turnSeconds, 1)
  const own = chapters[1]!.title.toLowerCase().split(', ')
  expect(own.filter((word) => !subjects[1]!.includes(word))).toEqual([])
})
