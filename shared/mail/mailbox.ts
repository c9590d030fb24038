/**
 * A mailbox as numbered messages: mbox, a single message, or a zip of them. Hides how they are found and read
 * without ever holding more than a piece.
 */
import { Permanent } from '../errors.ts'
import type { ByteRange, ObjectStore } from '../storage.ts'
import { headerName, isKnownHeader } from './headers.ts'
import { isMbox, mboxMessages, unmarked } from './mbox.ts'
import type { MessagePlace, StoredMailbox } from './places.ts'
import { readEntries, zipEntries } from './zip.ts'

/** As much of a file as shows what it is. */
const headBytes = 64 * 1024

/**
 * Finds every message. Throws Permanent `bad_mailbox` when there is none, `too_many_messages` when there are
 * more than `most`.
 */
export async function findMessages(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  most: number,
): Promise<MessagePlace[]> {
  const { object, bytes, name } = mailbox
  const head = (await storage.read(object, { start: 0, end: Math.min(headBytes, bytes) })).toString('latin1')
  const places = await placesIn(storage, mailbox, head, most)
  if (places.length === 0)
    throw new Permanent('bad_mailbox', `${name} holds no message: ${whatItIs(head)} ${exportAs}`)
  if (places.length > most)
    throw new Permanent(
      'too_many_messages',
      `${name} has more than ${most} messages, which is the limit of one run. Split it.`,
    )
  return places
}

async function placesIn(
  storage: ObjectStore,
  mailbox: StoredMailbox,
  head: string,
  most: number,
): Promise<MessagePlace[]> {
  const whole = { start: 0, end: mailbox.bytes }
  if (/^PK(\x03\x04|\x05\x06)/.test(head)) return await zipEntries(storage, mailbox, most)
  if (isMbox(head)) return await mboxMessages(storage.scan(mailbox.object, whole), mailbox.bytes, most)
  return isMail(head) ? [whole] : []
}

const isMail = (head: string): boolean =>
  head.split(/[\r\n]+/).some((line) => isKnownHeader(headerName(line.slice(0, 200)) ?? ''))

const exportAs = 'Export the mailbox as mbox, or its messages as .eml files, one or many in a zip.'

/** What people take for a mailbox, by its first bytes. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^!BDN/, 'it is a data file of Outlook (.pst).'],
  [/^\xd0\xcf\x11\xe0/, 'it is a message as Outlook saves it (.msg).'],
  [/^\xcf\xad\x12\xfe/, 'it is a folder of Outlook Express (.dbx).'],
  [/^(\x1f\x8b|7z\xbc\xaf|Rar!)/, 'it is packed as something other than a zip.'],
]
const whatItIs = (head: string): string =>
  others.find(([start]) => start.test(head))?.[1] ??
  'neither lines that begin with "From " nor headers such as "From:" were found.'

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
    if (end - start > heldBytes) yield () => unmarked(storage.readStream(mailbox.object, { start, end }))
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
      yield () => unmarked([message])
    }
  }
}

/** Small messages are fetched many at a time. */
const heldBytes = 1024 * 1024
