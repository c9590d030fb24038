/**
 * A zip of messages in the store. Hides the library that unpacks it and that no more than a window of its
 * directory is held; a zip bomb unpacks to no more than a message may have.
 */
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { fromRandomAccessReader, RandomAccessReader, type Entry, type ZipFile } from 'yauzl'
import { Permanent } from '../errors.ts'
import type { ByteRange, ObjectName, ObjectStore } from '../storage.ts'
import type { MessagePlace, StoredMailbox } from './places.ts'
import { UnreadableMail } from './slim.ts'

/** What a compressed message may unpack to: the largest attachments, and no bomb. */
const maxUnpackedBytes = 256 * 1024 * 1024
/** Of whatever kind: more than anybody's letters with all that lies beside them. */
const mostEntries = 500_000

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

export async function zipEntries(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  most: number,
): Promise<MessagePlace[]> {
  const places: MessagePlace[] = []
  const opened = await openZip(storage, mailbox)
  for await (const { at } of entriesOf(opened)) {
    places.push({ entry: at })
    if (places.length > most) break
  }
  opened.zip.close()
  if (places.length === 0)
    throw new Permanent('bad_mailbox', `${mailbox.name} is a zip without messages; put .eml files into it.`)
  return places
}

export async function* readEntries(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  places: readonly { readonly entry: number }[],
): AsyncGenerator<() => AsyncIterable<Buffer>> {
  const wanted = new Set(places.map(({ entry }) => entry))
  const opened = await openZip(storage, mailbox)
  let left = wanted.size
  for await (const { at, entry } of entriesOf(opened, Math.min(...wanted))) {
    if (!wanted.has(at)) continue
    yield () => unpack(opened, entry)
    if (--left === 0) break // the rest of the directory belongs to other parts
  }
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

/** The library has no other way to begin in the middle of a directory than its own place in it. */
interface DirectoryCursor {
  readEntryCursor: number
}

/**
 * The zip's messages in the order of its directory, each with its place in it; from a place on. Listing the
 * whole directory for every hundred messages would be quadratic.
 */
async function* entriesOf(
  { zip, reader, name }: OpenZip,
  from?: number,
): AsyncGenerator<{ at: number; entry: Entry }> {
  const cursor = zip as unknown as DirectoryCursor
  cursor.readEntryCursor = from ?? cursor.readEntryCursor
  for (let seen = 0; ; seen++) {
    if (seen > mostEntries) throw tooMany(name)
    const at = cursor.readEntryCursor
    const entry = await new Promise<Entry | undefined>((resolve, reject) => {
      zip.once('entry', resolve)
      zip.once('end', () => resolve(undefined))
      zip.once('error', (error: Error) => reject(reader.fault ?? unreadable(name, error)))
      zip.readEntry()
    })
    zip.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error')
    if (!entry) return
    if (isMessage(entry)) yield { at, entry }
  }
}

const tooMany = (name: string): Permanent =>
  new Permanent(
    'bad_mailbox',
    `${name} has more than ${mostEntries} entries, the limit. Put the letters into several smaller zips.`,
  )

const openZip = (storage: ObjectStore, mailbox: StoredMailbox): Promise<OpenZip> =>
  new Promise((resolve, reject) => {
    const reader = new StoredReader(storage, mailbox)
    fromRandomAccessReader(
      reader,
      mailbox.bytes,
      { lazyEntries: true, autoClose: false, decodeStrings: false },
      (error, zip) => {
        if (error) reject(reader.fault ?? unreadable(mailbox.name, error))
        else resolve({ zip, reader, name: mailbox.name })
      },
    )
  })

const unreadable = (name: string, cause: Error): Permanent =>
  new Permanent('bad_mailbox', `${name} cannot be read as a zip: ${cause.message}. Pack it again.`, { cause })

/** The directory is read in windows, not entry by entry, which are two requests each. */
const windowBytes = 256 * 1024

/** What yauzl reads from: ranges of an object. A class because the library asks for one. */
class StoredReader extends RandomAccessReader {
  readonly #storage: ObjectStore
  readonly #object: ObjectName
  readonly #bytes: number
  #window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }
  /** What the store threw last. */
  fault: Error | undefined
  constructor(storage: ObjectStore, { object, bytes }: StoredMailbox) {
    super()
    this.#storage = storage
    this.#object = object
    this.#bytes = bytes
  }
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    this.#readInto(buffer.subarray(offset, offset + length), position).then(
      () => done(null),
      (error: unknown) => done(error as Error),
    )
  }
  async #readInto(target: Buffer, start: number): Promise<void> {
    const end = start + target.length
    if (end > this.#bytes) throw new Error('it ends too early')
    const { start: held, bytes } = this.#window
    if (start < held || end > held + bytes.length) {
      const range = { start, end: Math.max(end, Math.min(start + windowBytes, this.#bytes)) }
      const read = this.#storage.read(this.#object, range)
      this.#window = { start, bytes: await read.catch((error: unknown) => this.#fail(error)) }
    }
    this.#window.bytes.copy(target, 0, start - this.#window.start, end - this.#window.start)
  }
  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#read({ start, end }), { objectMode: false })
  }
  #fail(error: unknown): never {
    this.fault = error as Error
    throw error
  }
  async *#read(range: ByteRange): AsyncGenerator<Buffer> {
    try {
      yield* this.#storage.readStream(this.#object, range)
    } catch (error) {
      this.#fail(error)
    }
  }
}
