// What a job brings to the bucket: of the covers a show ever had the one it has now, and of several recordings no old one beside a new one.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { stillThere } from '../../../local/cli/assemble.ts'
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

test('of several recordings an old one is gone before a new one comes, and what is the same stays', async () => {
  const folder = aFolder()
  const recordings = ['a.wav', 'b.wav', 'c.wav'].map((file) => path.join(folder, file))
  for (const file of recordings) writeFileSync(file, file)
  const bucket = (await aStorage()).storage.bucket('uploads')
  const send = () => upload(bucket, 'night', { recordings, tracks: true })
  const { object } = await send()
  const there = async () => {
    const [files] = await bucket.getFiles({ prefix: path.dirname(object) })
    return files.map(({ name }) => path.basename(name)).filter((name) => name.endsWith('.wav'))
  }
  const [a, b] = recordings as [string, string]
  writeFileSync(a, 'another one')
  rmSync(b)
  mkdirSync(b) // cannot be read: it never comes
  await expect(send()).rejects.toThrow('EISDIR')
  expect(await there()).toEqual(['1-a.wav', '3-c.wav'])
})

test('of two commands that bring one recording at once the first is told that the other is made', async () => {
  const recording = path.join(aFolder(), 'talk.wav')
  writeFileSync(recording, 'sound')
  const bucket = (await aStorage()).storage.bucket('uploads')
  const first = await upload(bucket, 'night', { recordings: [recording] })
  await expect(stillThere(bucket, first, 'night/talk')).resolves.toBeUndefined()
  const second = await upload(bucket, 'night', { recordings: [recording] })
  await expect(stillThere(bucket, first, 'night/talk')).rejects.toMatchObject({
    code: 'already_running',
    message: expect.stringMatching(/night\/talk .*\.\/spool list/) as unknown,
  })
  await expect(stillThere(bucket, second, 'night/talk')).resolves.toBeUndefined()
  await bucket.file(second.object).delete()
  await expect(stillThere(bucket, second, 'night/talk')).rejects.toMatchObject({ code: 'already_running' })
})
