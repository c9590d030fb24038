/**
 * Joins rendered chunks to a finished MP3 in the bucket. Hides that no audio passes through here but for its checksum,
 * which stands in the Info frame, and its hash.
 */
import { createHash } from 'node:crypto'
import type { Tools } from '../engine/step.ts'
import type { ObjectName } from '../storage.ts'
import type { Mp3Format } from '../codec/port.ts'
import { crc16, infoFrame } from './mp3.ts'

export interface StoredChunk {
  /** The object that has its frames, and how many bytes they are. */
  readonly frames: string
  readonly bytes: number
}

/** Tag and Info frame in front, then the chunks. */
export async function joinAudio(
  tag: Buffer,
  {
    chunks,
    format,
    totalSamples,
  }: { chunks: readonly StoredChunk[]; format: Mp3Format; totalSamples: number },
  tools: Pick<Tools, 'storage' | 'config' | 'workObject'>,
): Promise<{ object: ObjectName; bytes: number; sha256: string }> {
  const { storage, config, workObject } = tools
  const frames = chunks.reduce((sum, { bytes }) => sum + bytes, 0)
  const info = infoFrame(format, totalSamples, frames, await checksumOf(chunks, tools))
  const [head, object] = [workObject('head'), workObject('episode.mp3')]
  await storage.create(head, Buffer.concat([tag, info]), 'audio/mpeg')
  const sources = [head.name, ...chunks.map((chunk) => chunk.frames)]
  await storage.compose(config.buckets.work, sources, object.name, 'audio/mpeg')
  const bytes = tag.length + info.length + frames
  const hash = createHash('sha256')
  for await (const part of storage.scan(object, { start: 0, end: bytes })) hash.update(part)
  return { object, bytes, sha256: hash.digest('hex') }
}

/** Of all frames of sound. */
async function checksumOf(
  chunks: readonly StoredChunk[],
  { storage, config }: Pick<Tools, 'storage' | 'config'>,
): Promise<number> {
  let crc = 0
  for (const { frames, bytes } of chunks) {
    const chunk = { bucket: config.buckets.work, name: frames }
    for await (const part of storage.scan(chunk, { start: 0, end: bytes })) crc = crc16(part, crc)
  }
  return crc
}
