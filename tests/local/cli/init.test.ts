// A show's folder to begin with: good as it is, and what is still to be said of it is known.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { mustBeThere, unfilledShow } from '../../../local/cli/frame.ts'
import { namesFile } from '../../../local/cli/job-files.ts'
import { init, isForShow, stillToFill, summariseInit } from '../../../local/cli/init.ts'
import { parseEpisode } from '../../../shared/settings/episode.ts'
import { parsePodcast } from '../../../shared/settings/podcast.ts'

const folder = path.join(mkdtempSync(path.join(tmpdir(), 'spool-init-')), 'Über & Show')
afterAll(() => rmSync(path.dirname(folder), { recursive: true }))
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8')

test('it names its show after itself, numbers no episode, and says what is still to be filled in', async () => {
  const begun = await init(folder)
  const show = parsePodcast(read('podcast.json'), 'podcast.json')
  expect(show).toMatchObject({ title: 'Über & Show', slug: 'über-show' })
  expect(parseEpisode(read('episode.json'), 'episode.json').number).toBeUndefined()
  expect(stillToFill(show)).toEqual(['author', 'description'])
  expect(stillToFill({ author: 'Ada', description: 'On trains.' })).toEqual([])
  expect(await unfilledShow(path.join(folder, 'podcast.json'))).toMatch(/the author and the description/)
  expect(summariseInit(begun)).toContain(`--podcast '${folder}'`)
})

test('a file where the folder should be is said to be one', async () => {
  await expect(init(path.join(folder, 'podcast.json'))).rejects.toMatchObject({ code: 'bad_output' })
})

test('only a folder that is empty, or a show already, is one that nobody needs to name', async () => {
  const own = path.join(path.dirname(folder), 'own')
  mkdirSync(own)
  expect([await isForShow(own), await isForShow(folder)]).toEqual([true, true])
  writeFileSync(path.join(own, 'talk.wav'), '')
  expect(await isForShow(own)).toBe(false)
})

test('a recording is no show, also where upload takes a name', async () => {
  expect(['talk.wav', 'talk.srt', 'my-show', 'Folge 3.1', 'trial.talk'].filter(namesFile)).toEqual([
    'talk.wav',
    'talk.srt',
  ])
  await expect(mustBeThere({ recordings: [], podcast: 'talk.wav' })).rejects.toThrow(
    /^--podcast takes a show: .*\. talk\.wav is a recording\.$/,
  )
})

test('what lies beside podcast.json is not taken for it', async () => {
  const podcast = path.join(folder, 'episode.json')
  await expect(mustBeThere({ recordings: [], podcast })).rejects.toThrow(
    `say --podcast '${folder}', and --episode`,
  )
})
