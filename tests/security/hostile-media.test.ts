// Media that attacks: it names files and hosts, asks for memory and time, or hides a bomb in its cover. Each is brought
// as a recording is, and a trap beside it counts who was lured. That the lure works is shown with ffmpeg alone.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decoderOutput } from '../../shared/audio/decoder.ts'
import { collect, ffmpegOutput } from '../../shared/audio/ffmpeg.ts'
import { isLimited } from '../../shared/held-in.ts'
import { serveRanges } from '../../shared/audio/range-server.ts'
import { withSource } from '../../shared/audio/source.ts'
import type { Tools } from '../../shared/engine/step.ts'
import { prepareWhole } from '../../shared/episode/recording.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import { never, readOnlyStore, run, tone, withFile } from '../support/audio.ts'
import { hugePng, id3, made } from '../support/media.ts'
import { wav } from '../support/recordings.ts'
import { serverUrl } from '../support/test-server.ts'

const sampleRate = 48_000
const seconds = 5
const sound = wav(tone(sampleRate, seconds, 300, -20), sampleRate)

let folder: string
/** A recording of another user's. */
let otherFile: string
let trap: Server
let visits = 0
let trapUrl: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'spool-hostile-'))
  otherFile = path.join(folder, 'other.wav')
  writeFileSync(otherFile, sound)
  trap = createServer((_, response) => {
    visits++
    response.end(sound)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => trap.once('listening', resolve))
  trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/other.wav`
})
afterAll(() => {
  trap.close()
  rmSync(folder, { recursive: true })
})

/** How many seconds of it are heard as a recording; throws what it is refused with. */
async function hear(bytes: Buffer): Promise<number> {
  const store = readOnlyStore({ talk: bytes })
  const terms = { bytes: 1e9, targetRate: null }
  return await withSource(store, { bucket: 'uploads', name: 'talk' }, terms, never, async (source) => {
    let heard = 0
    for await (const block of source.decode(never).sound) heard += block.length
    const { pcm } = source.probed
    return heard / (pcm.sampleRate * pcm.channels * (pcm.sampleFormat === 's16le' ? 2 : 4))
  })
}

const refused = (code: string) =>
  expect.objectContaining({
    name: 'Permanent',
    code,
    message: expect.not.stringMatching(/127\.0\.0\.1|other\.wav/),
  })

/** A QuickTime file whose sound is said to lie in another file: the reference in its `dref` is an alias of that. */
async function elsewhereMovie(target: string): Promise<Buffer> {
  const whole = await made('a.mov', '-i $1 -c:a pcm_s16le', sound)
  const [hostPath, padded] = [Buffer.from(target), target.length % 2]
  const alias = Buffer.alloc(150)
  const entry = Buffer.concat([
    Buffer.from('\0\0\0\0alis\0\0\0\0', 'latin1'),
    alias, // volume, file and level say nothing
    Buffer.from([0, 2, 0, hostPath.length]), // an absolute path follows
    hostPath,
    Buffer.alloc(padded),
    Buffer.from([0xff, 0xff, 0, 0]),
  ])
  entry.writeUInt32BE(entry.length)
  return withEntry(whole, ['moov', 'trak', 'mdia', 'minf', 'dinf', 'dref'], entry)
}

/** The last of nested boxes holds `entry` alone, and all sizes are right. */
function withEntry(file: Buffer, boxes: readonly string[], entry: Buffer): Buffer {
  const copy = Buffer.from(file)
  let [from, to] = [0, file.length]
  const heads: number[] = []
  for (const name of boxes) {
    let at = from
    while (copy.toString('latin1', at + 4, at + 8) !== name && at < to) at += copy.readUInt32BE(at)
    heads.push(at)
    ;[from, to] = [at + 8, at + copy.readUInt32BE(at)]
  }
  const kept = from + 8 // version and the count of entries, which is one
  for (const head of heads) copy.writeUInt32BE(copy.readUInt32BE(head) + kept + entry.length - to, head)
  return Buffer.concat([copy.subarray(0, kept), entry, copy.subarray(to)])
}

describe('Media that names other files and hosts', () => {
  const hls = (segment: string) =>
    `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n${segment}\n#EXT-X-ENDLIST\n`
  const lures: readonly (readonly [string, () => string, string])[] = [
    ['a playlist', () => hls(trapUrl), 'refers_elsewhere'],
    [
      'a playlist of a data URL',
      () => hls(`data:audio/wav;base64,${sound.toString('base64')}`),
      'refers_elsewhere',
    ],
    ['a playlist of a file', () => hls(otherFile), 'refers_elsewhere'],
    ['a script of concat', () => `ffconcat version 1.0\nfile '${otherFile}'\n`, 'refers_elsewhere'],
    [
      'a script of concat with an address',
      () => `ffconcat version 1.0\nfile '${trapUrl}'\n`,
      'refers_elsewhere',
    ],
    [
      'a description of streams (DASH)',
      () =>
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>' +
        `<Representation id="0" bandwidth="1"><BaseURL>${trapUrl}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      'refers_elsewhere',
    ],
    [
      'a session description',
      () => 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n',
      'refers_elsewhere',
    ],
    ['subtitles', () => `1\n00:00:00,000 --> 00:00:05,000\n<img src="${trapUrl}">\n`, 'not_audio'],
  ]
  test.each(lures)('is refused: %s', async (_what, lure, code) => {
    const before = visits
    await expect(hear(Buffer.from(lure()))).rejects.toEqual(refused(code))
    expect(visits).toBe(before)
  })

  test('lures an ffmpeg that is not held in', async () => {
    const before = visits
    const freely = ['-protocol_whitelist', 'file,http,tcp,data', '-allowed_extensions', 'ALL']
    const play = (file: string) => run([...freely, '-i', file, '-f', 'null', '-'])
    await withFile(Buffer.from(hls(trapUrl)), play).catch(() => undefined) // it may not like what it is served
    expect(visits).toBeGreaterThan(before)
  })

  test('is not followed where a film says that its sound is in another file', async () => {
    const movie = await elsewhereMovie(otherFile)
    const freely = ['-enable_drefs', '1', '-use_absolute_path', '1']
    const stolen = await withFile(movie, (file) => run([...freely, '-i', file, '-f', 's16le', 'pipe:1']))
    expect(stolen.length).toBeGreaterThan(sampleRate)
    await expect(hear(movie)).rejects.toEqual(refused('not_audio'))
  })
})

describe('Media that asks for too much', () => {
  test('is heard without its cover, when that has more pixels than anybody looks at', async () => {
    const mp3 = await made('a.mp3', '-i $1 -c:a libmp3lame -b:a 96k', sound)
    const cover = Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), hugePng(8000)])
    expect(await hear(Buffer.concat([id3('APIC', cover), mp3]))).toBeCloseTo(seconds, 0)
  })

  test('is refused, when a sample of it lasts for a second', async () => {
    await expect(hear(wav(new Float32Array(50_000), 1))).rejects.toEqual(refused('too_complex'))
  })

  test('is heard as far as it goes, when its header counts hours', async () => {
    const flac = await made('a.flac', '-i $1', sound)
    flac.writeUInt32BE(0xffffffff, 22) // the lower bits of how many samples there are
    expect(await hear(flac)).toBeCloseTo(seconds, 0)
  })

  test('is refused, when what it says of itself has no end', async () => {
    const tag = Buffer.concat([Buffer.from('\0'), Buffer.alloc(6e6, '\\')]) // is written \\\\ in JSON
    const tags = Buffer.concat([0, 1, 2].map((n) => framed(Buffer.concat([Buffer.from(`\0${n}`), tag]))))
    const mp3 = await made('a.mp3', '-i $1 -c:a libmp3lame -b:a 96k', sound)
    await expect(hear(Buffer.concat([id3Of(tags), mp3]))).rejects.toEqual(refused('too_complex'))
  })

  test('is given up as soon as it goes on for longer than a recording may, however small it is', async () => {
    const flac = await made('a.flac', '-f lavfi -i anullsrc=r=48000 -t 700')
    let stored = 0
    const storage: ObjectStore = {
      ...readOnlyStore({ talk: flac }),
      create: async (_object, data) => {
        for await (const piece of data as AsyncIterable<Buffer>) stored += piece.length
      },
    }
    const tools = {
      ...{ storage, signal: never, workObject: (name: string) => ({ bucket: 'work', name }) },
      ...{ progress: () => undefined, config: { limits: { recordingSeconds: 3 } } },
    } as unknown as Tools
    const talk = {
      source: 'recording',
      object: 'talk',
      contentHash: 'h',
      runId: 'r',
      userId: 'anna',
    } as const
    const terms = { bytes: 1e9, targetRate: null }
    await withSource(storage, { bucket: 'uploads', name: 'talk' }, terms, never, async (source) => {
      expect(await source.stretches(800)).not.toEqual([])
      expect(await source.stretches(3)).toEqual([]) // nor may many begin at once
      await expect(prepareWhole(source, talk, tools)).rejects.toEqual(refused('recording_too_long'))
    })
    expect(stored).toBeLessThan(4 * sampleRate * 8)
  })

  test('is ended, when its decoder works on and gives nothing', async () => {
    const served = await serveRanges(
      readOnlyStore({ talk: sound }),
      { bucket: 'u', name: 'talk' },
      sound.length,
      'talk',
    )
    const endless = ['-f', 'lavfi', '-i', 'anullsrc,aselect=0', '-f', 's16le', 'pipe:1']
    const decode = () => collect(decoderOutput(endless, 'talk', served, never, () => undefined, 300))
    await expect(decode()).rejects.toEqual(refused('too_complex'))
    served.close()
  })
})

/** An ID3v2.3 frame of a text that its user has named. */
function framed(body: Buffer): Buffer {
  const head = Buffer.from('TXXX\0\0\0\0\0\0', 'latin1')
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, body])
}

function id3Of(frames: Buffer): Buffer {
  const size = [21, 14, 7, 0].map((shift) => (frames.length >> shift) & 127)
  return Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, ...size]), frames])
}

/** Elsewhere the system cannot be asked what it allows a process. */
const onLinux = process.platform === 'linux' ? describe : describe.skip

onLinux('ffmpeg, whatever it is made to do,', () => {
  const printing = (file: string) => [
    '-f',
    'data',
    '-i',
    file,
    '-map',
    '0',
    '-c',
    'copy',
    '-f',
    'data',
    'pipe:1',
  ]
  /** What it can read of itself. */
  const looksAt = async (file: string) => (await ffmpegOutput(printing(file), never)).toString()

  test('sees no setting of ours', async () => {
    const inherited = (await run(printing('/proc/self/environ'))).toString()
    expect(inherited).toContain(serverUrl()) // as a secret of the product's would be
    const settings = (await looksAt('/proc/self/environ')).split('\0').filter(Boolean)
    const names = settings.map((setting) => setting.split('=')[0]!)
    expect(names).toContain('PATH')
    expect(['PATH', 'LD_LIBRARY_PATH', 'MALLOC_ARENA_MAX']).toEqual(expect.arrayContaining(names))
  })

  test('has no memory, file or time beyond its limits', async () => {
    expect(isLimited()).toBe(true)
    const limits = await looksAt('/proc/self/limits')
    for (const [name, most] of [
      ['Max address space', 768 * 1024 * 1024],
      ['Max file size', 0],
      ['Max core file size', 0],
      ['Max open files', 64],
      ['Max cpu time', 3600],
    ] as const)
      expect(limits).toMatch(new RegExp(`${name} +${most} +${most} `))
  })

  test('cannot write a file', async () => {
    const file = path.join(folder, 'written.wav')
    const write = ['-f', 'lavfi', '-i', 'sine=d=1', '-y', file]
    await expect(ffmpegOutput(write, never)).rejects.toThrow()
    expect(readFileSync(file)).toHaveLength(0)
    await run(write)
    expect(readFileSync(file).length).toBeGreaterThan(44_100)
  })
})
