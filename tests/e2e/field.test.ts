// The worst of what people bring, from the upload to the finished MP3: judged by what is heard in it, by its
// transcript, and by what the producer is told. Here is what more than one step has a part in; that each kind of
// file is heard whole is in audio/field-media.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { assemble, type Report } from '../../local/cli/assemble.ts'
import type { LocalCloud } from '../../local/host/cloud.ts'
import type { Timeline } from '../../shared/timeline/timeline.ts'
import { toOutput } from '../../shared/timeline/ledger.ts'
import { decodeFile, tone } from '../support/audio.ts'
import { aLocalCloud } from '../support/clouds.ts'
import { base, made, polyWav } from '../support/media.ts'

const sampleRate = 48_000

let dir: string
let cloud: LocalCloud
let wav10: Buffer
let template: string
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-field-'))
  cloud = await aLocalCloud(path.join(dir, 'cloud'))
  wav10 = await base()
  template = write('as-it-is.json', JSON.stringify({ cleaning: { pauses: { enabled: false } } }))
})
afterAll(async () => {
  await cloud.stop()
  rmSync(dir, { recursive: true, force: true })
})

function write(file: string, content: string | Buffer): string {
  writeFileSync(path.join(dir, file), content)
  return path.join(dir, file)
}

interface Episode {
  readonly report: Report
  readonly seconds: number
  /** How much of the loudness between two times is this frequency, 0 to 1. */
  readonly share: (hz: number, from: number, to: number) => number
  /** When this frequency sets in, next to a time. */
  readonly onset: (hz: number, near: number) => number
  readonly transcript: string
}

let count = 0
async function episodeOf(recording: Buffer, words?: string | Buffer, cleaned?: string): Promise<Episode> {
  const out = path.join(dir, `out-${count++}`)
  const report = await assemble(
    cloud,
    {
      recordings: [write(`talk-${count}.bin.wav`, recording)],
      ...(words === undefined ? {} : { words: write(`words-${count}.srt`, words) }),
      template: cleaned === undefined ? template : write(`template-${count}.json`, cleaned),
      out,
    },
    () => undefined,
    new AbortController().signal,
  )
  const [heard] = await decodeFile(readFileSync(report.files['episode.mp3']!), sampleRate, 1)
  const { files } = report
  return {
    report,
    seconds: heard!.length / sampleRate,
    share: (hz, from, to) => shareOf(heard!.subarray(from * sampleRate, to * sampleRate), hz),
    onset: (hz, near) => onsetOf(heard!, hz, near),
    transcript: files['transcript.vtt'] ? readFileSync(files['transcript.vtt'], 'utf8') : '',
  }
}

function shareOf(sound: Float32Array, hz: number): number {
  let [real, imaginary, energy] = [0, 0, 0]
  sound.forEach((sample, i) => {
    real += sample * Math.cos((2 * Math.PI * hz * i) / sampleRate)
    imaginary += sample * Math.sin((2 * Math.PI * hz * i) / sampleRate)
    energy += sample * sample
  })
  return (2 * (real * real + imaginary * imaginary)) / sound.length / Math.max(1e-12, energy)
}

/** In steps of 5 ms: the first that is within 20 dB of what follows. */
function onsetOf(sound: Float32Array, hz: number, near: number): number {
  const step = 0.005 * sampleRate
  const level = (from: number) => {
    const piece = sound.subarray(Math.max(0, from), from + step)
    return shareOf(piece, hz) * piece.reduce((sum, sample) => sum + sample * sample, 0)
  }
  const loud = level((near + 0.3) * sampleRate)
  for (let at = Math.round((near - 0.3) * sampleRate); ; at += step)
    if (level(at) > loud / 100) return at / sampleRate
}

const codes = ({ report }: Episode): string[] => report.warnings.map(({ code }) => code)
/** A cue at a time of the recording. */
const cue = (at: number, text: string): string =>
  `1\n00:00:${String(at).padStart(2, '0')},000 --> 00:00:${String(at + 1).padStart(2, '0')},000\n${text}\n`

test('the guest on channel 4 of a poly-WAV is in the episode, and the producer is told of the channels', async () => {
  const channels = Array.from({ length: 6 }, (_, c) =>
    c === 3 ? tone(sampleRate, 5, 440, -12) : new Float32Array(5 * sampleRate),
  )
  const episode = await episodeOf(polyWav(channels, sampleRate))
  expect(episode.share(440, 1, 4)).toBeGreaterThan(0.9)
  expect(episode.report.loudness.integratedLufs).toBeCloseTo(-16, 0)
  expect(codes(episode)).toContain('channels_mixed')
  const { warnings } = JSON.parse(readFileSync(episode.report.files['manifest.json']!, 'utf8')) as Report
  expect(warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['channels_mixed', 'no_words']))
  expect(readFileSync(episode.report.files['review.html']!, 'utf8')).toContain('<code>channels_mixed</code>')
})

test('a word stays at its place behind a hole in time', async () => {
  const full = await made(
    'full.webm',
    '-f lavfi -i sine=f=300:r=48000:d=10 -f lavfi -i sine=f=700:r=48000:d=10 -filter_complex [0][1]concat=n=2:v=0:a=1 -c:a libopus -b:a 48k',
  )
  const gap = await made(
    'gap.webm',
    `-i $1 -c copy -bsf:a "noise=amount=0:drop='between(pts,5000,9000)'"`,
    full,
  )
  const episode = await episodeOf(gap, cue(11, 'here'))
  expect(episode.seconds).toBeCloseTo(20, 1)
  expect(episode.share(700, 11, 12)).toBeGreaterThan(0.9)
  expect(episode.transcript).toMatch(/00:00:11\.000 --> 00:00:1[12]\.\d+\nhere/)
  expect(codes(episode)).toContain('gaps_filled')
})

test('M25 what is cut from a film of a broken frame rate is cut to the sample', async () => {
  const beeps = Array.from({ length: 6 }, (_, i) => 5 + 10 * i)
  const expression = beeps.map((at) => `between(t\\,${at}\\,${at + 1})`).join('+')
  const film = await made(
    'v.mp4',
    `-f lavfi -i color=c=black:s=64x64:r=30000/1001:d=60 -f lavfi -i aevalsrc=0.3*sin(2*PI*500*t)*(${expression}):s=48000:d=60 -c:v mpeg4 -c:a aac`,
  )
  const words = JSON.stringify({
    version: 1,
    words: beeps.map((at) => ({ text: 'beep', start: at, end: at + 1 })),
  })
  const episode = await episodeOf(
    film,
    words,
    JSON.stringify({ cleaning: { pauses: { maxPauseSeconds: 2, targetPauseSeconds: 1 } } }),
  )
  const { ledger } = JSON.parse(readFileSync(episode.report.files['timeline.json']!, 'utf8')) as Timeline
  expect(episode.seconds).toBeLessThan(30)
  for (const at of beeps) {
    const place = toOutput(ledger, at * sampleRate) / sampleRate
    expect(Math.abs(episode.onset(500, place) - place)).toBeLessThan(0.02)
  }
})

test('captions that roll, in an encoding of old, become a transcript with every word once and every accent', async () => {
  const captions = ['Il é tard', 'Il é tard\nIt’s late', 'It’s late\nà demain']
    .map((text, i) => `${i + 1}\n00:00:0${2 * i},000 --> 00:00:0${2 * i + 2},000\n${text}\n`)
    .join('\n')
  const episode = await episodeOf(wav10, Buffer.from(captions.replaceAll('’', '\x92'), 'latin1'))
  const said = episode.transcript
    .replaceAll(/WEBVTT|\d\d:\S+ --> \S+|\s+/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
  expect(said).toBe('Il é tard It’s late à demain')
  expect(codes(episode)).toEqual(expect.arrayContaining(['text_encoding', 'captions_only']))
})
