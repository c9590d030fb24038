// The review's reel: what a page cuts out of it by counting bytes is what stands in the recording, to the
// millisecond.
import { expect, test } from '@jest/globals'
import { analyser } from '../../shared/audio/analysis.ts'
import {
  makeReel,
  reelDelaySamples,
  reelFrameBytes,
  reelFrameSamples,
  reelRate,
  type ReelStretch,
} from '../../shared/review/reel.ts'
import { toEditList, type ProposedEdit } from '../../shared/edits/edits.ts'
import { readOnlyStore, run, speechLike, toPcm, withFile } from '../support/audio.ts'

const never = new AbortController().signal
const warmUpFrames = 2

const filler = (startSeconds: number, endSeconds: number, sampleRate: number): ProposedEdit => ({
  kind: 'filler',
  text: '',
  detector: 'test',
  score: 1,
  reason: '',
  startSample: startSeconds * sampleRate,
  endSample: endSeconds * sampleRate,
})

/** As the page does it: from a frame or two before, and less the delay. */
async function soundOf(
  mp3: Buffer,
  { startSample, endSample, frame }: ReelStretch,
  sampleRate: number,
): Promise<Float32Array> {
  const first = Math.max(0, frame - warmUpFrames)
  const seconds = (endSample - startSample) / sampleRate
  const last = frame + Math.ceil((seconds * reelRate + reelDelaySamples) / reelFrameSamples) + 1
  const bytes = mp3.subarray(first * reelFrameBytes, last * reelFrameBytes)
  const decoded = await withFile(bytes, (file) => run(['-f', 'mp3', '-i', file, '-f', 'f32le', 'pipe:1']))
  const samples = new Float32Array(decoded.buffer, decoded.byteOffset, decoded.length / 4)
  const skipped = (frame - first) * reelFrameSamples + reelDelaySamples
  return samples.subarray(skipped, skipped + Math.round(seconds * reelRate))
}

/** How many samples `heard` is late by, where the two are most alike. */
function lag(heard: Float32Array, original: Float32Array): number {
  let best = { likeness: -Infinity, at: 0 }
  const end = Math.min(heard.length, original.length) - 1000
  for (let at = -400; at <= 400; at++) {
    let likeness = 0
    for (let i = 1000; i < end; i += 7) likeness += heard[i]! * (original[i - at] ?? 0)
    if (likeness > best.likeness) best = { likeness, at }
  }
  return best.at
}

test.each([44_100, 48_000])(
  'each stretch at %d Hz is found again where the page looks for it, and so is what is put in',
  async (sampleRate) => {
    const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const
    const [voice, answer] = [speechLike(sampleRate, 60, 1), speechLike(sampleRate, 4.3, 2)]
    const [pcm, answerPcm] = [toPcm([voice], 's16le'), toPcm([answer], 's16le')]
    const gather = analyser(format)
    for (let at = 0; at < pcm.length; at += gather.blockBytes)
      gather.add(Buffer.from(pcm.subarray(at, at + gather.blockBytes)))
    const store = readOnlyStore({ voice: pcm, answer: answerPcm })
    const edits = toEditList(
      [filler(10, 10.4, sampleRate), filler(11, 11.2, sampleRate), filler(40, 40.3, sampleRate)],
      sampleRate,
    )
    const timeline = {
      sources: [
        { object: 'voice', format, totalSamples: voice.length },
        { object: 'answer', format, totalSamples: answer.length },
      ],
      answers: { 'intern-1': 1 },
    }
    const location = { storage: store, bucket: 'work' }
    const reel = await makeReel(edits, gather.finish(), timeline, location, never)
    expect(reel.stretches).toHaveLength(2)
    expect(reel.mp3.length % reelFrameBytes).toBe(0)
    const resampled = async (samples: Float32Array) => {
      const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
      const raw = await withFile(bytes, (file) =>
        run([
          '-f',
          'f32le',
          '-ar',
          `${sampleRate}`,
          '-i',
          file,
          '-ar',
          `${reelRate}`,
          '-f',
          'f32le',
          'pipe:1',
        ]),
      )
      return new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4)
    }
    for (const [stretch, source] of [
      ...reel.stretches.map((one) => [one, voice] as const),
      [reel.inserted['intern-1']!, answer] as const,
    ]) {
      const original = await resampled(source.slice(stretch.startSample, stretch.endSample))
      expect(Math.abs(lag(await soundOf(reel.mp3, stretch, sampleRate), original))).toBeLessThanOrEqual(
        reelRate / 1000,
      )
    }
  },
)
