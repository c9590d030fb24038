// What a show's folder brings to the bucket: of the covers it ever had, the one that is in it now.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { upload } from '../../../local/cli/job-upload.ts'
import { aFolder, aStorage } from '../../support/cloud-storage.ts'

test('the cover that is in the folder now is the only one, however its name is written', async () => {
  const folder = path.join(aFolder(), 'night')
  mkdirSync(folder)
  const inside = (file: string) => path.join(folder, file)
  for (const file of ['podcast.json', 'talk.wav', 'cover.jpg']) writeFileSync(inside(file), '{}')
  const bucket = (await aStorage()).storage.bucket('uploads')
  const covers = async () => {
    await upload(bucket, 'night', { recordings: [inside('talk.wav')], podcast: inside('podcast.json') })
    const [files] = await bucket.getFiles({ prefix: 'u/local/night/assets/' })
    return files.map(({ name }) => path.basename(name))
  }
  expect(await covers()).toEqual(['cover.jpg'])
  renameSync(inside('cover.jpg'), inside('Cover.PNG'))
  expect(await covers()).toEqual(['cover.png'])
  writeFileSync(inside('cover.jpg'), '{}')
  expect(await covers()).toEqual(['cover.jpg'])
  rmSync(inside('cover.jpg'))
  expect(await covers()).toEqual(['cover.png'])
})
