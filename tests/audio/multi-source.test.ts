// Several files as one recording: how many decoders run at once.
import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { withSources, type SourceOrder } from '../../shared/audio/multi-source.ts'
import { tone } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aWorld } from '../support/world.ts'

const sampleRate = 48_000
/** More than a pipe holds, so that a decoder that was started stays until it is read. */
const seconds = 10
const bounds = { bytes: 1e9, targetRate: null }

/** The decoders that this process has running. */
const decoders = (): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      const [, name, , parent] =
        /^\d+ \((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      return name === 'ffmpeg' && Number(parent) === process.pid
    } catch {
      return false // it ended, or is no process
    }
  }).length

async function partsOf(lengths: readonly number[]) {
  const { services, upload } = await aWorld()
  const bucket = services.config.buckets.uploads
  const parts = []
  for (const [i, length] of lengths.entries()) {
    const { name } = await upload(
      `u/anna/show/one/${i}.wav`,
      wav(tone(sampleRate, length, 300 + i, -20), sampleRate),
    )
    parts.push({ object: { bucket, name }, gainDb: 0, offsetSeconds: 0 })
  }
  return { services, parts }
}

async function mostDecoders(order: SourceOrder): Promise<{ most: number; samples: number }> {
  const { services, parts } = await partsOf(Array(4).fill(seconds))
  const { signal } = new AbortController()
  return await withSources(services.storage, parts, order, bounds, signal, async ({ decode, probed }) => {
    let [most, bytes] = [0, 0]
    for await (const block of decode(signal).sound) {
      most = Math.max(most, decoders())
      bytes += block.length
    }
    return { most, samples: bytes / (4 * probed.pcm.channels) }
  })
}

test('a sequence is decoded one file at a time', async () => {
  expect(await mostDecoders('sequence')).toEqual({ most: 1, samples: 4 * seconds * sampleRate })
})

test('tracks are decoded side by side', async () => {
  expect(await mostDecoders('tracks')).toEqual({ most: 4, samples: seconds * sampleRate })
})

test('tracks that end at very different times are told, and files one after the other are not', async () => {
  const { services, parts } = await partsOf([25, 5])
  const { signal } = new AbortController()
  const told = (order: SourceOrder) =>
    withSources(services.storage, parts, order, bounds, signal, async ({ decode }) => {
      const { sound, warnings } = decode(signal)
      let bytes = 0
      for await (const block of sound) bytes += block.length
      expect(bytes).toBeGreaterThan(0)
      return warnings()
    })
  expect(await told('tracks')).toEqual([
    {
      code: 'tracks_unequal',
      message:
        'The tracks end at different times, and are silent from there: 0.wav at 0:25, 1.wav at 0:05. If one was broken off, bring it whole.',
    },
  ])
  expect(await told('sequence')).toEqual([])
})
