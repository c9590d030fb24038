/**
 * Stores loudness partials as objects: rows of 100 ms energies, one row per trial gain. Hides the layout and
 * how the chunks' rows are put end to end.
 */
import { concatenated } from '../audio/pcm.ts'
import type { ObjectStore } from '../storage.ts'

/** Encodes rows, all of the same length: a count of rows, then the rows. */
export function encodePartials(rows: readonly Float32Array[]): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(rows.length)
  return Buffer.concat([head, ...rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength))])
}

function decodePartials(bytes: Buffer): Float32Array[] {
  const count = bytes.readUInt32LE(0)
  const values = new Float32Array(Uint8Array.from(bytes.subarray(4)).buffer)
  const length = values.length / count
  return Array.from({ length: count }, (_, row) => values.subarray(row * length, (row + 1) * length))
}

/** Reads the chunks' partials in order and returns each row for the whole programme. */
export async function joinPartials(
  storage: ObjectStore,
  bucket: string,
  objects: readonly string[],
): Promise<Float32Array[]> {
  const chunks: Float32Array[][] = []
  const pending = objects.entries()
  const reader = async () => {
    for (const [index, name] of pending) chunks[index] = decodePartials(await storage.read({ bucket, name }))
  }
  await Promise.all(Array.from({ length: parallelReads }, reader))
  return (chunks[0] ?? []).map((_, row) =>
    concatenated(
      Float32Array,
      chunks.map((chunk) => chunk[row]!),
    ),
  )
}

const parallelReads = 8
