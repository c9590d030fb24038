// The tag in front of an episode, read back by a reader that is not its writer.
import { expect, test } from '@jest/globals'
import { parseBuffer } from 'music-metadata'
import sharp from 'sharp'
import { fitCover } from '../../shared/feed/cover.ts'
import { id3Tag, type Tagged } from '../../shared/feed/tags.ts'
import { infoFrame } from '../../shared/audio/mp3.ts'

const sampleRate = 48000
const chapters = [
  { startSample: 0, endSample: 3 * sampleRate, title: 'Intro' },
  { startSample: 3 * sampleRate, endSample: 100 * sampleRate + 24, title: 'Gespräch über 第一集' },
  { startSample: 100 * sampleRate + 24, endSample: 120 * sampleRate, title: 'Outro' },
]
const tagged = (change: Partial<Tagged> = {}): Tagged => ({
  title: 'Bits & Bäume',
  podcastTitle: 'Käse & Co',
  author: 'Anna',
  description: 'On cheese – and trees.',
  chapters,
  sampleRate,
  cover: undefined,
  ...change,
})

async function readBack(change: Partial<Tagged> = {}) {
  const audio = infoFrame({ sampleRate, channels: 2, bitrateKbps: 128 }, 120 * sampleRate, 100_000)
  const { common, native } = await parseBuffer(Buffer.concat([await id3Tag(tagged(change)), audio]), { mimeType: 'audio/mpeg' })
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
  expect(common).toMatchObject({ title: 'Bits & Bäume', album: 'Käse & Co', artist: 'Anna', genre: ['Podcast'] })
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
  expect(all('CTOC')).toMatchObject([{ childElementIds: marks.map(({ label }) => label), flags: { topLevel: true, ordered: true } }])
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

test('the same episode has the same tag, byte for byte', async () => {
  expect((await id3Tag(tagged())).equals(await id3Tag(tagged()))).toBe(true)
})
