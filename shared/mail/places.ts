/** Where the messages of a mailbox lie. Hides how a list of them is stored. */
import type { ByteRange, ObjectName } from '../storage.ts'

export interface StoredMailbox {
  readonly object: ObjectName
  readonly bytes: number
  readonly name: string
}

/** Where a message lies: bytes of the mailbox, or of a zip where its directory tells of it. */
export type MessagePlace = ByteRange | { readonly entry: number }

/**
 * A list of places as an object: a fixed number of bytes for each, so that a part reads its own hundred and
 * no more.
 */
export const placeBytes = 16

export function encodePlaces(places: readonly MessagePlace[]): Buffer {
  const numbers = places.flatMap((place) =>
    'entry' in place ? [place.entry, entryMark] : [place.start, place.end],
  )
  return Buffer.from(Float64Array.from(numbers).buffer) // exact for every size a file may have
}

/** `bytes` holds whole places. */
export function decodePlaces(bytes: Buffer): MessagePlace[] {
  const numbers = new Float64Array(Uint8Array.from(bytes).buffer)
  return Array.from({ length: bytes.length / placeBytes }, (_, i) => {
    const [start, end] = [numbers[2 * i]!, numbers[2 * i + 1]!]
    return end === entryMark ? { entry: start } : { start, end }
  })
}

/** Stands where a range has its end. */
const entryMark = -1
