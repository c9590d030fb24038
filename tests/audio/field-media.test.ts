// The recordings that people bring: each row is a case from a public report, with what a listener must hear.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { withSource } from '../../shared/audio/source.ts'
import { toPlanar } from '../../shared/audio/pcm.ts'
import type { Permanent } from '../../shared/errors.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import { never, noise, readOnlyStore, tone } from '../support/audio.ts'
import { base, encodings, id3, made, polyWav, riff, withBytes, withNumber } from '../support/media.ts'
import { wav } from '../support/recordings.ts'

interface Heard {
  readonly seconds: number
  readonly planes: readonly Float32Array[]
  readonly sampleRate: number
  readonly warnings: readonly { code: string; message: string }[]
}

/** Decodes a file as `prepare` does. */
async function hear(bytes: Buffer, storage: ObjectStore = readOnlyStore({ talk: bytes })): Promise<Heard> {
  const terms = { bytes: 1e9, targetRate: null }
  return await withSource(storage, { bucket: 'uploads', name: 'talk' }, terms, never, async (source) => {
    const { sound, warnings } = source.decode(never)
    const blocks: Buffer[] = []
    for await (const block of sound) blocks.push(Buffer.from(block))
    const { pcm } = source.probed
    const planes = toPlanar(Buffer.concat(blocks), pcm)
    return {
      seconds: planes[0]!.length / pcm.sampleRate,
      planes,
      sampleRate: pcm.sampleRate,
      warnings: warnings(),
    }
  })
}

const refusal = async (bytes: Buffer): Promise<Permanent> =>
  await hear(bytes).then(
    () => {
      throw new Error('It was accepted.')
    },
    (error: unknown) => error as Permanent,
  )

/** The level of one frequency between two times, in dB of full scale, on the louder side. */
function level({ planes, sampleRate }: Heard, hz: number, [from, to]: readonly [number, number]): number {
  const levels = planes.map((plane) => {
    const piece = plane.subarray(Math.round(from * sampleRate), Math.round(to * sampleRate))
    const turn = (2 * Math.PI * hz) / sampleRate
    const factor = 2 * Math.cos(turn)
    let [last, before] = [0, 0] // Goertzel's recurrence
    for (const sample of piece) [last, before] = [sample + factor * last - before, last]
    const amplitude = Math.hypot(last - before * Math.cos(turn), before * Math.sin(turn))
    return 20 * Math.log10((2 * amplitude) / piece.length + 1e-9)
  })
  return Math.max(...levels)
}

/** The loudest sample between two times, in dB of full scale. */
const peak = ({ planes, sampleRate }: Heard, [from, to]: readonly [number, number]): number =>
  20 *
  Math.log10(
    Math.max(
      ...planes.map((plane) =>
        plane
          .subarray(Math.round(from * sampleRate), Math.round(to * sampleRate))
          .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
      ),
    ) + 1e-9,
  )

interface Case {
  readonly id: string
  readonly what: string
  readonly make: () => Promise<Buffer> | Buffer
  readonly seconds: number
  /** A frequency and the times between which it is heard. */
  readonly hears?: readonly (readonly [number, readonly [number, number]])[]
  readonly silent?: readonly (readonly [number, number])[]
  readonly warns?: readonly string[]
}

/** What is made of `wav10` alone. */
const encoded = [
  ['low MP3', 'm1.mp3', '-ar 22050 -ac 1 -c:a libmp3lame -b:a 64k'],
  ['FLAC', 'plain.flac', '-c:a flac'],
  ['MOV', 'plain.mov', '-c:a aac'],
  ['AAC', 'a.aac', '-c:a aac'],
  ['TTA', 'a.tta', '-c:a tta'],
  ['Opus', 'b.opus', '-c:a libopus -b:a 32k'],
  ['mono Opus', 'b.opus', '-ac 1 -c:a libopus'],
  ['low Vorbis', 'a.ogg', '-ar 22050 -ac 1 -c:a libvorbis'],
  ['fragments', 'frag.m4a', '-c:a aac -movflags empty_moov+delay_moov'],
  ['M4A', 'x.m4a', '-c:a aac'],
  ['M4A, index first', 'f.m4a', '-c:a aac -movflags +faststart'],
  ['MKA', 'f.mka', '-c:a flac'],
] as const
const kinds = [
  ['wma', '-c:a wmav2'],
  ['wv', '-c:a wavpack'],
  ['aiff', ''],
  ['caf', ''],
  ['au', ''],
  ['ac3', '-c:a ac3'],
  ['mp2', '-c:a mp2'],
  ['w64', ''],
  ['avi', '-c:a libmp3lame'],
  ['mka', '-c:a libvorbis'],
  ['spx', '-ar 32000 -c:a libspeex'],
  ['wav', '-c:a pcm_u8'],
  ['m4a', '-c:a alac'],
  ['3gp', '-c:a aac'],
] as const

type Encoding = (typeof encoded)[number][0] | (typeof kinds)[number][0]
let of10: (what: Encoding) => Buffer
let wav10: Buffer
let mp3Low: Buffer
let mp3: Buffer
let flac: Buffer
let mov: Buffer
let webm20: Buffer
let opus25: Buffer
beforeAll(async () => {
  wav10 = await base()
  of10 = await encodings<Encoding>(wav10, [
    ...encoded,
    ...kinds.map(([kind, codec]) => [kind, `a.${kind}`, codec] as const),
  ])
  mp3Low = of10('low MP3')
  mp3 = await made('m2.mp3', '-f lavfi -i sine=f=700:r=44100:d=10 -ac 2 -c:a libmp3lame -b:a 128k')
  flac = of10('FLAC')
  mov = of10('MOV')
  webm20 = await made('full.webm', '-f lavfi -i sine=f=300:r=48000:d=20 -c:a libopus -b:a 48k')
  opus25 = await made('a.opus', '-f lavfi -i sine=f=500:r=48000:d=25 -c:a libopus -b:a 32k')
})

const whole = [[300, [0.5, 9.5]]] as const
const title = Buffer.from('\0Hello')
const picture = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from('\0image/jpeg\0\x03\0', 'latin1'), Buffer.from(noise(bytes >> 2, -6, 1).buffer)])
const film = (seconds: number) => `-f lavfi -i color=c=black:s=64x64:r=5:d=${seconds}`
const onChannel = (count: number, sounding: number): Float32Array[] =>
  Array.from({ length: count }, (_, c) =>
    c === sounding - 1 ? tone(48_000, 3, 440, -12) : new Float32Array(3 * 48_000),
  )
const unclosed = (content: Buffer): Buffer => {
  const [fmt, data] = [wav10.indexOf('fmt '), wav10.indexOf('data')]
  const head = riff([
    ['JUNK', Buffer.alloc(4096)],
    ['fmt ', wav10.subarray(fmt + 8, fmt + 24)],
    ['data', Buffer.alloc(0)],
  ])
  head.writeUInt32LE(4088, 4)
  return Buffer.concat([head, content.subarray(data + 8)])
}
const square = (sampleRate: number, value: number): Buffer => {
  const samples = Float32Array.from({ length: 5 * sampleRate }, (_, i) => (i % 160 < 80 ? 0.1 : -0.1))
  samples[2 * sampleRate] = value
  return wav(samples, sampleRate, 'f32le')
}

const cases: readonly Case[] = [
  {
    id: 'M01',
    what: 'FLAC behind an ID3v2 tag',
    make: () => Buffer.concat([id3('TIT2', title), flac]),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M01',
    what: 'AAC behind an ID3v2 tag',
    make: () => Buffer.concat([id3('TIT2', title), of10('AAC')]),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M01',
    what: 'WAV behind an ID3v2 tag',
    make: () => Buffer.concat([id3('TIT2', title), wav10]),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M01',
    what: 'TTA behind an ID3v2 tag',
    make: () => Buffer.concat([id3('TIT2', title), of10('TTA')]),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M01',
    what: 'FLAC behind a tag with a picture of 3 MB',
    make: () => Buffer.concat([id3('APIC', picture(3_000_000)), flac]),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M03',
    what: 'WebM with a hole in time',
    make: () =>
      made('gap.webm', `-i $1 -c copy -bsf:a "noise=amount=0:drop='between(pts,5000,9000)'"`, webm20),
    seconds: 20,
    hears: [
      [300, [0.5, 4.9]],
      [300, [9.2, 19.5]],
    ],
    silent: [[5.2, 8.9]],
    warns: ['gaps_filled'],
  },
  {
    id: 'M03',
    what: 'WebM of which every tenth packet is missing',
    make: () => made('gap.webm', `-i $1 -c copy -bsf:a "noise=amount=0:drop='not(mod(n,10))'"`, webm20),
    seconds: 20,
    hears: [[300, [0.5, 19.5]]],
    warns: ['gaps_filled'],
  },
  {
    id: 'M05',
    what: 'a picture that outlasts the sound',
    make: () => made('p.mkv', `${film(25)} -i $1 -map 0:v -map 1:a -c:v mpeg4 -c:a flac`, wav10),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M05',
    what: 'a picture that outlasts the sound, in MP4',
    make: () => made('p.mp4', `${film(25)} -i $1 -map 0:v -map 1:a -c:v mpeg4 -c:a aac`, wav10),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M06',
    what: 'sound that begins 4 s late',
    make: () => made('l.mkv', `${film(14)} -itsoffset 4 -i $1 -map 0:v -map 1:a -c:v mpeg4 -c:a flac`, wav10),
    seconds: 14,
    hears: [[300, [4.2, 13.8]]],
    silent: [[0, 3.98]],
    warns: ['gaps_filled'],
  },
  {
    id: 'M06',
    what: 'sound that begins 0.8 s late',
    make: () =>
      made('l.mkv', `${film(14)} -itsoffset 0.8 -i $1 -map 0:v -map 1:a -c:v mpeg4 -c:a flac`, wav10),
    seconds: 10.8,
    hears: [[300, [1, 10.6]]],
    silent: [[0, 0.78]],
    warns: ['gaps_filled'],
  },
  ...['skip', 'wide', 'free', 'mdat', 'pnot'].map((first) => ({
    id: 'M07',
    what: `QuickTime that begins with ${first}`,
    make: () => withBytes(mov, 'ftyp', first),
    seconds: 10,
    hears: whole,
  })),
  ...(
    [
      [6, 4, undefined],
      [8, 4, undefined],
      [6, 4, 0],
      [6, 4, 0x3f],
      [4, 4, undefined],
      [16, 9, undefined],
    ] as const
  ).map(([count, sounding, mask]) => ({
    id: 'M09',
    what: `a WAV of ${count} channels of which the ${sounding}th sounds, mask ${mask}`,
    make: () => polyWav(onChannel(count, sounding), 48_000, mask),
    seconds: 3,
    hears: [[440, [0.5, 2.5]]] as const,
    warns: ['channels_mixed'],
  })),
  {
    id: 'M10',
    what: 'two tracks, the first silent',
    make: () =>
      made('two.mp4', '-f lavfi -i anullsrc=r=48000:cl=stereo:d=10 -i $1 -map 0 -map 1 -c:a aac', wav10),
    seconds: 10,
    hears: whole,
    warns: ['tracks_mixed'],
  },
  {
    id: 'M10',
    what: 'two tracks in two languages, the second the default',
    make: () =>
      made(
        'two.mkv',
        '-f lavfi -i sine=f=900:r=48000:d=10 -i $1 -map 0 -map 1 -c:a flac -metadata:s:a:0 language=ger -metadata:s:a:1 language=eng -disposition:a:0 0 -disposition:a:1 default',
        wav10,
      ),
    seconds: 10,
    hears: whole,
    warns: ['tracks_mixed'],
  },
  {
    id: 'M12',
    what: 'a WAV whose size says one second of ten',
    make: () => withNumber(wav10, 'data', 0, 96_000),
    seconds: 10,
    hears: whole,
    warns: ['length_misstated'],
  },
  {
    id: 'M12',
    what: 'a WAV with a list of tags behind its sound',
    make: () => Buffer.concat([wav10, Buffer.from('LIST'), Buffer.from([0, 0, 4, 0]), Buffer.alloc(262_144)]),
    seconds: 10,
    hears: whole,
  },
  { id: 'M13', what: 'a WAV that was never closed', make: () => unclosed(wav10), seconds: 10, hears: whole },
  {
    id: 'M13',
    what: 'a WAV that was never closed, with letters in its samples',
    make: () =>
      unclosed(Buffer.concat([wav10.subarray(0, 480_000), Buffer.from('LIST'), wav10.subarray(480_004)])),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M14',
    what: 'a VBR MP3 whose comment says Info',
    make: () =>
      made(
        'v.mp3',
        '-f lavfi -i anullsrc=r=44100:cl=mono:d=6 -f lavfi -i anoisesrc=r=44100:d=30:a=0.5 -filter_complex [0][1]concat=n=2:v=0:a=1 -c:a libmp3lame -q:a 2 -write_xing 0 -id3v2_version 3 -metadata "comment=More Info at example.com"',
      ),
    seconds: 36,
    silent: [[0, 5.9]],
  },
  {
    id: 'M15',
    what: 'MP3s joined byte by byte',
    make: () => Buffer.concat([mp3Low, mp3, mp3Low]),
    seconds: 30,
    hears: [
      [300, [0.5, 9.5]],
      [700, [10.5, 19.5]],
      [300, [20.5, 29.5]],
    ],
  },
  {
    id: 'M16',
    what: 'an Info frame that says double',
    make: () => withNumber(mp3, 'Info', 4, (frames) => 2 * frames, true),
    seconds: 10,
    hears: [[700, [0.5, 9.5]]],
    warns: ['length_misstated'],
  },
  {
    id: 'M16',
    what: 'an Info frame that says a fifth',
    make: () => withNumber(mp3, 'Info', 4, (frames) => Math.round(frames / 5), true),
    seconds: 10,
    hears: [[700, [0.5, 9.5]]],
  },
  {
    id: 'M16',
    what: 'an Info frame that says nothing',
    make: () => withNumber(mp3, 'Info', 4, 0, true),
    seconds: 10,
    hears: [[700, [0.5, 9.5]]],
  },
  {
    id: 'M18',
    what: 'chained Opus',
    make: () => Buffer.concat([opus25, of10('Opus')]),
    seconds: 35,
    hears: [
      [500, [0.5, 24.5]],
      [300, [25.5, 34.5]],
    ],
  },
  {
    id: 'M18',
    what: 'chained Opus, mono and stereo',
    make: async () =>
      Buffer.concat([
        await made('a.opus', '-f lavfi -i sine=f=500:r=48000:d=8 -ac 2 -c:a libopus'),
        of10('mono Opus'),
      ]),
    seconds: 18,
    hears: [
      [500, [0.5, 7.5]],
      [300, [8.5, 17.5]],
    ],
  },
  {
    id: 'M18',
    what: 'chained Vorbis of two rates',
    make: async () =>
      Buffer.concat([
        of10('low Vorbis'),
        await made('b.ogg', '-f lavfi -i sine=f=500:r=44100:d=8 -ac 2 -c:a libvorbis'),
      ]),
    seconds: 18,
    hears: [
      [300, [0.5, 9.5]],
      [500, [10.5, 17.5]],
    ],
  },
  {
    id: 'M18',
    what: 'Opus cut out of a longer stream',
    make: async () => made('late.opus', '-ss 12 -i $1 -c copy -copyts', opus25),
    seconds: 13,
    hears: [[500, [0.5, 12.5]]],
  },
  {
    id: 'M19',
    what: 'a fragmented M4A without a length',
    make: () => of10('fragments'),
    seconds: 10,
    hears: whole,
  },
  {
    id: 'M19',
    what: 'an M4A with an edit list',
    make: () => made('trim.m4a', '-ss 6 -i $1 -c copy', mov),
    seconds: 4,
    hears: [[300, [0.3, 3.7]]],
  },
  ...[NaN, Infinity, -Infinity, 17_782].flatMap((value) =>
    [48_000, 96_000].map((sampleRate) => ({
      id: value === 17_782 ? 'S01' : 'M20',
      what: `a float WAV at ${sampleRate} Hz with a sample of ${value}`,
      make: () => square(sampleRate, value),
      seconds: 5,
      hears: [[sampleRate / 160, [0.5, 4.5]]] as const,
      warns: ['impossible_samples'],
    })),
  ),
  {
    id: 'M26',
    what: 'an MP3 behind a tag of 13 MB',
    make: () => Buffer.concat([id3('APIC', picture(13_000_000)), mp3]),
    seconds: 10,
    hears: [[700, [0.5, 9.5]]],
  },
  {
    id: 'P1',
    what: 'MPEG-TS with AAC',
    make: () => made('hls.ts', '-f lavfi -i sine=f=500:d=20:r=48000 -ac 2 -c:a aac -f mpegts'),
    seconds: 20,
    hears: [[500, [0.5, 19.5]]],
  },
  {
    id: 'P2',
    what: 'FLV with MP3',
    make: () => made('a.flv', '-f lavfi -i sine=f=500:r=44100:d=10 -c:a libmp3lame -f flv'),
    seconds: 10,
    hears: [[500, [0.5, 9.5]]],
  },
  ...kinds.map(([kind]) => ({
    id: 'P',
    what: `a .${kind}`,
    make: () => of10(kind),
    seconds: 10,
    hears: whole,
  })),
]

describe('A recording is heard whole', () => {
  test.each(cases.map((row) => [row.id, row.what, row] as const))('%s %s', async (_id, _what, row) => {
    const heard = await hear(await row.make())
    expect(Math.abs(heard.seconds - row.seconds)).toBeLessThan(0.15)
    for (const [hz, when] of row.hears ?? []) expect(level(heard, hz, when)).toBeGreaterThan(-40)
    for (const when of row.silent ?? []) expect(peak(heard, when)).toBeLessThan(-70)
    expect(heard.warnings.map(({ code }) => code)).toEqual(row.warns ?? [])
    for (const plane of heard.planes) expect(plane.every((sample) => Math.abs(sample) <= 64)).toBe(true)
  })
})

/** FLAC with samples of 32 bits, which ffmpeg decodes from version 6 on: four frames as they are. */
function flac32(): Buffer {
  const [blockSize, rate] = [4096, 48_000]
  const info = Buffer.alloc(34)
  info.writeUInt16BE(blockSize, 0)
  info.writeUInt16BE(blockSize, 2)
  info.writeBigUInt64BE((BigInt(rate) << 44n) | (31n << 36n) | BigInt(4 * blockSize), 10)
  const frames = Array.from({ length: 4 }, (_, number) => {
    const head = Buffer.from([0xff, 0xf8, 0xca, 0x0e, number])
    const samples = Buffer.alloc(4 * blockSize)
    for (let i = 0; i < blockSize; i++)
      samples.writeInt32BE(
        Math.round(2 ** 29 * Math.sin((2 * Math.PI * 300 * (number * blockSize + i)) / rate)),
        4 * i,
      )
    const frame = Buffer.concat([head, Buffer.from([checksum(head, 8, 0x07), 0x02]), samples])
    const check = Buffer.alloc(2)
    check.writeUInt16BE(checksum(frame, 16, 0x8005))
    return Buffer.concat([frame, check])
  })
  return Buffer.concat([Buffer.from('fLaC'), Buffer.from([0x80, 0, 0, 34]), info, ...frames])
}

function checksum(bytes: Buffer, bits: number, polynomial: number): number {
  const top = 1 << (bits - 1)
  let sum = 0
  for (const byte of bytes) {
    sum ^= byte << (bits - 8)
    for (let i = 0; i < 8; i++) sum = (sum & top ? (sum << 1) ^ polynomial : sum << 1) & (2 * top - 1)
  }
  return sum
}

test('M22 FLAC of 32 bits is heard, or refused with what to do', async () => {
  const outcome = await hear(flac32()).catch((error: unknown) => error as Permanent)
  if ('seconds' in outcome) expect(level(outcome, 300, [0.02, 0.3])).toBeGreaterThan(-40)
  else
    expect(outcome).toMatchObject({
      code: 'not_audio',
      message: expect.stringMatching(/32-bit FLAC.*24 bits/) as unknown,
    })
})

describe('A file that is no recording is refused', () => {
  const refused: readonly (readonly [string, string, () => Promise<Buffer> | Buffer, string, RegExp])[] = [
    [
      'M24',
      'xHE-AAC',
      () => withBytes(of10('M4A'), Buffer.from([0x11, 0x88, 0x56]), Buffer.from([0xf9, 0x46, 0x20])),
      'not_audio',
      /xHE-AAC.*Export/,
    ],
    [
      'P10',
      'letters',
      () => Buffer.from('no sound at all '.repeat(2000)),
      'not_audio',
      /not audio Spool can read/,
    ],
    [
      'P10',
      'a picture',
      () => made('p.png', '-f lavfi -i color=s=64x64:d=1 -frames:v 1'),
      'not_audio',
      /not audio/,
    ],
    [
      'P10',
      'a film without sound',
      () => made('p.mp4', '-f lavfi -i color=s=64x64:d=1'),
      'no_audio_stream',
      /sound track/,
    ],
    ['P1', 'noise', () => Buffer.from(noise(100_000, -6, 7).buffer), 'not_audio', /not audio|else/],
    [
      '',
      'a playlist',
      () => Buffer.from('#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/a.mp3\n'),
      'refers_elsewhere',
      /playlist/,
    ],
    [
      '',
      'a list of files',
      () => Buffer.from("ffconcat version 1.0\nfile 'http://127.0.0.1/a.mp3'\n"),
      'refers_elsewhere',
      /playlist/,
    ],
    ['', 'a WAV cut off', () => wav10.subarray(0, 500_000), 'truncated_file', /lacks the last \d+/],
    ['', 'a FLAC cut off', () => flac.subarray(0, 60_000), 'truncated_file', /ends after/],
    ['', 'an MP3 cut off', () => mp3.subarray(0, 80_000), 'truncated_file', /lacks the last/],
    ['', 'an M4A cut off before its index', () => mov.subarray(0, 60_000), 'truncated_file', /cut off/],
    [
      '',
      'an M4A cut off behind its index',
      () => of10('M4A, index first').subarray(0, 60_000),
      'truncated_file',
      /lacks the last/,
    ],
    ['', 'a WebM cut off', () => of10('MKA').subarray(0, 60_000), 'truncated_file', /lacks the last/],
    ['', 'a WAV without a sample', () => wav(new Float32Array(0), 48_000), 'empty_file', /no sound/],
  ]
  test.each(refused)('%s %s', async (_id, _what, make, code, words) => {
    const error = await refusal(await make())
    expect({ code: error.code, message: error.message }).toEqual({
      code,
      message: expect.stringMatching(words) as unknown,
    })
    expect(error.message).not.toMatch(/0x|127\.0\.0\.1/)
  })
})
