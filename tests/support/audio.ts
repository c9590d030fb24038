// Sound for tests: synthesised tones, noise and something like speech, an object store that only reads, and
// ffmpeg as the second opinion.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { bytesPerFrame, toInterleavedBytes, toPlanar, type PcmFormat } from '../../shared/audio/pcm.ts'
import { keepAllBut } from '../../shared/timeline/ledger.ts'
import type { Loudness } from '../../shared/mastering/programme.ts'
import { renderChunk, type RenderedChunk } from '../../shared/mastering/render-chunk.ts'
import { infoFrame } from '../../shared/mastering/mp3.ts'
import type { Mp3Format, Planes } from '../../shared/codec/port.ts'
import { clipsOf, evenStarts, type Timeline } from '../../shared/timeline/timeline.ts'
import type { ByteRange, ObjectName, ObjectStore } from '../../shared/storage.ts'

const { cos, exp, imul, max, min, PI, round, sin, sqrt } = Math

export const amplitude = (db: number): number => 10 ** (db / 20)
export const never = new AbortController().signal

/** The same numbers in [0, 1) for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = imul(t ^ (t >>> 15), t | 1)
    t ^= t + imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Tone {
  readonly seconds: number
  readonly db: number
  readonly hz?: number
  readonly phase?: number
}

/** Sine tones one after the other, without a break in phase. */
export function tones(sampleRate: number, parts: readonly Tone[]): Float32Array {
  const counts = parts.map(({ seconds }) => round(seconds * sampleRate))
  const out = new Float32Array(counts.reduce((sum, count) => sum + count, 0))
  let at = 0
  let phase = parts[0]?.phase ?? 0
  parts.forEach(({ db, hz = 1000 }, part) => {
    const peak = amplitude(db)
    const turn = (2 * PI * hz) / sampleRate
    for (let i = 0; i < counts[part]!; i++, at++, phase += turn) out[at] = peak * sin(phase)
  })
  return out
}

export const tone = (sampleRate: number, seconds: number, hz: number, db: number): Float32Array =>
  tones(sampleRate, [{ seconds, db, hz }])

/** What mains leave in a recording: 50 Hz with its first overtones, each a little quieter. */
export const mainsHum = (sampleRate: number, seconds: number, db: number): Float32Array =>
  add(...[1, 2, 3].map((k) => tone(sampleRate, seconds, 50 * k, db - 2.5 * (k - 1))))

/** White noise of the given RMS. */
export function noise(samples: number, rmsDb: number, seed: number): Float32Array {
  const next = random(seed)
  const scale = amplitude(rmsDb) * sqrt(12)
  const out = new Float32Array(samples)
  for (let i = 0; i < samples; i++) out[i] = (next() - 0.5) * scale
  return out
}

export function add(...planes: readonly Float32Array[]): Float32Array {
  const sums = new Float64Array(planes[0]!)
  for (const plane of planes.slice(1)) for (let i = 0; i < sums.length; i++) sums[i]! += plane[i]!
  return new Float32Array(sums)
}

/**
 * A voice: glottal pulses through two formants that change with every syllable, sibilants, pauses between
 * phrases and room noise.
 * Its crest factor is that of speech, 16 to 20 dB.
 */
export function speechLike(sampleRate: number, seconds: number, seed: number, levelDb = -24): Float32Array {
  const next = random(seed)
  const out = new Float32Array(round(seconds * sampleRate))
  const resonators = [resonator(sampleRate), resonator(sampleRate)]
  let glottis = 0
  let last = 0
  for (let start = 0, syllable = 0; start < out.length; syllable++) {
    const length = round((0.12 + 0.16 * next()) * sampleRate)
    const isPause = syllable % 9 === 8
    const sibilant = next() < 0.25
    const loudness = isPause ? 0 : amplitude(-9 * next())
    const pitch = (110 + 90 * next()) / sampleRate
    resonators[0]!.tune(300 + 500 * next(), 90)
    resonators[1]!.tune(1000 + 1400 * next(), 140)
    for (let i = 0; i < length && start + i < out.length; i++) {
      const envelope = loudness * sin((PI * i) / length) ** 2
      glottis += pitch
      const pulse = glottis >= 1 ? 1 : 0
      glottis -= pulse
      const hiss = next() - 0.5
      const source = sibilant && i > 0.6 * length ? 0 : pulse
      const voiced = resonators[0]!.run(source) + 0.5 * resonators[1]!.run(source)
      const fricative = sibilant && i > 0.6 * length ? (hiss - last) * 0.9 : 0
      last = hiss
      out[start + i] = envelope * (voiced + fricative) + hiss * 0.002
    }
    start += length
  }
  return scaled(out, levelDb)
}

function resonator(sampleRate: number) {
  let a1 = 0
  let a2 = 0
  let y1 = 0
  let y2 = 0
  return {
    tune(hz: number, bandwidth: number) {
      const r = exp((-PI * bandwidth) / sampleRate)
      a1 = 2 * r * cos((2 * PI * hz) / sampleRate)
      a2 = -r * r
    },
    run(x: number) {
      const y = x + a1 * y1 + a2 * y2
      y2 = y1
      y1 = y
      return y
    },
  }
}

/** Brought to an RMS level. */
function scaled(samples: Float32Array, rmsDb: number): Float32Array {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  const gain = amplitude(rmsDb) / sqrt(sum / samples.length)
  return samples.map((sample) => sample * gain)
}

/** Two speakers at different places of a stereo picture, with a room of their own on each side. */
export function conversation(
  sampleRate: number,
  seconds: number,
  seed: number,
  levelDb = -24,
): [Float32Array, Float32Array] {
  const [first, second] = [
    speechLike(sampleRate, seconds, seed, levelDb),
    speechLike(sampleRate, seconds, seed + 1, levelDb - 3),
  ]
  return [
    first.map((sample, i) => sample + 0.3 * second[i]!),
    second.map((sample, i) => sample + 0.5 * first[i]!),
  ]
}

/** Planes as canonical PCM bytes. */
export function toPcm(planes: readonly Float32Array[], sampleFormat: PcmFormat['sampleFormat']): Buffer {
  const floats = toInterleavedBytes(planes)
  if (sampleFormat === 'f32le') return floats
  const samples = new Float32Array(floats.buffer, floats.byteOffset, floats.length / 4)
  const numbers = new Int16Array(samples.length) // filled in a loop: with from() it takes ten times as long
  for (let i = 0; i < samples.length; i++) numbers[i] = max(-32768, min(32767, round(samples[i]! * 32768)))
  return Buffer.from(numbers.buffer)
}

/** A store that holds the named bytes and can only be read. */
export function readOnlyStore(objects: Readonly<Record<string, Buffer>>): ObjectStore {
  const read = ({ name }: ObjectName, range?: ByteRange): Promise<Buffer> => {
    const bytes = objects[name]
    if (!bytes) return Promise.reject(new Error(`There is no object ${name}.`))
    return Promise.resolve(range ? bytes.subarray(range.start, range.end) : bytes)
  }
  async function* readStream(object: ObjectName, range: ByteRange): AsyncGenerator<Buffer> {
    yield await read(object, range)
  }
  const stat = ({ name }: ObjectName) => Promise.resolve({ bytes: objects[name]!.length, generation: '1' })
  return { read, readStream, scan: readStream, stat } as unknown as ObjectStore
}

/** A timeline that plays the planes from start to end, and where to read it from. */
export function aProgramme(
  sampleRate: number,
  planes: readonly Float32Array[],
  outputChannels: 1 | 2,
  sampleFormat: PcmFormat['sampleFormat'] = 'f32le',
) {
  const format: PcmFormat = { sampleRate, channels: planes.length === 1 ? 1 : 2, sampleFormat }
  const bytes = toPcm(planes, sampleFormat)
  const totalSamples = bytes.length / bytesPerFrame(format)
  const ledger = keepAllBut([], totalSamples, 0, () => 0)
  const timeline: Timeline = {
    version: 1,
    sampleRate,
    outputChannels,
    totalSamples,
    chunkStarts: evenStarts(0, totalSamples),
    sources: [{ object: 'recording', format, totalSamples }],
    clips: clipsOf(ledger, 0, 0),
    segments: [],
    ledger,
    inserted: [],
    answers: {},
  }
  return { timeline, location: { storage: readOnlyStore({ recording: bytes }), bucket: 'work' } }
}

export type Programme = ReturnType<typeof aProgramme>

/** Everything `render` does to every chunk, and the chunks put end to end behind the Info frame. */
export async function renderAll(
  { timeline, location }: Programme,
  gainDb: number,
  loudness: Loudness,
  format: Mp3Format,
) {
  const chunks: RenderedChunk[] = []
  for (let chunk = 0; chunk < timeline.chunkStarts.length; chunk++)
    chunks.push(await renderChunk(timeline, location, chunk, gainDb, loudness, format, never))
  const frames = Buffer.concat(chunks.map((chunk) => chunk.frames))
  return {
    chunks,
    frames,
    file: Buffer.concat([infoFrame(format, timeline.totalSamples, frames.length), frames]),
  }
}

/** Blocks of planes that are used again, put end to end. */
export async function allOf(blocks: AsyncIterable<Planes>, channels: number): Promise<Float32Array[]> {
  const parts: Float32Array[][] = Array.from({ length: channels }, () => [])
  for await (const planes of blocks) parts.forEach((part, channel) => part.push(planes[channel]!.slice()))
  return parts.map((part) => {
    const whole = new Float32Array(part.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const block of part) {
      whole.set(block, at)
      at += block.length
    }
    return whole
  })
}

/** Decodes a whole file as a player does: delay and padding removed. */
export async function decodeFile(
  bytes: Buffer,
  sampleRate: number,
  channels: 1 | 2,
): Promise<Float32Array[]> {
  const output = ['-ar', String(sampleRate), '-ac', String(channels), '-f', 'f32le', 'pipe:1']
  return withFile(bytes, async (file) =>
    toPlanar(await run(['-i', file, ...output]), { sampleRate, channels, sampleFormat: 'f32le' }),
  )
}

/** What an ffmpeg prints that may do what the product's may not, such as writing files. */
export async function run(args: readonly string[]): Promise<Buffer> {
  const told = ['-hide_banner', '-nostdin', '-loglevel', 'error', ...args]
  const { stdout } = await promisify(execFile)('ffmpeg', told, { encoding: 'buffer', maxBuffer: 2 ** 31 })
  return stdout
}

/** Lends a file to `use`: ffmpeg tells more of a file than of a pipe. */
export async function withFile<T>(bytes: Buffer, use: (file: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), 'spool-audio-'))
  try {
    const file = path.join(directory, 'sound')
    writeFileSync(file, bytes)
    return await use(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export interface Measured {
  readonly integratedLufs: number
  readonly loudnessRangeLu: number
  readonly truePeakDbtp: number
  /** Loudness of the 400 ms that end with every 100 ms. */
  readonly momentaryLufs: readonly number[]
}

/** What ffmpeg's ebur128 filter says. `input` are ffmpeg's arguments that open the sound. */
export async function ebur128(input: readonly string[]): Promise<Measured> {
  const log = (
    await run([
      ...input,
      '-af',
      'ebur128=metadata=1:peak=true,ametadata=mode=print:file=-',
      '-f',
      'null',
      '-',
    ])
  ).toString()
  const all = (key: string) =>
    [...log.matchAll(new RegExp(`lavfi.r128.${key}=(.+)`, 'g'))].map(([, value]) => Number(value))
  const highest = all('true_peaks_ch\\d').reduce((a, b) => max(a, b), 0)
  return {
    integratedLufs: all('I').at(-1)!,
    loudnessRangeLu: all('LRA').at(-1)!,
    truePeakDbtp: 20 * Math.log10(highest),
    momentaryLufs: all('M'),
  }
}

/** The same for planes of samples. */
export const ebur128Of = (sampleRate: number, planes: readonly Float32Array[]): Promise<Measured> =>
  withFile(toInterleavedBytes(planes), (file) =>
    ebur128(['-f', 'f32le', '-ar', String(sampleRate), '-ac', String(planes.length), '-i', file]),
  )
