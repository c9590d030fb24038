// Whole episodes through a local cloud: recordings of every rate and width, bad ones, and the sample show, heard
// and read as a listener's player would. Every container and codec, and every way to be broken, is in audio/field-media.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { assemble, type Report } from '../../local/cli/assemble.ts'
import type { Job } from '../../local/cli/job-files.ts'
import type { LocalCloud } from '../../local/host/cloud.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { aLocalCloud } from '../support/clouds.ts'

const samples = path.join(import.meta.dirname, '../../samples')
const conversation = path.join(samples, 'conversation.flac')
const words = path.join(samples, 'conversation.words.json')

let dir: string
let cloud: LocalCloud

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-e2e-'))
  cloud = await aLocalCloud(path.join(dir, 'cloud'))
})

afterAll(async () => {
  await cloud.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Writes a variant of the sample conversation with ffmpeg. */
function make(file: string, ...options: string[]): string {
  const target = path.join(dir, file)
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', conversation, ...options, target])
  return target
}

function write(file: string, content: string | Buffer): string {
  const target = path.join(dir, file)
  writeFileSync(target, content)
  return target
}

let outs = 0
const run = (job: Job): Promise<Report> =>
  assemble(
    cloud,
    { out: path.join(dir, `out-${outs++}`), ...job },
    () => undefined,
    new AbortController().signal,
  )

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

/** What ffmpeg's own meter says of a file, and how many samples it decodes to. */
function measure(file: string): { lufs: number; truePeakDbtp: number; samples: number } {
  const meter = ['-af', 'ebur128=peak=true', '-ac', '1', '-f', 's16le', '-']
  const { stdout, stderr } = spawnSync('ffmpeg', ['-hide_banner', '-nostats', '-i', file, ...meter], {
    maxBuffer: 1e9,
  })
  const text = stderr.toString().slice(stderr.lastIndexOf('Summary:'))
  return {
    lufs: Number(/I:\s+(-?[\d.]+) LUFS/.exec(text)![1]),
    truePeakDbtp: Number(/Peak:\s+(-?[\d.]+) dBFS/.exec(text)![1]),
    samples: stdout.length / 2,
  }
}

test('a command that is interrupted before its run has begun ends that run all the same', async () => {
  const interrupt = new AbortController()
  const job = { recordings: [make('interrupted.wav', '-t', '3')], out: path.join(dir, 'interrupted') }
  const beginning = { quote: () => undefined, show: () => interrupt.abort() }
  await expect(assemble(cloud, job, () => undefined, interrupt.signal, beginning)).rejects.toMatchObject({
    code: 'user_cancelled',
  })
  const statuses = await withDatabase(cloud.env['DATABASE_URL']!, (db) =>
    rows<{ status: string }>(
      db,
      `SELECT r.status FROM runs r JOIN episodes e ON e.id = r.episode_id WHERE e.slug = 'interrupted'`,
    ),
  )
  expect(statuses).toEqual([{ status: 'cancelled' }])
})

describe('a recording of any rate becomes an episode at its loudness', () => {
  const kinds: [file: string, ...options: string[]][] = [
    ['8kHz.wav', '-ar', '8000', '-c:a', 'pcm_s16le'],
    ['24bit-96kHz-stereo.wav', '-ar', '96000', '-ac', '2', '-c:a', 'pcm_s24le'],
    ['22kHz.mp3', '-ar', '22050', '-b:a', '64k'],
    ['44kHz.flac', '-ar', '44100'],
    ['opus.webm', '-c:a', 'libopus'],
  ]
  test.each(kinds)('%s', async (file, ...options) => {
    const report = await run({ recordings: [make(file, '-t', '5', ...options)] })
    const measured = measure(report.files['episode.mp3']!)
    expect(measured.lufs).toBeGreaterThanOrEqual(-16.2)
    expect(measured.lufs).toBeLessThanOrEqual(-15.8)
    expect(measured.truePeakDbtp).toBeLessThanOrEqual(-1)
    expect(report.sourceSeconds).toBeCloseTo(5, 1)
    const sampleRate = file.startsWith('44') ? 44_100 : 48_000
    expect(measured.samples).toBe(Math.round(report.durationSeconds * sampleRate)) // gapless
  })

  test('three seconds are enough; where words are to be bleeped and none are known they are kept from listeners', async () => {
    const template = write('bleeps.json', '{"cleaning":{"censor":{"enabled":true,"words":["damn"]}}}')
    const recordings = [make('short.wav', '-t', '3')]
    const { durationSeconds, loudness, heldFor } = await run({ recordings, template })
    expect(heldFor).toBe('not_bleeped')
    expect(durationSeconds).toBeCloseTo(3, 1)
    expect(loudness.integratedLufs).toBeCloseTo(-16, 0)
  })

  test('a silent recording is finished as it is, said to be silent, and kept from listeners, though its intro is heard', async () => {
    const silent = path.join(dir, 'silent.wav')
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'anullsrc=r=48000', '-t', '4', silent])
    make('jingle.wav', '-t', '1')
    const jingle = { type: 'intro', source: { kind: 'static', file: 'jingle.wav' } }
    const template = write('jingle.json', JSON.stringify({ segments: [jingle, { type: 'content' }] }))
    const { durationSeconds, warnings, files, heldFor } = await run({ recordings: [silent], template })
    expect([heldFor, 'feed.xml' in files]).toEqual(['silent', false])
    expect(durationSeconds).toBeCloseTo(5, 0)
    expect(warnings.map(({ code }) => code)).toContain('silent_recording')
  })
})

describe('a bad recording fails with its code, and nothing of it is public', () => {
  const cutOff = (file: string, bytes: number, ...options: string[]) => {
    const target = make(file, ...options)
    truncateSync(target, bytes)
    return target
  }
  const bad: [name: string, code: string, file: () => string][] = [
    ['an empty file', 'empty_file', () => write('empty.wav', '')],
    [
      'noise that calls itself MP3',
      'not_audio',
      () => write('noise.mp3', createHash('sha512').update('noise').digest()),
    ],
    [
      'a list of other files',
      'refers_elsewhere',
      () => write('list.wav', 'ffconcat version 1.0\nfile /etc/hostname\n'),
    ],
    ['a WAV cut off', 'truncated_file', () => cutOff('cut.wav', 300_000, '-t', '5')],
  ]
  test.each(bad)('%s: %s', async (_name, code, file) => {
    await expect(run({ recordings: [file()] })).rejects.toMatchObject({ code })
  })

  test('words that belong to another recording', async () => {
    const other = write(
      'other.json',
      JSON.stringify({ version: 1, words: [{ text: 'late', start: 500, end: 501 }] }),
    )
    await expect(
      run({ recordings: [make('wrong-words.wav', '-t', '5')], words: other }),
    ).rejects.toMatchObject({ code: 'bad_words_file' })
  })

  test('a template that names a missing file says which segment', async () => {
    const template = write(
      'template.json',
      JSON.stringify({ segments: [{ type: 'intro', source: { kind: 'static', file: 'nowhere.wav' } }] }),
    )
    const failure = await run({ recordings: [make('no-intro.wav', '-t', '5')], template }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({
      code: 'missing_asset',
      message: expect.stringMatching(/Segment 1 \(intro\).*nowhere\.wav/) as unknown,
    })
  })
})

describe('the sample show', () => {
  const show: Job = {
    recordings: [conversation],
    words,
    template: path.join(samples, 'template.json'),
    podcast: path.join(samples, 'podcast.json'),
    episode: path.join(samples, 'episode.json'),
    cover: path.join(samples, 'cover.png'),
    title: 'The sample',
  }
  let first: Report
  beforeAll(async () => {
    first = await run(show)
  })

  test('loses its fillers and long pauses, and says so', () => {
    const { edits, files, removedSeconds } = first
    expect(edits['filler']).toBeGreaterThanOrEqual(8)
    expect(edits['pause']).toBeGreaterThanOrEqual(5)
    expect(removedSeconds).toBeGreaterThan(10)
    expect(readFileSync(files['transcript.txt']!, 'utf8')).not.toMatch(/\b(um|uh|er|hmm)\b/i)
  })

  test('gives the same bytes with another number of workers and other ports', async () => {
    const elsewhere = await aLocalCloud(path.join(dir, 'elsewhere'), { workers: 1 })
    try {
      const second = await assemble(
        elsewhere,
        { ...show, out: path.join(dir, 'second') },
        () => undefined,
        new AbortController().signal,
      )
      const exceptions = new Set(['manifest.json', 'feed.xml'])
      for (const [file, at] of Object.entries(first.files))
        if (!exceptions.has(file)) expect([file, sha256(second.files[file]!)]).toEqual([file, sha256(at)])
    } finally {
      await elsewhere.stop()
    }
  })

  test('is not read again while its file seems the same, unless somebody insists; nothing of it is made again', async () => {
    const recording = path.join(dir, 'conversation.flac')
    copyFileSync(show.recordings[0]!, recording)
    const times = statSync(recording)
    const job = { ...show, recordings: [recording] }
    await run(job)
    writeFileSync(recording, Buffer.alloc(times.size)) // no recording at all, of the same size and time
    utimesSync(recording, times.atime, times.mtime)
    const again = await run(job)
    expect(sha256(again.files['episode.mp3']!)).toBe(sha256(first.files['episode.mp3']!))
    const made = again.steps.filter(({ made: parts }) => parts > 0).map(({ name }) => name)
    expect(made).toEqual(['publish']) // its work is its effect
    await expect(run({ ...job, rehash: true })).rejects.toMatchObject({ code: 'not_audio' })
  })

  test('is in its feed with its length in bytes, its transcripts and its chapters', async () => {
    const { files } = first
    const feed = readFileSync(files['feed.xml']!, 'utf8')
    expect(feed).toContain(`length="${readFileSync(files['episode.mp3']!).length}" type="audio/mpeg"`)
    const [, url] = /<enclosure url="([^"]+)"/.exec(feed)!
    const range = await fetch(url!, { headers: { range: 'bytes=0-2' } })
    expect([range.status, await range.text()]).toEqual([206, 'ID3'])
    expect(feed).toContain('application/x-subrip')
    expect(feed).toContain('application/json+chapters')
  })
})
