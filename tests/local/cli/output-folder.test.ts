// The folder of finished files: whole or as it was, and nothing of an earlier episode among the new files.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fillFolder, folderOf } from '../../../local/cli/output-folder.ts'

const manifest = JSON.stringify({ version: 1, files: ['cover.jpg', 'episode.mp3', 'manifest.json'] })
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spool-out-'))
  writeFileSync(path.join(folder, 'episode.mp3'), 'old')
  writeFileSync(path.join(folder, 'cover.jpg'), 'old')
  writeFileSync(path.join(folder, 'manifest.json'), manifest)
  writeFileSync(path.join(folder, 'notes.txt'), 'mine')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const content = () =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]))

test('new files replace old ones, old ones that have no successor go, the rest is not touched', async () => {
  const files = await fillFolder(folder, ['episode.mp3', 'transcript.txt'], (_, to) => writeFile(to, 'new'))
  expect(content()).toMatchObject({ 'episode.mp3': 'new', 'transcript.txt': 'new', 'notes.txt': 'mine' })
  expect(Object.keys(content())).not.toContain('cover.jpg')
  expect(files).toEqual({
    'episode.mp3': path.join(folder, 'episode.mp3'),
    'transcript.txt': path.join(folder, 'transcript.txt'),
  })
})

test('when a file cannot be fetched, everything stays as it was', async () => {
  const fetching = fillFolder(folder, ['episode.mp3', 'transcript.txt'], async (file, to) => {
    if (file === 'transcript.txt') throw new Error('the connection broke')
    await writeFile(to, 'new')
  })
  await expect(fetching).rejects.toThrow('the connection broke')
  expect(content()).toEqual({
    ...{ 'episode.mp3': 'old', 'cover.jpg': 'old' },
    ...{ 'manifest.json': manifest, 'notes.txt': 'mine' },
  })
})

test('a folder in which files of such names are somebody’s own is left as it is, and one that was filled before is filled again', async () => {
  const fill = (files: readonly string[]) => fillFolder(folder, files, (_, to) => writeFile(to, 'new'))
  writeFileSync(path.join(folder, 'transcript.srt'), 'mine')
  await expect(fill(['episode.mp3'])).rejects.toThrow(/though they are yours: transcript\.srt/)
  rmSync(path.join(folder, 'manifest.json'))
  await expect(fill(['episode.mp3'])).rejects.toThrow(/yours: .*episode\.mp3/)
  expect(content()).toMatchObject({ 'episode.mp3': 'old', 'cover.jpg': 'old', 'transcript.srt': 'mine' })
  for (const file of ['episode.mp3', 'cover.jpg', 'transcript.srt']) rmSync(path.join(folder, file))
  await fill(['episode.mp3']) // an imported episode has no manifest
  await fill(['episode.mp3', 'transcript.srt'])
  expect(content()).toMatchObject({ 'episode.mp3': 'new', 'transcript.srt': 'new', 'notes.txt': 'mine' })
})

test('a file where the folder should be is said to be one', async () => {
  const file = path.join(folder, 'notes.txt')
  for (const out of [file, path.join(file, 'inside')])
    await expect(fillFolder(out, [], () => Promise.resolve())).rejects.toMatchObject({
      code: 'bad_output',
    })
})

test('episodes of one name in different shows have a folder each, and keep it', () => {
  const [trial, mine] = ['trial.talk', 'My-show'].map((podcast, i) => ({ id: `${i}`, podcast, slug: 'talk' }))
  const newestFirst = [mine!, trial!]
  const folders = [folderOf(trial!, [trial!]), ...[trial!, mine!].map((each) => folderOf(each, newestFirst))]
  expect(folders.map((each) => path.relative('.', each))).toEqual([
    'episodes/talk',
    'episodes/talk',
    'episodes/My-show/talk',
  ])
  expect(path.relative('.', folderOf(mine!, newestFirst, 'review'))).toBe('review/My-show/talk')
})

test.each(['../../talk', '..', ''])('an episode called %j by a server stays among the episodes', (slug) => {
  const folder = folderOf({ id: '1', podcast: '..', slug }, [{ id: '0' }])
  expect(path.dirname(folder)).toBe(path.resolve('episodes/unnamed'))
})
