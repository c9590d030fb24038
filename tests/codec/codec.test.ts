// One contract for both makers of the MP3 codec, and that what they make is the same to the last bit.
import { describe, expect, test } from '@jest/globals'
import { chooseCodec, chooseFrom } from '../../shared/codec/choose.ts'
import { frameOffsets } from '../../shared/audio/mp3-frames.ts'
import { inProcessCodec } from '../../shared/codec/in-process.ts'
import type { Mp3Codec, Mp3Format, Planes } from '../../shared/codec/port.ts'
import { ffmpegCodec } from '../../shared/codec/through-ffmpeg.ts'
import { allOf, never, noise, speechLike } from '../support/audio.ts'

/** Elsewhere the libraries have other names, and ffmpeg is compared with itself. */
const onLinux = process.platform === 'linux' ? test : test.skip
const inProcess = process.platform === 'linux' ? await inProcessCodec() : ffmpegCodec
const makers: readonly [string, Mp3Codec][] = [
  ['in the process', inProcess],
  ['through ffmpeg', ffmpegCodec],
]

const stereo: Mp3Format = { sampleRate: 48000, channels: 2, bitrateKbps: 128 }
const formats: readonly Mp3Format[] = [
  stereo,
  { sampleRate: 48000, channels: 1, bitrateKbps: 64 },
  { sampleRate: 48000, channels: 2, bitrateKbps: 320 },
  { sampleRate: 44100, channels: 1, bitrateKbps: 96 },
  { sampleRate: 44100, channels: 2, bitrateKbps: 64 },
  { sampleRate: 44100, channels: 2, bitrateKbps: 192 },
]

function oneAfterTheOther(...parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0)
  return joined
}

const second = 48_000
const silence = new Float32Array(second)
/** One ffmpeg for all of it, since to start one takes longer than to encode seconds. */
const everySound: Planes = [
  oneAfterTheOther(silence, noise(second, -4.8, 1), noise(second, 3, 3), speechLike(second, 2, 5), silence),
  oneAfterTheOther(
    silence,
    noise(second, -4.8, 2),
    noise(second, -60, 4),
    speechLike(second, 2, 6, -40),
    silence,
  ),
]

/** As the mixer gives them: a second at a time, in planes that are used again. */
function* seconds(planes: Planes, sampleRate: number): Generator<Planes> {
  const scratch = planes.map(() => new Float32Array(sampleRate))
  for (let from = 0; from < planes[0]!.length; from += sampleRate) {
    const parts = planes.map((plane) => plane.subarray(from, from + sampleRate))
    parts.forEach((part, channel) => scratch[channel]!.set(part))
    yield scratch.map((plane) => plane.subarray(0, parts[0]!.length))
    scratch.forEach((plane) => plane.fill(NaN))
  }
}

const encoded = (codec: Mp3Codec, planes: Planes, format: Mp3Format): Promise<Buffer> =>
  codec.encode(seconds(planes.slice(0, format.channels), format.sampleRate), format, never)

const decoded = (codec: Mp3Codec, frames: Buffer, format: Mp3Format): Promise<Float32Array[]> =>
  allOf(codec.decode(frames, format, never), format.channels)

const bytesOf = (planes: Planes): Buffer =>
  Buffer.concat(
    planes.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  )

test('where the libraries are missing, ffmpeg does the work', async () => {
  const missing = (): Promise<Mp3Codec> => Promise.reject(new Error('libmp3lame.so.0 is missing'))
  expect(await chooseFrom(missing)).toEqual({ codec: ffmpegCodec, obstacle: 'libmp3lame.so.0 is missing' })
})

onLinux('this machine has the libraries, and they are used', async () => {
  const { codec, obstacle } = await chooseCodec()
  expect(obstacle).toBeUndefined()
  expect(codec.name).toMatch(/^in this process \(libmp3lame 3\..*, libavcodec \d+\.\d+\.\d+\)$/)
})

describe.each(formats)('At $sampleRate Hz, $channels channel(s), $bitrateKbps kb/s', (format) => {
  test('both make the same of silence, noise at full scale, sound over it, and speech', async () => {
    const frames = await encoded(inProcess, everySound, format)
    expect(frames.equals(await encoded(ffmpegCodec, everySound, format))).toBe(true)
    expect(frameOffsets(frames).at(-1)).toBe(frames.length)
    const [own, theirs] = [
      await decoded(inProcess, frames, format),
      await decoded(ffmpegCodec, frames, format),
    ]
    expect(own.map(({ length }) => length)).toEqual(theirs.map(({ length }) => length))
    expect(bytesOf(own).equals(bytesOf(theirs))).toBe(true)
  })
})

describe.each([stereo, { sampleRate: 44100, channels: 1, bitrateKbps: 96 }] as const)(
  'At $sampleRate Hz, $channels channel(s)',
  (format) => {
    test.each([0, 1, 500, 575, 1151, 1152, 1153, 1728, 36864, 36865])(
      'both make the same of %d samples',
      async (samples) => {
        const planes = [noise(samples, -12, samples + 1), noise(samples, -12, samples + 2)]
        const frames = await encoded(inProcess, planes, format)
        expect(frames.equals(await encoded(ffmpegCodec, planes, format))).toBe(true)
        if (frames.length === 0) return
        const own = await decoded(inProcess, frames, format)
        expect(bytesOf(own).equals(bytesOf(await decoded(ffmpegCodec, frames, format)))).toBe(true)
      },
    )
  },
)

describe.each(makers)('A codec %s', (_, codec) => {
  test('makes nothing of nothing', async () => {
    expect(await codec.encode([], stereo, never)).toHaveLength(0)
  })

  test('makes the same frames whatever the blocks are', async () => {
    const planes = [noise(20_000, -12, 1), noise(20_000, -12, 2)]
    const blocks = (length: number): Planes[] =>
      Array.from({ length: Math.ceil(20_000 / length) }, (_, i) =>
        planes.map((plane) => plane.slice(i * length, (i + 1) * length)),
      )
    const whole = await codec.encode([planes], stereo, never)
    for (const length of [100, 1152, 7000])
      expect((await codec.encode(blocks(length), stereo, never)).equals(whole)).toBe(true)
  })

  test('works on several sounds side by side', async () => {
    const many = [1, 2, 3].map((seed) => [noise(60_000, -20, seed), noise(60_000, -20, seed + 9)])
    const together = await Promise.all(many.map((planes) => encoded(codec, planes, stereo)))
    const heard = await Promise.all(together.map((frames) => decoded(codec, frames, stereo)))
    for (const [i, planes] of many.entries()) {
      const alone = await encoded(codec, planes, stereo)
      expect(together[i]!.equals(alone)).toBe(true)
      expect(bytesOf(heard[i]!).equals(bytesOf(await decoded(codec, alone, stereo)))).toBe(true)
    }
  })

  test('leaves room for heartbeats while it works', async () => {
    const planes = [noise(480_000, -20, 1), noise(480_000, -20, 2)] // 13 slices of 32 frames
    let [turns, isWorking] = [0, true]
    const turn = (): void => {
      turns++
      if (isWorking) setImmediate(turn)
    }
    turn()
    const frames = await codec.encode([planes], stereo, never)
    const whileEncoding = turns
    await decoded(codec, frames, stereo)
    isWorking = false
    expect(whileEncoding).toBeGreaterThanOrEqual(13)
    expect(turns - whileEncoding).toBeGreaterThanOrEqual(13)
  })

  test('does not begin when the work was cancelled before', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'))
    await expect(codec.encode([[noise(1152, -20, 1), noise(1152, -20, 2)]], stereo, signal)).rejects.toThrow(
      'cancelled',
    )
    const frames = await encoded(codec, [noise(9000, -20, 1), noise(9000, -20, 2)], stereo)
    await expect(allOf(codec.decode(frames, stereo, signal), 2)).rejects.toThrow('cancelled')
  })

  test('stops in the middle of encoding when the work is cancelled', async () => {
    const control = new AbortController()
    let asked = 0
    function* endless(): Generator<Planes> {
      const planes = [noise(48_000, -20, 1), noise(48_000, -20, 2)]
      for (;;) {
        if (++asked === 5) control.abort(new Error('cancelled'))
        yield planes
      }
    }
    await expect(codec.encode(endless(), stereo, control.signal)).rejects.toThrow('cancelled')
    expect(asked).toBeLessThan(10)
  })

  test('stops in the middle of decoding when the work is cancelled, or nobody listens any more', async () => {
    const frames = await encoded(codec, [noise(480_000, -20, 1), noise(480_000, -20, 2)], stereo)
    const control = new AbortController()
    let heard = 0
    const listening = async (): Promise<void> => {
      for await (const planes of codec.decode(frames, stereo, control.signal)) {
        heard += planes[0]!.length
        control.abort(new Error('cancelled'))
      }
    }
    await expect(listening()).rejects.toThrow('cancelled')
    expect(heard).toBeLessThan(480_000)
    for await (const planes of codec.decode(frames, stereo, never)) {
      expect(planes).toHaveLength(2)
      break
    }
  })

  test('passes on what goes wrong with its input', async () => {
    function* broken(): Generator<Planes> {
      throw new Error('the mix failed')
    }
    await expect(codec.encode(broken(), stereo, never)).rejects.toThrow('the mix failed')
  })
})

onLinux('what are no frames, or frames of another format, is refused', async () => {
  const frames = await encoded(inProcess, [noise(9000, -20, 1)], { ...stereo, channels: 1 })
  await expect(decoded(inProcess, frames, stereo)).rejects.toThrow('of another format')
  await expect(decoded(inProcess, Buffer.from('no frame'), stereo)).rejects.toThrow(
    'No MPEG-1 layer III frame',
  )
})

test('handles are given back: hundreds of short sounds leave no memory behind', async () => {
  const planes = [noise(2304, -20, 1), noise(2304, -20, 2)]
  const many = async (): Promise<number> => {
    for (let i = 0; i < 300; i++) await decoded(inProcess, await encoded(inProcess, planes, stereo), stereo)
    return process.memoryUsage().rss
  }
  const before = await many() // a LAME handle has 400 kB: 300 of them would be 120 MB
  expect((await many()) - before).toBeLessThan(60e6)
})
