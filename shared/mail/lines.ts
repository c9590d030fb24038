/**
 * Lines of a byte stream. Hides what ends them (LF, CRLF, CR CRLF, in old files CR alone) and very long
 * ones.
 */

/** Lines are looked at up to here; boundaries and headers are shorter. */
const longestLine = 16 * 1024
/** As much as is looked at to see whether a stream has line feeds at all. */
const decidingBytes = 64 * 1024
const [lf, cr] = [10, 13]

export interface Line {
  /** Without its end. */
  readonly bytes: Buffer
  /** A very long line comes in pieces, of which only the first is a start and only the last an end. */
  readonly isStart: boolean
  readonly isEnd: boolean
}

const byteOrderMark = Buffer.from('\uFEFF')

/** The lines, without a byte order mark in front of the first. */
export async function* linesIn(source: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let isFirst = true
  for await (const line of markedLines(source)) {
    const isMarked = isFirst && line.bytes.subarray(0, 3).equals(byteOrderMark)
    yield isMarked ? { ...line, bytes: line.bytes.subarray(3) } : line
    isFirst = false
  }
}

async function* markedLines(source: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0)
  let isStart = true
  for await (const block of withLineFeeds(source)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, block]) : block
    let from = 0
    for (let end = bytes.indexOf(lf); end >= 0; end = bytes.indexOf(lf, from)) {
      yield { bytes: withoutReturns(bytes.subarray(from, end)), isStart, isEnd: true }
      isStart = true
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length <= longestLine) continue
    yield { bytes: rest, isStart, isEnd: false }
    isStart = false
    rest = Buffer.alloc(0)
  }
  if (rest.length > 0 || !isStart) yield { bytes: withoutReturns(rest), isStart, isEnd: true }
}

function withoutReturns(line: Buffer): Buffer {
  let end = line.length
  while (end > 0 && line[end - 1] === cr) end--
  return line.subarray(0, end)
}

/** The same bytes, but where carriage returns alone end the lines, line feeds stand in their places. */
export async function* withLineFeeds(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let heldBytes = 0
  let isDecided = false
  let isBare = false
  for await (const block of source) {
    if (isDecided) {
      yield isBare ? toLineFeeds(block) : block
      continue
    }
    held.push(block)
    heldBytes += block.length
    isBare = !block.includes(lf)
    isDecided = !isBare || heldBytes >= decidingBytes
    if (!isDecided) continue
    const head = Buffer.concat(held)
    held = []
    yield isBare ? toLineFeeds(head) : head
  }
  if (held.length > 0) yield toLineFeeds(Buffer.concat(held))
}

const toLineFeeds = (bytes: Buffer): Buffer =>
  bytes.includes(cr) ? Buffer.from(bytes.map((byte) => (byte === cr ? lf : byte))) : bytes
