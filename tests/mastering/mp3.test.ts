// MP3 frames and the Info frame in front of them, as real decoders see them.
import fc from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { mp3Codec } from '../../shared/codec/choose.ts'
import { frameOffsets, samplesPerFrame } from '../../shared/audio/mp3-frames.ts'
import type { Mp3Format } from '../../shared/codec/port.ts'
import {
  crc16,
  decodedDelay,
  frameCount,
  infoFrame,
  inputCompensation,
  joinedCrc16,
} from '../../shared/mastering/mp3.ts'
import { allOf, decodeFile, speechLike, tone, withFile } from '../support/audio.ts'

const never = new AbortController().signal

const encodePlanes = async (planes: readonly Float32Array[], format: Mp3Format): Promise<Buffer> =>
  (await mp3Codec()).encode([planes], format, never)

const decodeFrames = async (frames: Buffer, format: Mp3Format): Promise<Float32Array[]> =>
  allOf((await mp3Codec()).decode(frames, format, never), format.channels)

const levelDb = (samples: Float32Array): number =>
  10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

describe('The level of a tone', () => {
  const bitrates = [64, 96, 112, 128, 160, 192, 224, 256, 320].flatMap((bitrateKbps) =>
    [1, 2].map((channels) => ({ bitrateKbps, channels: channels as 1 | 2 })),
  )

  test.each(bitrates)(
    'is after $bitrateKbps kb/s in $channels channel(s) what it was before',
    async ({ bitrateKbps, channels }) => {
      const format = { sampleRate: bitrateKbps % 128 === 0 ? 48000 : 44100, channels, bitrateKbps }
      const before = tone(format.sampleRate, 1.5, 1000, -20)
      const compensated = before.map((sample) => sample * inputCompensation(bitrateKbps))
      const [after] = await decodeFrames(
        await encodePlanes(channels === 2 ? [compensated, compensated] : [compensated], format),
        format,
      )
      const [from, to] = [format.sampleRate * 0.25, format.sampleRate * 1.25]
      expect(Math.abs(levelDb(after!.subarray(from, to)) - levelDb(before.subarray(from, to)))).toBeLessThan(
        0.02,
      )
    },
  )
})

describe('Frames', () => {
  test('are found one after the other, from the first byte to the last', async () => {
    for (const [format, bytesPerSecond] of [
      [{ sampleRate: 48000, channels: 2, bitrateKbps: 128 }, 16000],
      [{ sampleRate: 44100, channels: 1, bitrateKbps: 96 }, 12000],
    ] as const) {
      const sound = tone(format.sampleRate, 2, 440, -20)
      const bytes = await encodePlanes(format.channels === 2 ? [sound, sound] : [sound], format)
      const offsets = frameOffsets(bytes)
      const frames = offsets.length - 1
      expect(offsets.at(-1)).toBe(bytes.length)
      expect(frames).toBeGreaterThanOrEqual(frameCount(sound.length))
      expect(bytes.length).toBeCloseTo((frames * samplesPerFrame * bytesPerSecond) / format.sampleRate, -1)
    }
  })

  test('that are none are refused', () => {
    expect(() => frameOffsets(Buffer.from('ID3 is not a frame'))).toThrow(
      'No MPEG-1 layer III frame that can be used at byte 0',
    )
    expect(() => frameOffsets(Buffer.from([0xff, 0xfb, 0xf0, 0]))).toThrow('that can be used')
  })

  test('carry the first sample of the sound 1105 samples into what is decoded', async () => {
    const format = { sampleRate: 48000, channels: 1, bitrateKbps: 128 } as const
    const sound = new Float32Array(9600)
    sound[2400] = 0.9
    const [decoded] = await decodeFrames(await encodePlanes([sound], format), format)
    expect(decoded!.indexOf(decoded!.reduce((a, b) => Math.max(a, b)))).toBe(2400 + decodedDelay)
  })
})

describe('The Info frame', () => {
  test.each([
    { sampleRate: 48000, channels: 2, bitrateKbps: 64, samples: 600 },
    { sampleRate: 48000, channels: 2, bitrateKbps: 128, samples: 48 },
    { sampleRate: 44100, channels: 1, bitrateKbps: 64, samples: 1151 },
    { sampleRate: 44100, channels: 2, bitrateKbps: 96, samples: 2 * 1152 - 1105 },
    { sampleRate: 48000, channels: 1, bitrateKbps: 96, samples: 20 * 1152 },
    { sampleRate: 44100, channels: 2, bitrateKbps: 320, samples: 100_003 },
    { sampleRate: 48000, channels: 1, bitrateKbps: 320, samples: 48_000 },
  ] as const)(
    'makes $samples samples play as such ($bitrateKbps kb/s, $channels channel(s), $sampleRate Hz)',
    async ({ samples, ...format }) => {
      const sound = speechLike(format.sampleRate, 3, 5).subarray(0, samples)
      const all = await encodePlanes(format.channels === 2 ? [sound, sound] : [sound], format)
      const frames = all.subarray(0, frameOffsets(all)[frameCount(samples)])
      const file = Buffer.concat([infoFrame(format, samples, frames.length), frames])
      const planes = await decodeFile(file, format.sampleRate, format.channels)
      expect(planes.map((plane) => plane.length)).toEqual(planes.map(() => samples))
    },
  )

  test.each([
    [{ sampleRate: 48000, channels: 2, bitrateKbps: 128 }, 2_880_000, 3, 2],
    [{ sampleRate: 44100, channels: 1, bitrateKbps: 96 }, 2_646_001, 0, 1],
    [{ sampleRate: 44100, channels: 2, bitrateKbps: 320 }, 1, 3, 1],
  ] as const)('is exact of $sampleRate Hz in $channels channels', (format, samples, mode, source) => {
    const music = Buffer.from('123456789')
    const info = infoFrame(format, samples, music.length, crc16(music))
    const xing = info.indexOf('Info')
    const lame = info.indexOf('LAME')
    const gapless = info.readUIntBE(lame + 21, 3)
    const [delay, padding] = [gapless >> 12, gapless & 0xfff]
    expect(info.readUInt32BE(xing + 8) * 1152 - delay - padding).toBe(samples)
    expect([(info[lame + 24]! >> 2) & 7, info[lame + 24]! >> 6]).toEqual([mode, source])
    expect(info.readUInt16BE(lame + 32)).toBe(0xbb3d) // CRC-16/ARC of these digits
    expect(crc16(music.subarray(4), crc16(music.subarray(0, 4)))).toBe(0xbb3d)
    expect(info.readUInt16BE(lame + 34)).toBe(crc16(info.subarray(0, lame + 34)))
  })

  test('has a checksum that follows from those of the parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (parts) => {
        const buffers = parts.map((part) => Buffer.from(part))
        const known = buffers.map((part) => ({ crc: crc16(part), bytes: part.length }))
        expect(joinedCrc16(known)).toBe(crc16(Buffer.concat(buffers)))
      }),
    )
  })

  test('is a frame of the stream, and says how many frames and bytes there are', async () => {
    const format = { sampleRate: 48000, channels: 2, bitrateKbps: 128 } as const
    const sound = tone(48000, 10, 440, -20)
    const all = await encodePlanes([sound, sound], format)
    const frames = all.subarray(0, frameOffsets(all)[frameCount(sound.length)])
    const info = infoFrame(format, sound.length, frames.length)
    expect(frameOffsets(info)).toEqual([0, 384])
    expect(info.subarray(36, 40).toString()).toBe('Info')
    expect(info.readUInt32BE(44)).toBe(frameCount(sound.length))
    expect(info.readUInt32BE(48)).toBe(384 + frames.length)
    expect([...info.subarray(52, 152)]).toEqual(Array.from({ length: 100 }, (_, i) => Math.floor(i * 2.56)))
    const probed = await withFile(Buffer.concat([info, frames]), (file) =>
      ffprobe(['-of', 'json', '-show_entries', 'format=duration:stream=start_time', file], never),
    )
    const { format: told, streams } = JSON.parse(probed) as {
      format: { duration: string }
      streams: { start_time: string }[]
    }
    expect(Number(told.duration)).toBeCloseTo(10, 1)
    expect(Number(streams[0]!.start_time)).toBeCloseTo(decodedDelay / 48000, 4)
  })
})
