// Listening to a moment of canonical PCM.
import { expect, test } from '@jest/globals'
import { listenTo } from '../../shared/alignment/listen.ts'
import type { PcmFormat } from '../../shared/audio/pcm.ts'
import { readOnlyStore, toPcm } from '../support/audio.ts'

const ramp = Float32Array.from({ length: 1000 }, (_, i) => i / 1024)
const pcm = { bucket: 'work', name: 'pcm' }

test.each(['s16le', 'f32le'] as const)('A span is heard sample by sample, as %s', async (sampleFormat) => {
  const format: PcmFormat = { sampleRate: 48_000, channels: 1, sampleFormat }
  const listen = listenTo(readOnlyStore({ pcm: toPcm([ramp], sampleFormat) }), pcm, format)
  expect([...(await listen({ startSample: 100, endSample: 110 }))]).toEqual([...ramp.subarray(100, 110)])
})

test('Two channels are heard as one', async () => {
  const format: PcmFormat = { sampleRate: 48_000, channels: 2, sampleFormat: 'f32le' }
  const half = ramp.map((sample) => sample / 2)
  const listen = listenTo(readOnlyStore({ pcm: toPcm([ramp, half], 'f32le') }), pcm, format)
  const heard = await listen({ startSample: 500, endSample: 600 })
  expect(heard).toHaveLength(100)
  heard.forEach((sample, i) => expect(sample).toBeCloseTo(0.75 * ramp[500 + i]!, 6))
})
