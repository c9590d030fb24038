// A long file is decoded in stretches: what comes out is what decoding it in one go gives, to the bit.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { analyser, joinAnalyses, type Analysis } from '../../shared/audio/analysis.ts'
import { inBlocks } from '../../shared/audio/pcm.ts'
import { withSource, type OpenedSource } from '../../shared/audio/source.ts'
import { decodeStretch, fitTogether, type Stretch } from '../../shared/audio/stretches.ts'
import { add, never, readOnlyStore, speechLike, tone } from '../support/audio.ts'
import { encodings, made, withNumber } from '../support/media.ts'
import { wav } from '../support/recordings.ts'

const seconds = 15.3
const stretchSeconds = 7

type Encodings = readonly (readonly [what: string, file: string, args: string])[]

const alike: Encodings = [
  ['WAV, 16 bits', 'a.wav', '-c:a pcm_s16le'],
  ['WAV, float, one channel', 'a.wav', '-ac 1 -c:a pcm_f32le'],
  ['AIFF', 'a.aiff', '-c:a pcm_s16be'],
  ['FLAC, 16 bits', 'a.flac', '-c:a flac'],
  ['FLAC, 24 bits at 44.1 kHz', 'a.flac', '-ar 44100 -c:a flac -sample_fmt s32'],
  ['ALAC', 'a.m4a', '-c:a alac'],
  ['MP3 of constant bit rate', 'a.mp3', '-c:a libmp3lame -b:a 128k'],
  ['MP3 of variable bit rate', 'a.mp3', '-c:a libmp3lame -q:a 5'],
  ['MP3 of one channel at 44.1 kHz and 32 kb/s', 'a.mp3', '-ac 1 -ar 44100 -c:a libmp3lame -b:a 32k'],
  ['MP3 at 320 kb/s behind a tag', 'a.mp3', '-c:a libmp3lame -b:a 320k -metadata title=Talk'],
  ['MP3 without a count', 'a.mp3', '-c:a libmp3lame -b:a 96k -write_xing 0 -id3v2_version 0'],
]
const noisy: Encodings = [
  ['AAC in MP4, its index at the end', 'a.m4a', '-c:a aac -b:a 96k'],
  ['AAC in QuickTime, one channel', 'a.mov', '-ac 1 -c:a aac -b:a 64k'],
]
const undivided: Encodings = [
  ['what is short', 'a.wav', '-t 13'],
  ['what must be resampled', 'a.wav', '-ar 32000'],
  ['what has more than two channels', 'a.wav', '-ac 6'],
  ['tracks that are mixed', 'a.m4a', '-map 0 -map 0 -c:a alac'],
  ['AAC without a container', 'a.aac', '-c:a aac'],
  ['Opus', 'a.ogg', '-c:a libopus -b:a 32k'],
  ['coded differences', 'a.wav', '-c:a adpcm_ms'],
]

let recording: Buffer
let encoded: (what: string) => Buffer
beforeAll(async () => {
  const voice = add(speechLike(48_000, seconds, 5), tone(48_000, seconds, 61, -50))
  recording = await made(
    'stereo.wav',
    '-i $1 -af aecho=0.9:0.5:13:0.4,pan=stereo|c0=c0|c1=0.6*c0 -c:a pcm_s16le',
    wav(voice, 48_000),
  )
  encoded = await encodings(recording, [...alike, ...noisy, ...undivided])
})

const talk = { bucket: 'uploads', name: 'talk' }
const terms = { bytes: 1e9, targetRate: null }

interface Heard {
  readonly pcm: Buffer
  readonly analysis: Analysis
}

const open = <T>(bytes: Buffer, use: (source: OpenedSource) => Promise<T>): Promise<T> =>
  withSource(readOnlyStore({ talk: bytes }), talk, terms, never, use)

/** The stretches that a file may be divided into. */
const divide = (bytes: Buffer): Promise<readonly Stretch[]> =>
  open(bytes, (source) => source.stretches(undefined, stretchSeconds))

const dividedAndInOneGo = (bytes: Buffer): Promise<{ stretches: readonly Stretch[]; whole: Heard }> =>
  open(bytes, async (source) => ({
    stretches: await source.stretches(undefined, stretchSeconds),
    whole: await inOneGo(source),
  }))

async function inOneGo({ probed, decode }: OpenedSource): Promise<Heard> {
  const gather = analyser(probed.pcm)
  const blocks: Buffer[] = []
  for await (const block of inBlocks(decode(never).sound, gather.blockBytes)) {
    gather.add(block)
    blocks.push(Buffer.from(block))
  }
  return { pcm: Buffer.concat(blocks), analysis: gather.finish() }
}

async function apart(bytes: Buffer, stretches: readonly Stretch[]) {
  const blocks: Buffer[] = []
  const decoded = []
  for (const stretch of stretches)
    decoded.push(
      await decodeStretch(readOnlyStore({ talk: bytes }), talk, stretch, never, async (pcm) => {
        for await (const block of pcm) blocks.push(Buffer.from(block))
      }),
    )
  return {
    pcm: Buffer.concat(blocks),
    decoded,
    analysis: joinAnalyses(decoded.map(({ analysis }) => analysis)),
  }
}

describe('decoded in stretches and in one go, these are the same:', () => {
  test.each(alike)('%s', async (what) => {
    const bytes = encoded(what)
    const { stretches, whole } = await dividedAndInOneGo(bytes)
    expect(stretches).toHaveLength(2)
    const parts = await apart(bytes, stretches)
    expect(fitTogether(parts.decoded)).toBe(true)
    expect(parts.pcm.equals(whole.pcm)).toBe(true)
    const { blocks, integratedLufs, ...rest } = parts.analysis
    expect(rest).toEqual({ ...whole.analysis, blocks: undefined, integratedLufs: undefined })
    expect(integratedLufs).toBeCloseTo(whole.analysis.integratedLufs, 6)
    expect(Math.max(...blocks.map((energy, i) => Math.abs(energy - whole.analysis.blocks[i]!)))).toBeLessThan(
      1e-9,
    )
  })
})

describe('but for the noise that its decoder makes up, so is', () => {
  const picture = '-f lavfi -i testsrc=s=64x48:r=5:d=15 -map 0:a -map 1:v -c:v mpeg4 -g 50'
  const film = () => made('a.mp4', `-i $1 ${picture} -c:a aac`, recording)

  test.each([...noisy.map(([what]) => what), 'a film'])('%s', async (what) => {
    const bytes = what === 'a film' ? await film() : encoded(what)
    const { stretches, whole } = await dividedAndInOneGo(bytes)
    const parts = await apart(bytes, stretches)
    expect(fitTogether(parts.decoded)).toBe(true)
    const [samples, others] = [floats(whole.pcm), floats(parts.pcm)]
    expect(others).toHaveLength(samples.length)
    const difference = samples.map((sample, i) => sample - others[i]!)
    expect(decibels(difference) - decibels(samples)).toBeLessThan(-20)
    expect(parts.analysis.integratedLufs).toBeCloseTo(whole.analysis.integratedLufs, 1)
  })
})

const floats = (pcm: Buffer): Float32Array => new Float32Array(Uint8Array.from(pcm).buffer)
const decibels = (samples: Float32Array): number =>
  10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

describe('in one go are decoded', () => {
  test.each(undivided)('%s', async (what) => {
    expect(await divide(encoded(what))).toEqual([])
  })

  test('sound that begins late', async () => {
    const film = '-f lavfi -i color=s=64x48:r=5:d=17 -map 0:a -map 1:v -c:v mpeg4 -c:a alac'
    expect(await divide(await made('a.mov', `-itsoffset 2 -i $1 ${film}`, recording))).toEqual([])
  })

  test('an MP3 with something else between its frames', async () => {
    const mp3 = encoded('MP3 of constant bit rate')
    const middle = mp3.length >> 1
    expect(
      await divide(Buffer.concat([mp3.subarray(0, middle), Buffer.alloc(50), mp3.subarray(middle)])),
    ).toEqual([])
  })

  test('a WAV that is cut off', async () => {
    expect(await divide(recording.subarray(0, recording.length - 400_000))).toEqual([])
  })
})

describe('stretches do not fit together when', () => {
  test('a frame of a FLAC is damaged', async () => {
    const flac = encoded('FLAC, 16 bits')
    const damaged = Buffer.from(flac)
    damaged.fill(0x55, flac.length >> 1, (flac.length >> 1) + 3000)
    const { decoded } = await apart(damaged, await divide(damaged))
    expect(decoded.filter(({ isAsPromised }) => !isAsPromised)).not.toEqual([])
    expect(fitTogether(decoded)).toBe(false)
  })

  test('a FLAC counts more samples than it has', async () => {
    const flac = encoded('FLAC, 16 bits')
    const lying = withNumber(flac, 'fLaC', 18, (count) => count + 48_000, true)
    expect(fitTogether((await apart(lying, await divide(lying))).decoded)).toBe(false)
  })

  test('a float is none', async () => {
    const float = Buffer.from(encoded('WAV, float, one channel'))
    float.writeFloatLE(NaN, float.length - 2_500_000)
    expect(fitTogether((await apart(float, await divide(float))).decoded)).toBe(false)
  })

  test('one begins elsewhere than the one before it ended', async () => {
    const stretches = await divide(recording)
    const moved = stretches.map((stretch, i) =>
      i === 1
        ? { ...stretch, startSample: stretch.startSample + 2400, endSample: stretch.endSample + 2400 }
        : stretch,
    )
    const { decoded } = await apart(recording, moved)
    expect(decoded.map(({ isAsPromised }) => isAsPromised)).toEqual([true, true])
    expect(fitTogether(decoded)).toBe(false)
  })
})
