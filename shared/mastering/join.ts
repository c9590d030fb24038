/**
 * Joins rendered chunks to a finished MP3 in the bucket. Hides that no audio passes through here but for its hash, which
 * is taken while the bucket joins: the checksum in the Info frame follows from those of the chunks.
 */
import { createHash } from 'node:crypto'
import type { Mp3Format } from '../codec/port.ts'
import type { Tools } from '../engine/step.ts'
import type { ObjectName } from '../storage.ts'
import { infoFrame, joinedCrc16 } from './mp3.ts'

export interface StoredChunk {
  /** The object that has its frames, how many bytes they are, and their CRC-16. */
  readonly frames: string
  readonly bytes: number
  readonly crc: number
}

type Bucket = Pick<Tools, 'storage' | 'config' | 'workObject'>

/** Tag and Info frame in front, then the chunks. */
export async function joinAudio(
  tag: Buffer,
  {
    chunks,
    format,
    totalSamples,
  }: { chunks: readonly StoredChunk[]; format: Mp3Format; totalSamples: number },
  bucket: Bucket,
): Promise<{ object: ObjectName; bytes: number; sha256: string }> {
  const { storage, config, workObject } = bucket
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  const front = Buffer.concat([tag, infoFrame(format, totalSamples, bytes, joinedCrc16(chunks))])
  const [head, object] = [workObject('head'), workObject('episode.mp3')]
  const compose = async (): Promise<void> => {
    await storage.create(head, front, 'audio/mpeg')
    const sources = [head.name, ...chunks.map(({ frames }) => frames)]
    await storage.compose(config.buckets.work, sources, object.name, 'audio/mpeg')
  }
  const [sha256] = await Promise.all([hashOf(front, chunks, bucket), compose()])
  return { object, bytes: front.length + bytes, sha256 }
}

/** Read at once, a megabyte each. */
const parallelReads = 4

async function hashOf(
  front: Buffer,
  chunks: readonly StoredChunk[],
  { storage, config }: Bucket,
): Promise<string> {
  const hash = createHash('sha256').update(front)
  const most = Math.max(...chunks.map(({ bytes }) => bytes))
  const buffers = Array.from({ length: parallelReads }, () => Buffer.allocUnsafeSlow(most))
  const read = ({ frames, bytes }: StoredChunk, i: number) =>
    storage.read({ bucket: config.buckets.work, name: frames }, { start: 0, end: bytes }, buffers[i])
  for (let at = 0; at < chunks.length; at += parallelReads)
    for (const frames of await Promise.all(chunks.slice(at, at + parallelReads).map(read)))
      hash.update(frames)
  return hash.digest('hex')
}
