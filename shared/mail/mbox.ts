/**
 * An mbox file (RFC 4155 and its looser kin): hides how its messages are told apart, and how it marks lines.
 */
import type { ByteRange } from '../storage.ts'
import { headerName, isKnownHeader } from './headers.ts'
import { withLineFeeds } from './lines.ts'

/** As much as must be seen from a line on to tell whether a message starts there: signatures come first. */
const lookaheadBytes = 8 * 1024
/** So much is looked through at a time, in memory that is used again. */
const pieceBytes = 256 * 1024
/** As much before a line as shows whether it is the first, or follows a blank one. */
const lookbehindBytes = 4

/** True when the file that begins so is an mbox, not a message whose header From: comes first. */
export const isMbox = (head: string): boolean => /^(\xef\xbb\xbf)?\s*From (?![ \t]*:)/.test(head)

/** The messages, or the first `most` and one of them. */
export async function mboxMessages(
  source: AsyncIterable<Buffer>,
  bytes: number,
  most: number,
): Promise<ByteRange[]> {
  const starts: number[] = []
  let from = 0 // where `seen` starts in the mailbox
  const room = Buffer.allocUnsafeSlow(pieceBytes + lookaheadBytes + lookbehindBytes)
  let seen = room.subarray(0, 0)
  const look = (end: number): void => {
    for (let at = seen.indexOf('From '); at >= 0 && at < end; at = seen.indexOf('From ', at + 1)) {
      const before = seen.toString('latin1', Math.max(0, at - lookbehindBytes), at)
      const isFirst = from + at < 100 && /^(\xef\xbb\xbf|\s)*$/.test(seen.toString('latin1', 0, at))
      if (!isFirst && !before.endsWith('\n')) continue
      const place = isFirst ? 'first' : /\n\r*\n$/.test(before) ? 'after a blank' : 'anywhere'
      const isNew = from + at !== starts.at(-1)
      if (isNew && isSeparator(linesOf(seen.subarray(at, at + lookaheadBytes)), place)) starts.push(from + at)
    }
  }
  for await (const piece of inPieces(withLineFeeds(source))) {
    piece.copy(room, seen.length)
    seen = room.subarray(0, seen.length + piece.length)
    const end = Math.max(0, seen.length - lookaheadBytes)
    look(end)
    if (starts.length > most) break
    const kept = Math.max(0, end - lookbehindBytes)
    from += kept
    room.copyWithin(0, kept, seen.length)
    seen = room.subarray(0, seen.length - kept)
  }
  look(Infinity)
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? bytes }))
}

async function* inPieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of source)
    for (let at = 0; at < block.length; at += pieceBytes) yield block.subarray(at, at + pieceBytes)
}

function* linesOf(bytes: Buffer): Generator<string> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(10, from)
    yield bytes.toString('latin1', from, Math.min(from + 200, end < 0 ? bytes.length : end))
    from = end < 0 ? bytes.length : end + 1
  }
}

const dated = /^From .*(\d\d:\d\d.*\d{4}|\d{4}.*\d\d:\d\d)/

/**
 * What follows decides: headers do, a sentence does not. Behind a line with a date in the place of a
 * separator one header is enough, and the file's first needs none; any other "From …" needs two.
 */
function isSeparator(lines: Iterable<string>, place: 'first' | 'after a blank' | 'anywhere'): boolean {
  let enough = 0
  const names = new Set<string>()
  for (const line of lines) {
    if (enough === 0) {
      if (headerName(line) !== undefined) return false
      const isDated = dated.test(line)
      if (isDated && place === 'first') return true
      enough = isDated && place !== 'anywhere' ? 1 : 2
      continue
    }
    if (/^[ \t]+\S/.test(line) || line.startsWith('>From ')) continue
    const name = headerName(line)
    if (name === undefined) return false
    if (isKnownHeader(name)) names.add(name)
    if (names.size >= enough) return true
  }
  return false
}

/**
 * A message as it was before it was put into the mbox: without the line in front, and "From " where ">From "
 * stands. Another as it is.
 */
export async function* unmarked(source: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer | undefined
  let isMarked = false
  for await (const block of withLineFeeds(source)) {
    if (!rest) isMarked = isMbox(block.toString('latin1', 0, 200))
    if (!isMarked) yield block
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
  if (isMarked && rest) yield unmark(rest)
}

const longestMark = 100

const unmark = (bytes: Buffer): Buffer =>
  bytes.includes('\n>')
    ? Buffer.from(bytes.toString('latin1').replaceAll(/\n>(>{0,50}From )/g, '\n$1'), 'latin1')
    : bytes
