// The tag in front of an episode, read back by a reader that is not its writer.
import { describe, expect, test } from '@jest/globals'
import { parseBuffer } from 'music-metadata'
import sharp from 'sharp'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { fitCover } from '../../shared/feed/cover.ts'
import { fittedTag, id3Tag, type Tagged } from '../../shared/feed/tags.ts'
import { infoFrame } from '../../shared/mastering/mp3.ts'
import { withFile } from '../support/audio.ts'

const sampleRate = 48000
const chapters = [
  { startMs: 0, endMs: 3000, title: 'Intro' },
  { startMs: 3000, endMs: 100_001, title: 'Gespräch über 第一集' },
  { startMs: 100_001, endMs: 120_000, title: 'Outro' },
]
const tagged = (change: Partial<Tagged> = {}): Tagged => ({
  title: 'Bits & Bäume',
  podcastTitle: 'Käse & Co',
  author: 'Anna',
  description: 'On cheese – and trees.',
  chapters,
  cover: undefined,
  ...change,
})

async function readBack(change: Partial<Tagged> = {}) {
  const audio = infoFrame({ sampleRate, channels: 2, bitrateKbps: 128 }, 120 * sampleRate, 100_000)
  const { common, native } = await parseBuffer(Buffer.concat([await id3Tag(tagged(change)), audio]), {
    mimeType: 'audio/mpeg',
  })
  const frames = Object.values(native).flat()
  const all = <T>(id: string) => frames.filter((frame) => frame.id === id).map(({ value }) => value as T)
  return { common, all }
}

interface ChapterFrame {
  label: string
  info: { startTime: number; endTime: number }
  frames: Map<string, string>
}

test('title, podcast, author and description', async () => {
  const { common } = await readBack()
  expect(common).toMatchObject({
    title: 'Bits & Bäume',
    album: 'Käse & Co',
    artist: 'Anna',
    genre: ['Podcast'],
  })
  expect(common.comment).toMatchObject([{ text: 'On cheese – and trees.' }])
})

test('chapters in milliseconds, and a table of contents that names them in order', async () => {
  const { all } = await readBack()
  const marks = all<ChapterFrame>('CHAP')
  expect(marks.map(({ info }) => [info.startTime, info.endTime])).toEqual([
    [0, 3000],
    [3000, 100_001],
    [100_001, 120_000],
  ])
  expect(marks.map(({ frames }) => frames.get('TIT2'))).toEqual(chapters.map(({ title }) => title))
  expect(all('CTOC')).toMatchObject([
    { childElementIds: marks.map(({ label }) => label), flags: { topLevel: true, ordered: true } },
  ])
})

test('a single chapter is none', async () => {
  const { all } = await readBack({ chapters: chapters.slice(0, 1) })
  expect([all('CHAP'), all('CTOC')]).toEqual([[], []])
})

test('the cover, byte for byte', async () => {
  const picture = await sharp({ create: { width: 1500, height: 1600, channels: 3, background: '#336699' } })
    .png()
    .toBuffer()
  const { jpeg } = await fitCover(picture, 'cover.png')
  const { common } = await readBack({ cover: jpeg })
  expect(common.picture).toMatchObject([{ format: 'image/jpeg', type: 'Cover (front)' }])
  expect(Buffer.from(common.picture![0]!.data).equals(jpeg)).toBe(true)
})

/** The same, as ffmpeg reads it. */
async function probed(change: Partial<Tagged>) {
  const frames = Buffer.concat(
    Array.from({ length: 20 }, () =>
      infoFrame({ sampleRate, channels: 2, bitrateKbps: 128 }, 120 * sampleRate, 100_000),
    ),
  )
  return await withFile(Buffer.concat([await id3Tag(tagged(change)), frames]), async (file) => {
    const args = ['-f', 'mp3', '-i', file, '-print_format', 'json', '-show_format', '-show_chapters']
    return JSON.parse(await ffprobe(args, new AbortController().signal)) as {
      format: { tags: Record<string, string> }
      chapters: { start_time: string; tags: { title: string } }[]
    }
  })
}

const facts = { number: 7, season: 2, date: '2026-03-04', language: 'de-CH' }

test('number, season, day and language, as two readers find them', async () => {
  const { common, all } = await readBack(facts)
  expect(common).toMatchObject({
    albumartist: 'Anna',
    track: { no: 7 },
    disk: { no: 2 },
    year: 2026,
    language: 'deu',
  })
  expect([all('TDAT'), common.comment]).toMatchObject([['0403'], [{ language: 'deu' }]])
  const { format } = await probed(facts)
  expect(format.tags).toMatchObject({
    title: 'Bits & Bäume',
    album: 'Käse & Co',
    artist: 'Anna',
    album_artist: 'Anna',
    genre: 'Podcast',
  })
  expect(format.tags).toMatchObject({ track: '7', disc: '2', date: '2026-03-04', language: 'deu' })
})

test.each([
  ['en', 'eng'],
  ['pt-BR', 'por'],
  ['zh', 'zho'],
  ['gsw', 'gsw'],
  ['ger', 'deu'],
  ['tlh-Latn', 'tlh'],
  ['??', 'und'],
])('%s is %s', async (language, threeLetters) => {
  const { common } = await readBack({ language })
  expect(common.language).toBe(threeLetters)
})

test('an episode of which no more is known has no number, season or year', async () => {
  const { common } = await readBack()
  expect([common.track.no, common.disk.no, common.year]).toEqual([null, null, undefined])
})

test('any script survives, in titles of the episode and of chapters', async () => {
  const title = '👩‍🚀 第一集 – Ünïcödé عربى'
  const named = chapters.map((chapter) => ({ ...chapter, title: `${title} ${chapter.title}` }))
  const { common, all } = await readBack({ title, description: title, chapters: named })
  expect([common.title, common.comment![0]!.text]).toEqual([title, title])
  expect(all<ChapterFrame>('CHAP').map(({ frames }) => frames.get('TIT2'))).toEqual(
    named.map((chapter) => chapter.title),
  )
  const read = await probed({ title, chapters: named })
  expect(read.format.tags['title']).toBe(title)
  expect(read.chapters.map(({ start_time, tags }) => [Number(start_time), tags.title])).toEqual(
    named.map((chapter, i) => [[0, 3, 100.001][i], chapter.title]),
  )
})

test('a chapter has its address, and one for machines only is not in the tag, whoever reads it', async () => {
  const [first, second, third] = chapters
  const hidden = [{ ...first!, url: 'https://example.com/a' }, { ...second!, isHidden: true }, third!]
  const { all } = await readBack({ chapters: hidden })
  const marks = all<ChapterFrame>('CHAP')
  expect(marks[0]!.frames.get('WXXX')).toMatchObject({ url: 'https://example.com/a' })
  expect(marks.map(({ frames }) => frames.get('TIT2'))).toEqual(['Intro', 'Outro'])
  expect(all('CTOC')).toMatchObject([{ childElementIds: marks.map(({ label }) => label) }])
  const read = await probed({ chapters: hidden })
  expect(read.chapters.map(({ tags }) => tags.title)).toEqual(['Intro', 'Outro'])
})

test('the table of contents has a title, and pictures a description in plain letters', async () => {
  const cover = await noise(50)
  const tag = await id3Tag(tagged({ cover }))
  expect(tag.subarray(tag.indexOf('CTOC')).includes('TIT2')).toBe(true)
  expect(tag.includes(Buffer.from('Cover', 'utf16le'))).toBe(true)
})

/** A picture that no JPEG makes small. */
const noise = (side: number): Promise<Buffer> =>
  sharp({
    create: { width: side, height: side, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 60 } },
  } as never)
    .jpeg({ quality: 95 })
    .toBuffer()

test.each([
  [12, 12, ['cover_fitted']],
  [200, 80, ['cover_fitted', 'chapters_repaired']],
])('a tag with %i large pictures stays under 3 MiB, and says what was done', async (count, least, codes) => {
  const pictures = new Map([['a.jpg', await noise(800)]])
  const many = Array.from({ length: count }, (_, i) => ({
    startMs: 1000 * i,
    endMs: 1000 * (i + 1),
    title: `${i}`,
    picture: 'a.jpg',
  }))
  const { tag, warnings } = await fittedTag(tagged({ chapters: many, pictures }))
  expect([tag.length <= 3 * 1024 * 1024, warnings.map(({ code }) => code)]).toEqual([true, codes])
  expect(tag.toString('latin1').split('APIC').length - 1).toBeGreaterThanOrEqual(Math.min(least, 15))
})

test('a tag with small pictures keeps them as they are, without a word', async () => {
  const pictures = new Map([['a.jpg', await noise(100)]])
  const own = tagged({ chapters: chapters.map((chapter) => ({ ...chapter, picture: 'a.jpg' })), pictures })
  expect(await fittedTag(own)).toEqual({ tag: await id3Tag(own), warnings: [] })
})

describe('A cover', () => {
  test('of noise has at most 500 kB, and what was done is said', async () => {
    const { jpeg, changes } = await fitCover(await noise(1600), 'cover.jpg')
    expect(jpeg.length).toBeLessThanOrEqual(500_000)
    expect(changes.join()).toMatch(/lower quality, so that it has at most 500 kB/)
    expect((await sharp(jpeg).metadata()).width).toBeGreaterThanOrEqual(1400)
  })

  test('held sideways is upright, and so are the numbers that say it was cropped', async () => {
    const sideways = await sharp({
      create: { width: 2000, height: 1500, channels: 3, background: '#336699' },
    })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const { jpeg, changes } = await fitCover(sideways, 'cover.jpg')
    expect(changes).toEqual(['cropped from 1500×2000 to a square'])
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 1500, height: 1500 })
  })
})

test('more chapters than one table of contents can name are all there, with a single table', async () => {
  const many = Array.from({ length: 300 }, (_, i) => ({
    startMs: 1000 * i,
    endMs: 1000 * (i + 1),
    title: `${i}`,
  }))
  const { all } = await readBack({ chapters: many })
  expect(all('CHAP').length).toBe(300)
  expect(all<{ childElementIds: string[] }>('CTOC')[0]!.childElementIds.length).toBe(255)
})

test('the same episode has the same tag, byte for byte', async () => {
  expect((await id3Tag(tagged())).equals(await id3Tag(tagged()))).toBe(true)
})
