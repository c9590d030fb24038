/**
 * Speech of any length for tests: the sample conversation, again and again. Hides ffmpeg's options;
 * the audio streams from file to file, so an hour needs no more memory than a minute.
 */
import { fileURLToPath } from 'node:url'
import { run } from './audio.ts'

export interface SpeechFormat {
  readonly sampleRate?: number
  readonly channels?: 1 | 2
  readonly format?: keyof typeof encoders
}

const encoders = {
  wav: ['-c:a', 'pcm_s16le', '-rf64', 'auto', '-f', 'wav'],
  flac: ['-c:a', 'flac', '-f', 'flac'],
  mp3: ['-c:a', 'libmp3lame', '-b:a', '128k', '-f', 'mp3'],
  m4a: ['-c:a', 'aac', '-b:a', '128k', '-f', 'mp4'],
  s16le: ['-c:a', 'pcm_s16le', '-f', 's16le'],
} as const

const conversation = fileURLToPath(new URL('../../samples/conversation.flac', import.meta.url))
/**
 * The level wanders by 3 dB either way over 7 minutes, which no whole number of conversations fills: no two
 * sound quite the same.
 */
const wandering = 'volume=volume=pow(10\\,3*sin(2*PI*t/421)/20):eval=frame'

/**
 * Writes `seconds` of two people talking to `path`: 48 kHz mono WAV unless said otherwise. Same arguments,
 * same bytes.
 */
export async function longSpeech(
  seconds: number,
  path: string,
  { sampleRate = 48_000, channels = 1, format = 'wav' }: SpeechFormat = {},
): Promise<void> {
  const source = ['-stream_loop', '-1', '-i', conversation, '-t', `${seconds}`, '-af', wandering]
  const target = [
    '-ar',
    `${sampleRate}`,
    '-ac',
    `${channels}`,
    '-map_metadata',
    '-1',
    '-fflags',
    '+bitexact',
    '-flags:a',
    '+bitexact',
  ]
  await run([...source, ...target, ...encoders[format], '-y', path])
}
