// What a job is called: its show and its episode.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { filesOf, inOwnNames, namesFile, podcastOf } from '../../../local/cli/job-files.ts'
import { findSidecars, slugOf } from '../../../shared/objects.ts'

test('a recording without a show is in no feed with another, nor in that of any show', async () => {
  const [talk, other] = await Promise.all(
    ['talk.wav', 'other.wav'].map((file) => podcastOf({ recordings: [file] })),
  )
  expect(talk).not.toBe(other)
  expect(slugOf(talk!)).not.toBe(talk) // so no show's title makes it
})

test('a show keeps its name when its title changes, where its settings say it', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-show-'))
  const podcast = path.join(dir, 'podcast.json')
  const nameOf = (settings: object) => {
    writeFileSync(podcast, JSON.stringify(settings))
    return podcastOf({ recordings: [], podcast })
  }
  expect(await nameOf({ title: 'Night talk', slug: 'night' })).toBe('night')
  expect(await nameOf({ title: 'Night talk' })).toBe('night-talk')
  await expect(nameOf({ slug: '../other' })).rejects.toMatchObject({ code: 'bad_podcast_file' })
  rmSync(dir, { recursive: true })
})

test.each([
  ['words', 'zug.vtt', 'zug.vtt'],
  ['words', 'zug.json', 'zug.words.json'],
  ['words', 'chapters.vtt', 'chapters.vtt.words.json'],
  ['words', 'labels.txt', 'labels.txt.words.json'],
  ['cover', 'art.PNG', 'art.PNG'],
  ['cover', 'art', 'art.jpg'],
  ['cover', 'cover.txt', 'cover.txt.jpg'],
] as const)('%s from %s keep a name that is found again', async (kind, given, expected) => {
  const files = await filesOf({ recordings: ['talk.wav'], [kind]: `/somewhere/${given}` })
  const names = files.map(({ file }) => file)
  expect(names).toContain(expected)
  expect(findSidecars(names)[kind]).toBe(expected)
})

test.each([
  [{ recordings: ['Zug Gespräch.wav'] }, 'Zug Gespräch'],
  [{ recordings: ['Zug Gespräch.wav'], title: 'Trains' }, 'Trains'],
  [{ recordings: ['talk.wav'], name: 'Folge 2' }, 'Folge 2'],
  [{ recordings: ['talk.wav'] }, undefined], // its folder has the same name
])('%j is titled %s', async (job, title) => {
  const document = (await filesOf(job)).find(({ file }) => file === 'episode.json')?.source
  expect(document && 'text' in document ? JSON.parse(document.text) : {}).toEqual(title ? { title } : {})
})

test('messages call files as they are called here', async () => {
  const files = await filesOf({ recordings: ['talk.wav'], words: 'a/zug.json', cover: 'art' })
  expect(inOwnNames('zug.words.json and art.jpg do not fit talk.wav.', files)).toBe(
    'zug.json and art do not fit talk.wav.',
  )
})

test('a number that is said stands in its settings, beside a name', async () => {
  const files = await filesOf({ recordings: ['talk.wav'], name: 'Folge 2', number: '2' })
  const [source] = files.filter(({ file }) => file === 'episode.json').map((found) => found.source)
  expect(source).toEqual({ text: '{"title":"Folge 2","number":2}' })
})

test('what is typed as a file is one, also where none is there', () => {
  expect(['./nix', 'nix.json', 'shows/night', 'on-tape', 'my talk', 'Folge 3.1'].map(namesFile)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ])
})
