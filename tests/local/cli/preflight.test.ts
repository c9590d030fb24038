// What a job is refused for before anything starts, of what only the command line knows: where its files lie.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, test } from '@jest/globals'
import { mustBeReady } from '../../../local/cli/preflight.ts'
import { toWav } from '../../../shared/audio/wav.ts'
import { aFolder } from '../../support/cloud-storage.ts'
import { tone } from '../../support/audio.ts'

const sound = toWav({ samples: tone(8000, 0.5, 440, -20), sampleRate: 8000 })
let folder: string
const inside = (file: string) => path.join(folder, file)
beforeEach(() => {
  folder = aFolder()
  for (const file of ['a.wav', 'episode.mp3']) writeFileSync(inside(file), sound)
})

test('one file is not two tracks, however it is written; a jingle may come again', async () => {
  const recordings = [inside('a.wav'), `${folder}/./a.wav`]
  await expect(mustBeReady({ recordings, tracks: true })).rejects.toThrow(/a\.wav is named twice/)
  await mustBeReady({ recordings })
})

test('what an episode is made of, and what else is somebody’s own, is not where its files go', async () => {
  mkdirSync(inside('show'))
  writeFileSync(inside('show/cover.jpg'), 'mine')
  const ready = (recording: string, out: string) => {
    const job = { recordings: [inside(recording)], out: inside(out) }
    return mustBeReady(job, { out: job.out })
  }
  await expect(ready('episode.mp3', '.')).rejects.toThrow(/though they are yours: episode\.mp3/)
  await expect(ready('a.wav', 'show')).rejects.toThrow(/though they are yours: cover\.jpg/)
  await ready('a.wav', 'new')
})
