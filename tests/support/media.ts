// Media files as people bring them: made by ffmpeg, or byte by byte where no encoder makes them so.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { run } from './audio.ts'

/** What ffmpeg writes to a file of that name. `$1`, `$2` … in the arguments are the given inputs, as files. */
export async function made(file: string, args: string, ...inputs: readonly Buffer[]): Promise<Buffer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spool-media-'))
  try {
    inputs.forEach((bytes, i) => writeFileSync(path.join(folder, String(i + 1)), bytes))
    const given = splitWords(args).map((word) =>
      word.replace(/^\$(\d)$/, (_, i) => path.join(folder, String(i))),
    )
    await run([...given, path.join(folder, file)])
    return readFileSync(path.join(folder, file))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * The same recording as many files, each with arguments of its own, by one ffmpeg: to start one takes longer than it does
 * to encode ten seconds.
 */
export async function encodings<Name extends string>(
  recording: Buffer,
  targets: readonly (readonly [name: Name, file: string, args: string])[],
): Promise<(name: Name) => Buffer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spool-media-'))
  try {
    const source = path.join(folder, 'source')
    writeFileSync(source, recording)
    const places = new Map(targets.map(([name, file], i) => [name, path.join(folder, `${i}-${file}`)]))
    const outputs = targets.flatMap(([name, , args]) => [...splitWords(args), places.get(name)!])
    await run(['-i', source, ...outputs])
    const files = new Map([...places].map(([name, place]) => [name, readFileSync(place)]))
    return (name) => files.get(name)!
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Words are apart by spaces; what stands in double quotes is one. */
const splitWords = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

/** A voice-like tone of 300 Hz. */
export const base = (seconds = 10): Promise<Buffer> =>
  made('base.wav', `-f lavfi -i sine=f=300:r=48000:d=${seconds},tremolo=f=3:d=0.5 -ac 1`)

/** An ID3v2.3 tag of one frame, with room behind it. */
export function id3(frame: string, body: Buffer, padding = 64): Buffer {
  const content = Buffer.concat([frameHead(frame, body.length), body, Buffer.alloc(padding)])
  const size = [21, 14, 7, 0].map((shift) => (content.length >> shift) & 127)
  return Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, ...size]), content])
}

function frameHead(frame: string, bytes: number): Buffer {
  const head = Buffer.alloc(10)
  head.write(frame, 'latin1')
  head.writeUInt32BE(bytes, 4)
  return head
}

/** A copy with every `from` replaced by `to` of the same length. */
export function withBytes(file: Buffer, from: string | Buffer, to: string | Buffer): Buffer {
  const copy = Buffer.from(file)
  const [old, fresh] = [Buffer.from(from as string, 'latin1'), Buffer.from(to as string, 'latin1')]
  for (let at = copy.indexOf(old); at >= 0; at = copy.indexOf(old, at + old.length)) fresh.copy(copy, at)
  return copy
}

/** A copy with a number written at some bytes behind a marker. */
export function withNumber(
  file: Buffer,
  marker: string,
  behind: number,
  value: number | ((old: number) => number),
  isBig = false,
): Buffer {
  const copy = Buffer.from(file)
  const at = copy.indexOf(marker, 0, 'latin1') + marker.length + behind
  const old = isBig ? copy.readUInt32BE(at) : copy.readUInt32LE(at)
  const fresh = typeof value === 'number' ? value : value(old)
  if (isBig) copy.writeUInt32BE(fresh, at)
  else copy.writeUInt32LE(fresh, at)
  return copy
}

const extensible = Buffer.from([1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71])

/** A PCM-16 WAV of many channels; of WAVE_FORMAT_EXTENSIBLE when a mask is given. */
export function polyWav(channels: readonly Float32Array[], sampleRate: number, mask?: number): Buffer {
  const count = channels.length
  const frames = channels[0]!.length
  const sound = Buffer.alloc(2 * count * frames)
  channels.forEach((channel, c) =>
    channel.forEach((sample, i) => sound.writeInt16LE(Math.round(sample * 32767), 2 * (i * count + c))),
  )
  const format = Buffer.alloc(mask === undefined ? 16 : 24)
  format.writeUInt16LE(mask === undefined ? 1 : 0xfffe, 0)
  format.writeUInt16LE(count, 2)
  format.writeUInt32LE(sampleRate, 4)
  format.writeUInt32LE(2 * count * sampleRate, 8)
  format.writeUInt16LE(2 * count, 12)
  format.writeUInt16LE(16, 14)
  if (mask !== undefined) {
    format.writeUInt16LE(22, 16)
    format.writeUInt16LE(16, 18)
    format.writeUInt32LE(mask, 20)
  }
  return riff([
    ['fmt ', mask === undefined ? format : Buffer.concat([format, extensible])],
    ['data', sound],
  ])
}

/** A RIFF/WAVE file of chunks. */
export function riff(chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const body = chunks.flatMap(([id, bytes]) => {
    const head = Buffer.alloc(8)
    head.write(id, 'latin1')
    head.writeUInt32LE(bytes.length, 4)
    return [head, bytes, Buffer.alloc(bytes.length % 2)]
  })
  const head = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1')
  head.writeUInt32LE(4 + Buffer.concat(body).length, 4)
  return Buffer.concat([head, ...body])
}

/** A PNG that says it is so large; its rows are missing. */
export function hugePng(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    size.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([size, body, sum])
  }
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 16, 6, 0, 0, 0]) // 16 bits of red, green, blue and alpha
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.alloc(1e6)))])
}
