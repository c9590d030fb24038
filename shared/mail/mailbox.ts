/**
 * A mailbox as numbered messages: mbox (RFC 4155 and its looser kin), a single message, or a zip of them.
 * Hides how they are found and read without ever holding more than a piece; a zip bomb unpacks to no more
 * than a message may have.
 */
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { fromRandomAccessReader, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { Permanent } from '../errors.ts'
import type { ByteRange, ObjectName, ObjectStore } from '../storage.ts'
import { UnreadableMail } from './slim.ts'

export interface StoredMailbox {
  readonly object: ObjectName
  readonly bytes: number
  readonly name: string
}

/** Where a message lies: bytes of the mailbox, or the number of a zip's entry. */
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

/** What a compressed message may unpack to: the largest attachments, and no bomb. */
const maxUnpackedBytes = 256 * 1024 * 1024

/**
 * Finds every message. Throws Permanent `bad_mailbox` when it is none, `too_many_messages` when it has more
 * than `most`.
 */
export async function findMessages(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  most: number,
): Promise<MessagePlace[]> {
  const head = (await storage.read(mailbox.object, { start: 0, end: Math.min(100, mailbox.bytes) })).toString(
    'latin1',
  )
  const places = /^PK(\x03\x04|\x05\x06)/.test(head)
    ? await zipEntries(storage, mailbox, most)
    : /^(\xef\xbb\xbf)?\s*From /.test(head)
      ? await mboxMessages(storage, mailbox, most)
      : [{ start: 0, end: mailbox.bytes }]
  if (places.length > most)
    throw new Permanent(
      'too_many_messages',
      `${mailbox.name} has more than ${most} messages, which is the limit of one run. Split it.`,
    )
  return places
}

/** As much as must be seen of a line and the next to tell whether a message starts there. */
const lookaheadBytes = 1000

/**
 * A message starts at a line "From …" that stands first or after an empty line and bears a date, or is
 * followed by a header; a ">From" is text, and so is a sentence that its program forgot to mark.
 */
async function mboxMessages(
  storage: ObjectStore,
  { object, bytes }: StoredMailbox,
  most: number,
): Promise<MessagePlace[]> {
  const starts: number[] = []
  let from = 0 // where `seen` starts in the mailbox
  let seen: Buffer = Buffer.alloc(0)
  const look = (end: number): void => {
    for (
      let found = seen.indexOf('From ');
      found >= 0 && found < end;
      found = seen.indexOf('From ', found + 1)
    ) {
      const before = seen.toString('latin1', Math.max(0, found - 4), found)
      const isAfterBlank =
        from + found < 100
          ? /^(\xef\xbb\xbf|\s)*$/.test(seen.toString('latin1', 0, found)) || /\n\r?\n$/.test(before)
          : /\n\r?\n$/.test(before)
      if (isAfterBlank && isSeparator(seen.toString('latin1', found, found + lookaheadBytes)))
        starts.push(from + found)
    }
  }
  for await (const block of storage.readStream(object, { start: 0, end: bytes })) {
    seen = Buffer.concat([seen, block])
    const end = Math.max(0, seen.length - lookaheadBytes)
    look(end)
    if (starts.length > most) break
    const kept = Math.max(0, end - 4) // enough to see what stands before
    from += kept
    seen = seen.subarray(kept)
  }
  look(Infinity)
  const unique = [...new Set(starts)]
  return unique.map((start, i) => ({ start, end: unique[i + 1] ?? bytes }))
}

const isSeparator = (text: string): boolean =>
  /^From .*(\d\d:\d\d.*\d{4}|\d{4}.*\d\d:\d\d)/.test(text) || /^From [^\n]*\n[!-9;-~]+:/.test(text)

/** The bytes of one message, without the mbox line in front. */
export async function* readMessages(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  places: readonly MessagePlace[],
): AsyncGenerator<() => AsyncIterable<Buffer>> {
  if (places.some((place) => 'entry' in place)) {
    yield* readEntries(storage, mailbox, places as readonly { entry: number }[])
    return
  }
  const last = (places as readonly ByteRange[]).at(-1)?.end ?? 0
  let held: { start: number; bytes: Buffer } | undefined
  for (const { start, end } of places as readonly ByteRange[]) {
    if (end - start > heldBytes) yield () => unescaped(storage.readStream(mailbox.object, { start, end }))
    else {
      if (!held || start < held.start || end > held.start + held.bytes.length)
        held = {
          start,
          bytes: await storage.read(mailbox.object, {
            start,
            end: Math.min(last, start + heldBytes),
          }),
        }
      const message = held.bytes.subarray(start - held.start, end - held.start)
      yield () => unescaped([message])
    }
  }
}

/** Small messages are fetched many at a time. */
const heldBytes = 1024 * 1024

/**
 * A message of an mbox as it was before it was put there: without the line in front, and "From " where ">From
 * " stands. Another as it is.
 */
async function* unescaped(source: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer | undefined
  let isMbox = false
  for await (const block of source) {
    if (!rest) isMbox = block.subarray(0, 5).toString('latin1') === 'From '
    if (!isMbox) yield block
    else {
      const bytes: Buffer = rest ? Buffer.concat([rest, block]) : block.subarray(block.indexOf(10) + 1)
      const end = Math.max(0, bytes.length - longestMark)
      const start = bytes.indexOf(10, end) // a mark that has only begun waits for the next block
      const whole = start < 0 ? bytes.length : start
      yield unmark(bytes.subarray(0, whole))
      rest = bytes.subarray(whole)
    }
    rest ??= Buffer.alloc(0)
  }
  if (isMbox && rest) yield unmark(rest)
}

const longestMark = 100

const unmark = (bytes: Buffer): Buffer =>
  bytes.includes('\n>')
    ? Buffer.from(bytes.toString('latin1').replaceAll(/\n>(>{0,50}From )/g, '\n$1'), 'latin1')
    : bytes

// Zip

/**
 * Names are bytes here: nothing is written under them, and one that no other program could unpack costs
 * nothing.
 */
const isMessage = ({ fileNameRaw }: Entry): boolean => {
  const name = fileNameRaw.toString('latin1')
  return /\.eml$/i.test(name) && !/(^|[/\\])(\.|__MACOSX[/\\])[^/\\]*$|(^|[/\\])__MACOSX[/\\]/.test(name)
}

/** An open zip, and what the store could not deliver of it: that is not the zip's fault. */
interface OpenZip {
  readonly zip: ZipFile
  readonly reader: StoredReader
  readonly name: string
}

async function zipEntries(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  most: number,
): Promise<MessagePlace[]> {
  const places: MessagePlace[] = []
  const opened = await openZip(storage, mailbox)
  for await (const { index } of entriesOf(opened)) {
    places.push({ entry: index })
    if (places.length > most) break
  }
  opened.zip.close()
  if (places.length === 0)
    throw new Permanent('bad_mailbox', `${mailbox.name} is a zip without messages; put .eml files into it.`)
  return places
}

async function* readEntries(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  places: readonly { readonly entry: number }[],
): AsyncGenerator<() => AsyncIterable<Buffer>> {
  const wanted = new Set(places.map(({ entry }) => entry))
  const opened = await openZip(storage, mailbox)
  for await (const { index, entry } of entriesOf(opened))
    if (wanted.has(index)) yield () => unpack(opened, entry)
  opened.zip.close()
}

/**
 * What the unpacker complains of is the message's fault; what the store did not deliver is thrown as it is.
 */
async function* unpack({ zip, reader }: OpenZip, entry: Entry): AsyncGenerator<Buffer> {
  if (entry.uncompressedSize > maxUnpackedBytes)
    throw new UnreadableMail(
      `It unpacks to ${entry.uncompressedSize} bytes; the limit is ${maxUnpackedBytes}.`,
    )
  try {
    const unpacked = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry)
    yield* unpacked as AsyncIterable<Buffer> // the library counts what comes out
  } catch (error) {
    if (reader.fault !== undefined) throw reader.fault
    throw new UnreadableMail(`It cannot be unpacked: ${(error as Error).message}.`, { cause: error })
  }
}

/** The zip's messages in the order of its directory. */
async function* entriesOf({ zip, reader, name }: OpenZip): AsyncGenerator<{ index: number; entry: Entry }> {
  for (let index = 0; ; index++) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.once('entry', resolve)
      zip.once('end', () => resolve(undefined))
      zip.once('error', (error: Error) => reject(reader.fault ?? unreadable(name, error)))
      zip.readEntry()
    })
    zip.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error')
    if (!entry) return
    if (isMessage(entry)) yield { index, entry }
  }
}

const openZip = (storage: ObjectStore, { object, bytes, name }: StoredMailbox): Promise<OpenZip> =>
  new Promise((resolve, reject) => {
    const reader = new StoredReader(storage, object)
    fromRandomAccessReader(
      reader,
      bytes,
      { lazyEntries: true, autoClose: false, decodeStrings: false },
      (error, zip) => {
        if (error) reject(reader.fault ?? unreadable(name, error))
        else resolve({ zip, reader, name })
      },
    )
  })

const unreadable = (name: string, cause: Error): Permanent =>
  new Permanent('bad_mailbox', `${name} cannot be read as a zip: ${cause.message}. Pack it again.`, { cause })

/** What yauzl reads from: ranges of an object. A class because the library asks for one. */
class StoredReader extends RandomAccessReader {
  readonly #storage: ObjectStore
  readonly #object: ObjectName
  /** What the store threw last. */
  fault: Error | undefined
  constructor(storage: ObjectStore, object: ObjectName) {
    super()
    this.#storage = storage
    this.#object = object
  }
  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#read({ start, end }), { objectMode: false })
  }
  async *#read(range: ByteRange): AsyncGenerator<Buffer> {
    try {
      yield* this.#storage.readStream(this.#object, range)
    } catch (error) {
      this.fault = error as Error
      throw error
    }
  }
}
