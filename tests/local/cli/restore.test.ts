// spool restore: what its flags mean, what it refuses, and what it leaves.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { wishesOf } from '../../../local/cli/restore-flags.ts'
import { restore } from '../../../local/cli/restore.ts'
import { toWav } from '../../../shared/audio/wav.ts'
import { defaultWishes, noWishes } from '../../../shared/restoration/wishes.ts'
import { hiss, mixed, rate, words } from '../../restoration/made-sounds.ts'

describe('Flags', () => {
  test('that nobody gives leave the defaults', () => {
    expect(wishesOf({})).toEqual(defaultWishes)
  })

  test('turn everything off that is not named where one is', () => {
    expect(wishesOf({ noise: '12' })).toEqual({ ...noWishes, noise: 12 })
    expect(wishesOf({ level: '0.5', clicks: 'all' })).toEqual({ ...noWishes, level: 0.5, clicks: 'all' })
    expect(wishesOf({ breaths: '12', hum: 'auto' })).toEqual({ ...noWishes, breathsDb: 12, hum: 'auto' })
    expect(wishesOf({ noise: 'off' })).toEqual(noWishes)
  })

  test.each([
    [{ noise: 'much' }, '--noise takes auto, off, or a number of dB from 0 to 24, not "much".'],
    [{ noise: '90' }, '--noise takes auto, off, or a number of dB from 0 to 24, not "90".'],
    [{ level: '2' }, '--level takes a number from 0 to 1, or off, not "2".'],
    [{ clicks: 'some' }, '--clicks takes pauses, all or off, not "some".'],
    [{ hum: '50' }, '--hum takes auto or off, not "50".'],
  ])('that mean nothing are refused: %j', (flags, complaint) => {
    expect(wishesOf(flags)).toBe(complaint)
  })
})

describe('Recordings', () => {
  const { signal } = new AbortController()
  let out: string
  beforeEach(async () => {
    out = await mkdtemp(path.join(os.tmpdir(), 'spool-restore-'))
  })
  afterEach(async () => await rm(out, { recursive: true }))

  test('become a float WAV each, of the same rate and length', async () => {
    const samples = mixed(words(4).samples, hiss(4, -45))
    const recording = path.join(out, 'interview.wav')
    await writeFile(recording, toWav({ samples, sampleRate: rate }))
    const report = await restore(
      { recordings: [recording, recording], wishes: { ...noWishes, noise: 12 }, out },
      signal,
    )
    expect(Object.keys(report.files)).toEqual(['restored-1.wav', 'restored-2.wav'])
    expect(report).toMatchObject({ untouched: false, hum: [], warnings: [] })
    const wav = await readFile(report.files['restored-2.wav']!)
    expect(wav.readUInt16LE(20)).toBe(3) // float
    expect(wav.readUInt32LE(24)).toBe(rate)
    expect(wav.readUInt32LE(54)).toBe(4 * samples.length)
    expect(wav).toHaveLength(58 + 4 * samples.length)
  })

  test('are not replaced by themselves', async () => {
    const recording = path.join(out, 'restored.wav')
    await writeFile(recording, 'mine')
    await expect(restore({ recordings: [recording], wishes: noWishes, out }, signal)).rejects.toMatchObject({
      code: 'bad_output',
    })
    expect(await readFile(recording, 'utf8')).toBe('mine')
  })

  test('made one after the other into one folder replace nothing but what was made of the same', async () => {
    const [one, other] = ['a.wav', 'b.wav'].map((file) => path.join(out, file)) as [string, string]
    for (const file of [one, other])
      await writeFile(file, toWav({ samples: words(1).samples, sampleRate: rate }))
    const into = path.join(out, 'restored')
    const restored = (recordings: string[], into_ = into) =>
      restore({ recordings, wishes: noWishes, out: into_ }, signal)
    const { files } = await restored([one])
    await restored([one])
    const before = await readFile(files['restored.wav']!)
    await expect(restored([other])).rejects.toMatchObject({
      code: 'bad_output',
      message: expect.stringMatching(/restored\.wav was made of .*a\.wav, .*b\.wav.*--out/),
    })
    expect((await readFile(files['restored.wav']!)).equals(before)).toBe(true)
    expect(Object.keys((await restored([one, other])).files)).toEqual(['restored-1.wav', 'restored-2.wav'])
    await expect(restored([other, one])).rejects.toMatchObject({ code: 'bad_output' })
    const mine = path.join(out, 'mine')
    await mkdir(mine)
    await writeFile(path.join(mine, 'restored.wav'), 'mine')
    await expect(restored([one], mine)).rejects.toMatchObject({ message: expect.stringMatching(/is yours/) })
  })

  test('that are none are refused, and leave nothing', async () => {
    const text = path.join(out, 'notes.txt')
    await writeFile(text, 'nothing to hear')
    const job = { recordings: [text], wishes: defaultWishes, out }
    await expect(restore(job, signal)).rejects.toMatchObject({ code: 'not_audio' })
    expect(await readdir(out)).toEqual(['notes.txt'])
  })
})
