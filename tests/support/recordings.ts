// Recordings for tests: a WAV of given samples, and people who say what a test wants them to say.
import { record, recordingRate } from '../../samples/recording.ts'
import type { Turn } from '../../samples/script.ts'
import { toPcm } from './audio.ts'

/** Mono, 16-bit or 32-bit float. */
export function wav(
  samples: Float32Array,
  sampleRate: number,
  sampleFormat: 's16le' | 'f32le' = 's16le',
): Buffer {
  return wavOf(toPcm([samples], sampleFormat), sampleRate, sampleFormat)
}

/** The same of samples that are bytes already. */
export function wavOf(sound: Buffer, sampleRate: number, sampleFormat: 's16le' | 'f32le' = 's16le'): Buffer {
  const [tag, width] = sampleFormat === 's16le' ? [1, 2] : [3, 4]
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.writeUInt32LE(36 + sound.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(tag, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(sampleRate, 24)
  head.writeUInt32LE(width * sampleRate, 28)
  head.writeUInt16LE(width, 32)
  head.writeUInt16LE(8 * width, 34)
  head.write('data', 36)
  head.writeUInt32LE(sound.length, 40)
  return Buffer.concat([head, sound])
}

export interface SaidRecording {
  readonly wav: Buffer
  /** The words file, with exact times. */
  readonly words: string
  readonly seconds: number
}

/** Ada says each sentence; a number after it is the silence that follows, in seconds. */
export async function said(...lines: readonly (string | number)[]): Promise<SaidRecording> {
  const turns: Turn[] = []
  for (const line of lines) {
    if (typeof line === 'string') turns.push({ speaker: 'Ada', text: line, pauseSeconds: 0.5 })
    else turns.push({ ...turns.pop()!, pauseSeconds: line })
  }
  const { samples, words } = await record(turns)
  return {
    wav: wav(samples, recordingRate),
    words: JSON.stringify({ version: 1, language: 'en', words }),
    seconds: samples.length / recordingRate,
  }
}
