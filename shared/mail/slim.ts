/**
 * What of a message may be read out: its headers and its texts, in Unicode. Attachments, pictures and
 * forwarded mails are counted and left out. Hides the structure of MIME bodies (RFC 2046) and their
 * encodings, while holding no more of a 200 MB attachment than a line.
 */
import { decodeText } from './charset.ts'
import { fromBase64, fromQuoted, headerName, Headers, isKnownHeader, isTechnicalHeader } from './headers.ts'
import { linesIn, type Line } from './lines.ts'

/** Headers longer than this are an attack, not listener mail. */
const maxHeaderBytes = 256 * 1024
/** Of a text part: more than is ever read out, with the mark-up around it. */
const maxTextBytes = 512 * 1024
/** What is kept of the whole message. */
const maxKeptBytes = 1024 * 1024
/** Further parts are left out: a letter has a handful. */
const maxParts = 2000
const deepestNesting = 20
/** Blank lines that old programs leave among headers. */
const mostStrayBlanks = 3

/** Why a message cannot be a letter. */
export class UnreadableMail extends Error {
  override name = 'UnreadableMail'
  constructor(message: string, options?: ErrorOptions) {
    // a parser's message quotes its input
    super(message.slice(0, 500).replaceAll(/\p{Cc}|\p{Cs}/gu, ' '), options)
  }
}

export interface TextPart {
  readonly kind: 'plain' | 'html'
  readonly text: string
  /** The parameters of format=flowed, as the header has them. */
  readonly format: string
}

export interface SlimMail {
  readonly headers: Headers
  /** In the order in which they are read; of alternatives the plain one. */
  readonly texts: readonly TextPart[]
  /** The types of all parts that are no multiparts. */
  readonly types: readonly string[]
  /** A calendar's program sent it, with words or without. */
  readonly invites: boolean
  /** Attached files that are left out: not the pictures of a page, not signatures. */
  readonly attachments: number
  /** Something was longer than what is kept. */
  readonly isCut: boolean
}

/** A MIME entity. */
interface Entity {
  readonly type: string
  /** Of a multipart. */
  readonly boundary: string | undefined
  readonly children: Entity[]
  readonly headers: Headers
  readonly role: 'text' | 'multipart' | 'attachment' | 'other'
  /** As it stands there, a byte a character. */
  body: string
}

/** Throws UnreadableMail. */
export async function slimMessage(source: AsyncIterable<Buffer>): Promise<SlimMail> {
  const reader = messageReader()
  for await (const line of linesIn(source)) reader.add(line)
  return reader.finish()
}

function messageReader() {
  const open: Entity[] = []
  let root: Entity | undefined
  let header: Buffer[] | undefined = []
  let headerBytes = 0
  let strayBlanks = 0
  let isPaused = false
  let parts = 0
  let keptBytes = 0
  let isCut = false

  const endHeader = (): void => {
    const lines = header!
    header = undefined
    isPaused = false
    if (++parts > maxParts) {
      isCut = true
      return
    }
    const entity = describe(new Headers(lines), open)
    open.at(-1)?.children.push(entity)
    root ??= entity
    open.push(entity)
  }

  const addHeaderLine = (line: Line): void => {
    headerBytes += line.bytes.length
    if (headerBytes > maxHeaderBytes)
      throw new UnreadableMail(`Its headers have more than ${maxHeaderBytes} bytes.`)
    // a copy: a line that was only pointed at would hold its whole block
    if (line.isStart) header!.push(Buffer.from(line.bytes))
  }

  /** A blank line ends the header, unless the message's own goes on behind it. */
  const goesOn = ({ bytes }: Line): boolean => {
    const name = headerName(bytes.toString('latin1', 0, 200))
    if (name === undefined || root) return false
    return new Headers(header!).has('from') ? isTechnicalHeader(name) : isKnownHeader(name)
  }

  const addBodyLine = ({ bytes, isEnd }: Line): void => {
    const entity = open.at(-1)
    if (entity?.role !== 'text' || parts > maxParts) return
    const room = Math.min(maxTextBytes - entity.body.length, maxKeptBytes - keptBytes)
    const line = bytes.toString('latin1') + (isEnd ? '\n' : '')
    if (line.length > room) isCut = true
    if (room <= 0) return
    const kept = line.slice(0, room)
    entity.body += kept
    keptBytes += kept.length
  }

  const add = (line: Line): void => {
    const at =
      line.isStart && root ? open.findLastIndex((entity) => isBoundary(line.bytes, entity.boundary)) : -1
    if (at >= 0) {
      if (header) endHeader()
      open.length = at + 1
      header = isLastBoundary(line.bytes, open[at]!.boundary!) ? undefined : []
      headerBytes = 0
    } else if (!header) addBodyLine(line)
    else if (line.bytes.length === 0 && line.isStart) {
      if (root || ++strayBlanks > mostStrayBlanks) endHeader()
      else isPaused = true
    } else if (isPaused && !goesOn(line)) {
      endHeader()
      add(line)
    } else {
      isPaused = false
      addHeaderLine(line)
    }
  }

  const finish = (): SlimMail => {
    if (header && isPaused) endHeader()
    if (!root) throw new UnreadableMail('It has headers but no end of them, or nothing at all.')
    const leaves = leavesOf(root)
    return {
      headers: root.headers,
      texts: chosen(root).map(textOf),
      types: leaves.map(({ type }) => type),
      invites: leaves.some(isInvitation),
      attachments: leaves.filter(({ role }) => role === 'attachment').length,
      isCut,
    }
  }
  return { add, finish }
}

function describe(headers: Headers, open: readonly Entity[]): Entity {
  const parent = open.at(-1)
  const { value, parameters } = headers.structured('content-type')
  const type = fileName(headers) === 'winmail.dat' ? 'application/ms-tnef' : value || defaultType(parent)
  const isMultipart = type.startsWith('multipart/')
  if (isMultipart && open.length >= deepestNesting)
    throw new UnreadableMail(`Its parts are nested more than ${deepestNesting} deep.`)
  const entity = { type, headers, children: [], body: '' }
  if (isMultipart) return { ...entity, role: 'multipart', boundary: parameters['boundary']?.trimEnd() }
  return { ...entity, role: roleOf(type, headers, parent), boundary: undefined }
}

const defaultType = (parent: Entity | undefined): string =>
  parent?.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain'

const fileName = (headers: Headers): string | undefined =>
  headers.structured('content-disposition').parameters['filename'] ??
  headers.structured('content-type').parameters['name']

const isInvitation = ({ type, headers }: Entity): boolean =>
  type === 'text/calendar' &&
  /^(request|reply|cancel|counter)$/i.test(headers.structured('content-type').parameters['method'] ?? '')

/** A part with a file's name is a file, whatever is in it; the message itself is not. */
function roleOf(type: string, headers: Headers, parent: Entity | undefined): Entity['role'] {
  const isAttached = headers.structured('content-disposition').value === 'attachment'
  const isFile = isAttached || (parent !== undefined && fileName(headers) !== undefined)
  if ((type === 'text/plain' || type === 'text/html') && !isFile) return 'text'
  const isPartOfPage = parent?.type === 'multipart/related' || /signature|pkcs7/.test(type)
  return isPartOfPage || parent?.type === 'multipart/alternative' ? 'other' : 'attachment'
}

const leavesOf = (entity: Entity): Entity[] =>
  entity.role === 'multipart' ? entity.children.flatMap(leavesOf) : [entity]

/** The texts to read: of alternatives the first plain one with words in it, else the first of all. */
function chosen(entity: Entity): Entity[] {
  if (entity.role === 'text') return [entity]
  const choices = entity.children.map(chosen).filter((choice) => choice.length > 0)
  if (entity.type !== 'multipart/alternative') return choices.flat()
  const isPlain = (part: Entity): boolean => part.type === 'text/plain' && textOf(part).text.trim() !== ''
  return choices.find((choice) => choice.some(isPlain)) ?? choices.at(-1) ?? []
}

function textOf({ type, headers, body }: Entity): TextPart {
  const { parameters } = headers.structured('content-type')
  const bytes = decodedBody(body, headers.raw('content-transfer-encoding').toLowerCase())
  const charset = parameters['charset'] ?? (type === 'text/html' ? charsetOfPage(bytes) : undefined)
  return {
    kind: type === 'text/html' ? 'html' : 'plain',
    text: decodeText(bytes, charset),
    format: ['format', 'delsp']
      .filter((name) => /^\w+$/.test(parameters[name] ?? ''))
      .map((name) => `; ${name}=${parameters[name]!}`)
      .join(''),
  }
}

function decodedBody(body: string, encoding: string): Buffer {
  if (encoding.includes('base64')) return fromBase64(body)
  return encoding.includes('quoted-printable') ? fromQuoted(body) : Buffer.from(body, 'latin1')
}

const charsetOfPage = (bytes: Buffer): string | undefined =>
  /<meta[^>]{0,200}charset=["']?([\w-]{1,40})/i.exec(bytes.toString('latin1', 0, 2048))?.[1]

const isBoundary = (line: Buffer, boundary: string | undefined): boolean => {
  if (boundary === undefined || line[0] !== 45 || line[1] !== 45) return false
  if (line.length > 2 + boundary.length + 80) return false
  const text = delimiter(line)
  return text === `--${boundary}` || text === `--${boundary}--`
}

const isLastBoundary = (line: Buffer, boundary: string): boolean => delimiter(line) === `--${boundary}--`

const delimiter = (line: Buffer): string => line.toString('latin1').trimEnd()
