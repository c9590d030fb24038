/**
 * Decodes the tracks of a file that are heard to canonical PCM and finds out on the way what is wrong with it. Hides
 * ffmpeg's log, the silence before sound that begins late, samples that no sound can have, and the judgement
 * whether a file is cut off, damaged or sound.
 */
import type { Warning } from '../codes.ts'
import { Permanent } from '../errors.ts'
import type { Inspection } from './container.ts'
import { decoderOutput, isBrokenPacket } from './decoder.ts'
import { explain } from './ffmpeg-complaints.ts'
import { FfmpegError, ffmpeg } from './ffmpeg.ts'
import { bytesPerFrame, inBlocks, silenceImpossible, type PcmFormat } from './pcm.ts'
import type { RangeServer } from './range-server.ts'
import { filterGraph, type Track } from './tracks.ts'

/** What is known of a file before it is decoded. */
export interface Recorded {
  readonly name: string
  readonly pcm: PcmFormat
  readonly heard: readonly Track[]
  /** The demuxer's name. */
  readonly format: string
  /** There are no pictures in it. */
  readonly isSoundOnly: boolean
  /** The coding, with the profile of an AAC. */
  readonly codec: string
  /** How many the container counts, where it counts samples and begins with none. */
  readonly countedSamples: number | undefined
  /** The coding and its bits a sample, as in "flac, 32 bits". */
  readonly coding: string
  /** Its samples may be anything that a float can be. */
  readonly isFloat: boolean
  /** What the sound's own track says; a container's length may be that of its pictures. */
  readonly declaredSeconds: number | undefined
  readonly inspection: Inspection
  /** What is to be told already. */
  readonly warnings: readonly Warning[]
}

export interface Decoding {
  /** In blocks of a tenth of a second, the last one shorter; throws Permanent at the end of a file that is cut off. */
  readonly sound: AsyncIterable<Buffer>
  /** What the producer should know, once `sound` has ended. */
  readonly warnings: () => readonly Warning[]
}

interface Found {
  /** Of sound and silence, the silence before it too. */
  frames: number
  impossible: number
  /** Samples of silence that stand for holes in time. */
  filled: number
  /** Packets that could not be decoded, and all. */
  broken: number
  packets: number
  /** Of the packets of sound. */
  payloadBytes: number
  complaint: FfmpegError | undefined
}

export function decodeTracks(
  input: readonly string[],
  recorded: Recorded,
  signal: AbortSignal,
  served: RangeServer,
): Decoding {
  const found: Found = {
    frames: 0,
    impossible: 0,
    filled: 0,
    broken: 0,
    packets: 0,
    payloadBytes: 0,
    complaint: undefined,
  }
  async function* sound(): AsyncGenerator<Buffer> {
    const native = { ...recorded.pcm, sampleRate: recorded.heard[0]!.sampleRate }
    const isResampledLater = recorded.isFloat && native.sampleRate !== recorded.pcm.sampleRate
    const first = isResampledLater ? native : recorded.pcm
    const possible = withoutImpossible(
      decoded(input, { ...recorded, pcm: first }, signal, found, served),
      first,
      found,
    )
    const blocks = isResampledLater
      ? inBlocks(resampled(possible, native, recorded.pcm, signal), blockBytesOf(recorded.pcm))
      : possible
    for await (const block of blocks) {
      found.frames += block.length / bytesPerFrame(recorded.pcm)
      yield block
    }
    served.assertUnbroken()
    assertWhole(recorded, found)
  }
  return {
    sound: sound(),
    warnings: () => [...recorded.warnings, ...decodingWarnings(recorded, found)],
  }
}

/** A tenth of a second. */
const blockBytesOf = (pcm: PcmFormat): number => Math.round(pcm.sampleRate / 10) * bytesPerFrame(pcm)

/** In blocks of a tenth of a second; no filter has seen them yet, and none will see what no sound can have. */
async function* withoutImpossible(
  source: AsyncIterable<Buffer>,
  pcm: PcmFormat,
  found: Found,
): AsyncGenerator<Buffer> {
  for await (const block of inBlocks(source, blockBytesOf(pcm))) {
    found.impossible += silenceImpossible(block, pcm)
    yield block
  }
}

async function* resampled(
  source: AsyncIterable<Buffer>,
  from: PcmFormat,
  to: PcmFormat,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const raw = ({ sampleRate, channels, sampleFormat }: PcmFormat) =>
    ['-f', sampleFormat, '-ar', String(sampleRate), '-ac', String(channels)] as const
  const { stdout, ended } = ffmpeg([...raw(from), '-i', 'pipe:0', ...raw(to), 'pipe:1'], signal, source)
  yield* stdout
  await ended
}

async function* decoded(
  input: readonly string[],
  recorded: Recorded,
  signal: AbortSignal,
  found: Found,
  served: RangeServer,
): AsyncGenerator<Buffer> {
  const { pcm, heard, name } = recorded
  yield* silence(leadIn(recorded), pcm)
  const args = [
    ...['-guess_layout_max', '2', ...input, '-filter_complex', filterGraph(heard, pcm), '-map', '[out]'],
    ...['-f', pcm.sampleFormat, 'pipe:1'],
  ]
  try {
    yield* decoderOutput(args, name, served, signal, (line) => noteLine(line, found))
  } catch (error) {
    if (!(error instanceof FfmpegError)) throw error
    found.complaint = error // what could be decoded was; whether that is enough is asked at the end
  }
}

/** The graph of several tracks begins at the file's start, that of one where its sound does. */
const leadIn = ({ heard }: Recorded): number => (heard.length > 1 ? 0 : heard[0]!.leadInSeconds)

function* silence(seconds: number, pcm: PcmFormat): Generator<Buffer> {
  const second = pcm.sampleRate
  for (let left = Math.round(seconds * second); left > 0; left -= second)
    yield Buffer.alloc(Math.min(left, second) * bytesPerFrame(pcm))
}

const summaryLine = /Input stream #.*\(audio\): (\d+) packets read \((\d+) bytes\)/

function noteLine(line: string, found: Found): void {
  const filled = /adding (\d+) audio samples of silence/.exec(line)?.[1]
  if (filled !== undefined) found.filled += Number(filled)
  else if (isBrokenPacket(line)) found.broken++
  else {
    const [, packets, bytes] = summaryLine.exec(line) ?? []
    found.packets += Number(packets ?? 0)
    found.payloadBytes += Number(bytes ?? 0)
  }
}

/** A promise of more sound than this share above what is there is worth a word, or a refusal. */
const tolerated = 0.01
/** Counts of frames take an encoder's delay and padding for sound. */
const toleratedSeconds = 0.15
/** Less of a file than this being sound, it is none. */
const leastSoundShare = 0.1

/** Throws when there is no sound, when the file is something else, and when it is certain that its end is missing. */
function assertWhole(recorded: Recorded, found: Found): void {
  const { name, inspection, pcm, isSoundOnly } = recorded
  const soundBytes = inspection.soundEnd - inspection.soundStart
  const isSilent = found.frames <= Math.round(leadIn(recorded) * pcm.sampleRate)
  if (isSilent && found.complaint) throw explain(found.complaint, name)
  if (isSilent || (isSoundOnly && found.payloadBytes === 0)) {
    if (soundBytes > 0)
      throw explain(new FfmpegError(`No frame of ${recorded.coding} could be decoded`), name)
    throw new Permanent('empty_file', `${name} holds no sound. Record or export it again.`)
  }
  if (isSoundOnly && found.payloadBytes < leastSoundShare * soundBytes)
    throw new Permanent(
      'not_audio',
      `Of the ${soundBytes} bytes of ${name} only ${found.payloadBytes} can be taken for sound, ` +
        'so it is something else, or damaged. Export the recording again.',
    )
  if (!isCutOff(recorded, found)) return
  const seconds = (found.frames / pcm.sampleRate).toFixed(1)
  const promise =
    inspection.missingBytes > 0
      ? `promises ${inspection.promisedBytes} bytes of sound but lacks the last ${inspection.missingBytes}`
      : `says it is ${recorded.declaredSeconds!.toFixed(1)} s long`
  throw new Permanent(
    'truncated_file',
    `${name} ${promise}; it ends after ${seconds} s. The upload or the export was cut off; upload it again.`,
  )
}

/**
 * Certain only where two witnesses agree: bytes are missing that the container counted, and in an MP3, whose counts
 * are a tagger's, the time too; or a FLAC's last frame is broken and the time is missing.
 */
function isCutOff(recorded: Recorded, found: Found): boolean {
  const { format, inspection } = recorded
  const lacksBytes = inspection.missingBytes > tolerated * inspection.promisedBytes
  const lacksTime = missingSeconds(recorded, found) > 0
  if (format === 'mp3') return lacksBytes && lacksTime
  if (format === 'flac') return lacksTime && (found.broken > 0 || found.complaint !== undefined)
  return lacksBytes
}

/** How much of the promised time is missing, when it is more than may be. */
function missingSeconds({ declaredSeconds = 0, pcm }: Recorded, { frames }: Found): number {
  const missing = declaredSeconds - frames / pcm.sampleRate
  return missing > Math.max(toleratedSeconds, tolerated * declaredSeconds) ? missing : 0
}

/** Formats in which whatever is between the tags is sound. */
const bareFormats = ['mp3', 'aac', 'flac', 'ac3', 'eac3', 'dts']
/** An MP3's first frame is a count of the others and no sound. */
const countBytes = 2048

function decodingWarnings(recorded: Recorded, found: Found): Warning[] {
  const { name, pcm, heard, inspection, format } = recorded
  const warnings: Warning[] = []
  const warn = (code: Warning['code'], message: string) =>
    warnings.push({ code, message: `${name} ${message}` })
  if (found.impossible > 0)
    warn(
      'impossible_samples',
      `has ${found.impossible} sample${found.impossible === 1 ? '' : 's'} that no sound can have ` +
        '(not a number, infinite, or far over full scale). Silence stands in their place; if it is heard, ' +
        'export the recording again as 24-bit PCM.',
    )
  const filled = found.filled / heard[0]!.sampleRate
  if (filled >= 0.1)
    warn('gaps_filled', `holds no sound for ${filled.toFixed(1)} s of its time. Silence stands there.`)
  const late = leadIn(recorded)
  if (late >= 0.1)
    warn('gaps_filled', `holds no sound for its first ${late.toFixed(1)} s. Silence stands there.`)
  const lost = inspection.soundEnd - inspection.soundStart - found.payloadBytes - countBytes
  const hasLostBytes = bareFormats.includes(format) && lost > tolerated * found.payloadBytes
  // a broken packet of MP3 is a frame, or the count in front of another file; of others it may have swallowed many
  const hasBroken = found.broken > (format === 'mp3' ? tolerated * found.packets : 0)
  if (hasLostBytes || hasBroken || found.complaint)
    warn(
      'damaged_sound',
      `is damaged: ${[
        ...(hasBroken ? [`${found.broken} of ${found.packets} packets could not be decoded`] : []),
        ...(hasLostBytes ? [`${lost} bytes are no sound`] : []),
        ...(found.complaint ? ['the decoder gave up before its end'] : []),
      ].join(', and ')}. Listen to the episode, and upload the file again if the upload damaged it.`,
    )
  const seconds = found.frames / pcm.sampleRate
  const declared = recorded.declaredSeconds ?? seconds
  if (inspection.isSizeStale)
    warn(
      'length_misstated',
      'has more sound than its header counts; it was read to the end of the file. ' +
        'Check the end of the episode.',
    )
  else if (missingSeconds(recorded, found) > 0)
    warn(
      'length_misstated',
      `says it is ${declared.toFixed(1)} s long but holds ${seconds.toFixed(1)} s. ` +
        'Check that the end is there.',
    )
  return warnings
}
