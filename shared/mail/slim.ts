/**
 * Strips a mail message of what is never read out: attachments, pictures, forwarded mails. What is left is
 * small enough for a parser. Hides the structure of MIME bodies (RFC 2046), as far as is needed to skip 200
 * MB of attachment while holding no more of it than a line.
 */

/** Headers longer than this are an attack, not listener mail. */
const maxHeaderBytes = 256 * 1024
/**
 * Of a text part: more than is ever read out, with the mark-up around it. The parser takes some 5 µs a line.
 */
const maxTextBytes = 512 * 1024
/** What is kept of the whole message. */
const maxKeptBytes = 1024 * 1024
/** Lines are looked at up to here; boundaries and headers are shorter. */
const longestLine = 16 * 1024
const deepestNesting = 20

/** Why a message cannot be a letter. */
export class UnreadableMail extends Error {
  override name = 'UnreadableMail'
  constructor(message: string, options?: ErrorOptions) {
    // a parser's message quotes its input
    super(message.slice(0, 500).replaceAll(/\p{Cc}|\p{Cs}/gu, ' '), options)
  }
}

/** A MIME entity that is being read. */
interface Entity {
  readonly boundary: string | undefined
  readonly keepsBody: boolean
  kept: number
}

/** The message's headers and its text parts, as bytes. Throws UnreadableMail. */
export async function slimMessage(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const reader = messageReader()
  for await (const { line, isStart } of linesIn(source)) reader.add(line, isStart)
  return reader.finish()
}

function messageReader() {
  const kept: Buffer[] = []
  const open: Entity[] = []
  let header: Buffer[] | undefined = []
  let headerBytes = 0
  let keptBytes = 0

  const keep = (line: Buffer): void => {
    keptBytes += line.length
    // a copy: a line that was only pointed at would hold its whole block
    if (keptBytes <= maxKeptBytes) kept.push(Buffer.from(line))
  }

  const addHeaderLine = (line: Buffer): void => {
    headerBytes += line.length
    if (headerBytes > maxHeaderBytes)
      throw new UnreadableMail(`Its headers have more than ${maxHeaderBytes} bytes.`)
    header!.push(line)
    keep(line)
    if (!isBlank(line)) return
    open.push(describe(header!, open.length))
    header = undefined
  }

  const add = (line: Buffer, isStart: boolean): void => {
    const at = isStart
      ? open.findLastIndex(({ boundary }) => boundary !== undefined && isBoundary(line, boundary))
      : -1
    if (at >= 0) {
      open.length = at + 1
      keep(line)
      header = isLastBoundary(line, open[at]!.boundary!) ? undefined : []
      headerBytes = 0
    } else if (header) addHeaderLine(line)
    else {
      const entity = open.at(-1)
      if (!entity?.keepsBody) return
      keep(line.subarray(0, Math.max(0, maxTextBytes - entity.kept)))
      entity.kept += line.length
    }
  }

  const finish = (): Buffer => {
    if (open.length === 0) throw new UnreadableMail('It has headers but no end of them, or nothing at all.')
    return Buffer.concat(kept)
  }
  return { add, finish }
}

function describe(lines: readonly Buffer[], depth: number): Entity {
  const headers = Buffer.concat(lines)
    .toString('latin1')
    .replaceAll(/\r?\n[ \t]+/g, ' ')
  const type = /^content-type:[ \t]*([^;\r\n]*)(.*)$/im.exec(headers)
  const kind = (type?.[1] ?? 'text/plain').trim().toLowerCase()
  const isAttached = /^content-disposition:[ \t]*attachment/im.test(headers)
  if (!kind.startsWith('multipart/'))
    return {
      boundary: undefined,
      keepsBody: (kind === 'text/plain' || kind === 'text/html' || kind === '') && !isAttached,
      kept: 0,
    }
  if (depth >= deepestNesting)
    throw new UnreadableMail(`Its parts are nested more than ${deepestNesting} deep.`)
  const boundary = /boundary[ \t]*=[ \t]*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type?.[2] ?? '')
  return { boundary: boundary?.[1] ?? boundary?.[2], keepsBody: false, kept: 0 }
}

const isBlank = (line: Buffer): boolean =>
  line.length === 0 || line[0] === 10 || (line[0] === 13 && line[1] === 10)

const isBoundary = (line: Buffer, boundary: string): boolean => {
  if (line[0] !== 45 || line[1] !== 45 || line.length > 2 + boundary.length + 80) return false
  const text = delimiter(line)
  return text === `--${boundary}` || text === `--${boundary}--`
}

const isLastBoundary = (line: Buffer, boundary: string): boolean => delimiter(line) === `--${boundary}--`

const delimiter = (line: Buffer): string => line.toString('latin1').trimEnd()

/** Lines with their ends; a very long one comes in pieces of which only the first is a start. */
async function* linesIn(source: AsyncIterable<Buffer>): AsyncGenerator<{ line: Buffer; isStart: boolean }> {
  let rest: Buffer = Buffer.alloc(0)
  let isStart = true
  for await (const block of source) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, block]) : block
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      yield { line: bytes.subarray(from, end + 1), isStart }
      isStart = true
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > longestLine) {
      yield { line: rest, isStart }
      isStart = false
      rest = Buffer.alloc(0)
    }
  }
  if (rest.length > 0) yield { line: rest, isStart }
}
