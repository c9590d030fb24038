/**
 * A mailbox as numbered messages: mbox (RFC 4155 and its looser kin), a single message, or a zip of them. Hides how they are found and read
 * without ever holding more than a piece; a zip bomb unpacks to no more than a message may have.
 */
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { fromRandomAccessReader, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { Permanent } from '../errors.ts'
import type { ByteRange, ObjectName, ObjectStore } from '../storage.ts'

export interface StoredMailbox {
  readonly object: ObjectName
  readonly bytes: number
  readonly name: string
}

/** Where a message lies: bytes of the mailbox, or the number of a zip's entry. */
export type MessagePlace = ByteRange | { readonly entry: number }

/** What a compressed message may unpack to: the largest attachments, and no bomb. */
const maxUnpackedBytes = 256 * 1024 * 1024

/** Finds every message. Throws Permanent `bad_mailbox` when it is none, `too_many_messages` when it has more than `most`. */
export async function findMessages(storage: ObjectStore, mailbox: StoredMailbox, most: number): Promise<MessagePlace[]> {
  const head = (await storage.read(mailbox.object, { start: 0, end: Math.min(8, mailbox.bytes) })).toString('latin1')
  const places = head.startsWith('PK')
    ? await zipEntries(storage, mailbox, most)
    : head.startsWith('From ')
      ? await mboxMessages(storage, mailbox, most)
      : [{ start: 0, end: mailbox.bytes }]
  if (places.length > most)
    throw new Permanent('too_many_messages', `${mailbox.name} has more than ${most} messages, which is the limit of one run. Split it.`)
  return places
}

/** A message starts at a line "From …" that stands first or after an empty line; a ">From" is text. */
async function mboxMessages(storage: ObjectStore, { object, bytes }: StoredMailbox, most: number): Promise<MessagePlace[]> {
  const starts: number[] = []
  let at = 0
  let tail = Buffer.from('\n\n')
  for await (const block of storage.readStream(object, { start: 0, end: bytes })) {
    const seen = Buffer.concat([tail, block])
    for (let found = seen.indexOf('\nFrom '); found >= 0; found = seen.indexOf('\nFrom ', found + 1)) {
      const isAfterBlank = seen[found - 1] === 10 || (seen[found - 1] === 13 && seen[found - 2] === 10)
      if (isAfterBlank) starts.push(at - tail.length + found + 1)
    }
    at += block.length
    tail = seen.subarray(Math.max(0, seen.length - 7))
    if (starts.length > most) break
  }
  const unique = [...new Set(starts)]
  return unique.map((start, i) => ({ start, end: unique[i + 1] ?? bytes }))
}

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
  let held: { start: number; bytes: Buffer } | undefined
  for (const { start, end } of places as readonly ByteRange[]) {
    if (end - start > heldBytes) yield () => withoutFromLine(storage.readStream(mailbox.object, { start, end }))
    else {
      if (!held || start < held.start || end > held.start + held.bytes.length)
        held = { start, bytes: await storage.read(mailbox.object, { start, end: Math.min(mailbox.bytes, start + heldBytes) }) }
      const message = held.bytes.subarray(start - held.start, end - held.start)
      yield () => withoutFromLine(once(message))
    }
  }
}

/** Small messages are fetched many at a time. */
const heldBytes = 1024 * 1024

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of bytes is asynchronous to whoever reads it
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

async function* withoutFromLine(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const block of source) {
    const hasLine = isFirst && block.subarray(0, 5).toString('latin1') === 'From '
    yield hasLine ? block.subarray(block.indexOf(10) + 1) : block
    isFirst = false
  }
}

// Zip

const isMessage = ({ fileName }: Entry): boolean => /\.eml$/i.test(fileName) && !/(^|\/)(\.|__MACOSX\/)/.test(fileName)

async function zipEntries(storage: ObjectStore, mailbox: StoredMailbox, most: number): Promise<MessagePlace[]> {
  const places: MessagePlace[] = []
  const zip = await openZip(storage, mailbox)
  for await (const { index } of entriesOf(zip, mailbox)) {
    places.push({ entry: index })
    if (places.length > most) break
  }
  zip.close()
  if (places.length === 0) throw new Permanent('bad_mailbox', `${mailbox.name} is a zip without messages; put .eml files into it.`)
  return places
}

async function* readEntries(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  places: readonly { readonly entry: number }[],
): AsyncGenerator<() => AsyncIterable<Buffer>> {
  const wanted = new Set(places.map(({ entry }) => entry))
  const zip = await openZip(storage, mailbox)
  for await (const { index, entry } of entriesOf(zip, mailbox)) if (wanted.has(index)) yield () => unpack(zip, entry)
  zip.close()
}

async function* unpack(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  if (entry.uncompressedSize > maxUnpackedBytes) throw new Error(`It unpacks to ${entry.uncompressedSize} bytes; the limit is ${maxUnpackedBytes}.`)
  const stream = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry)
  let bytes = 0
  for await (const block of stream as AsyncIterable<Buffer>) {
    bytes += block.length
    if (bytes > maxUnpackedBytes) throw new Error(`It unpacks to more than ${maxUnpackedBytes} bytes.`)
    yield block
  }
}

/** The zip's messages in the order of its directory. */
async function* entriesOf(zip: ZipFile, { name }: StoredMailbox): AsyncGenerator<{ index: number; entry: Entry }> {
  for (let index = 0; ; index++) {
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.once('entry', resolve)
      zip.once('end', () => resolve(undefined))
      zip.once('error', (error: Error) => reject(unreadable(name, error)))
      zip.readEntry()
    })
    zip.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error')
    if (!entry) return
    if (isMessage(entry)) yield { index, entry }
  }
}

const openZip = (storage: ObjectStore, { object, bytes, name }: StoredMailbox): Promise<ZipFile> =>
  new Promise((resolve, reject) =>
    fromRandomAccessReader(new StoredReader(storage, object), bytes, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(unreadable(name, error))
      else resolve(zip)
    }),
  )

const unreadable = (name: string, cause: Error): Permanent =>
  new Permanent('bad_mailbox', `${name} cannot be read as a zip: ${cause.message}. Pack it again.`, { cause })

/** What yauzl reads from: ranges of an object. A class because the library asks for one. */
class StoredReader extends RandomAccessReader {
  readonly #storage: ObjectStore
  readonly #object: ObjectName
  constructor(storage: ObjectStore, object: ObjectName) {
    super()
    this.#storage = storage
    this.#object = object
  }
  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#storage.readStream(this.#object, { start, end }))
  }
}
