// A bar is a bar: what was recorded far too loud and comes out of the codec with peaks of its own.
import { describe, expect, test } from '@jest/globals'
import { aProgramme, amplitude, conversation, ebur128, noise, renderAll, withFile } from '../support/audio.ts'

describe('A recording that was clipped hard', () => {
  const clipped = (plane: Float32Array, db: number) =>
    plane.map((sample) => Math.max(-1, Math.min(1, sample * amplitude(db))))

  test.each([
    {
      what: 'talk in stereo at 64 kb/s',
      channels: 2,
      bitrateKbps: 64,
      planes: () => conversation(48000, 60, 9),
    },
    {
      what: 'noise in mono at 128 kb/s',
      channels: 1,
      bitrateKbps: 128,
      planes: () => [noise(48000 * 60, -24, 4)],
    },
  ] as const)('stays under the bar everywhere, its seam included: $what', async ({ planes, ...format }) => {
    const programme = aProgramme(
      48000,
      planes().map((plane) => clipped(plane, 24)),
      format.channels,
      's16le',
    )
    const { file, chunks } = await renderAll(
      programme,
      0,
      { targetLufs: -16, maxTruePeakDbtp: -1 },
      { sampleRate: 48000, ...format },
    )
    expect(chunks[0]!.loweredDb).toBeGreaterThan(0)
    const { truePeakDbtp } = await withFile(file, (name) => ebur128(['-i', name]))
    expect(truePeakDbtp).toBeLessThanOrEqual(-1)
  })
})
