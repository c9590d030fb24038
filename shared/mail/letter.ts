/**
 * A message as a letter somebody wrote: who, about what, in what words. Hides the parser, and what of a mail
 * is not the letter: the history quoted below, the signature.
 */
import { createHash } from 'node:crypto'
import { franc } from 'franc-min'
import PostalMime, { type Email } from 'postal-mime'
import { slimMessage, UnreadableMail } from './slim.ts'

export interface Letter {
  /** As its sender's program named it; null when it did not. */
  readonly messageId: string | null
  /** Of sender and text: the same letter sent twice has the same. */
  readonly contentHash: string
  readonly senderName: string
  readonly senderAddress: string
  readonly subject: string
  readonly text: string
  readonly sentAt: Date | null
  /** BCP 47; null when too little was written to tell. */
  readonly language: string | null
}

/** Enough for half an hour of reading out. */
const longestText = 30_000
const longestField = 500

/** Reads a message. Throws UnreadableMail that says why it is no letter. */
export async function readLetter(source: AsyncIterable<Buffer>): Promise<Letter> {
  const email = await parse(await slimMessage(source))
  const senderAddress = (email.from?.address ?? '').toLowerCase()
  if (senderAddress === '') throw new UnreadableMail('It does not say who sent it.')
  const text = ownWords(await wordsOf(email))
  if (text === '') throw new UnreadableMail('It has no text.')
  return {
    messageId: email.messageId ? clip(email.messageId) : null,
    contentHash: createHash('sha256')
      .update(`${senderAddress}\n${text.replaceAll(/\s+/g, ' ')}`)
      .digest('hex'),
    senderName: clip(email.from?.name || senderAddress.split('@')[0]!),
    senderAddress: clip(senderAddress),
    subject: clip(email.subject ?? ''),
    text: cut(text, longestText),
    sentAt: dateOf(email.date),
    language: languageOf(text, email.headers.find(({ key }) => key === 'content-language')?.value),
  }
}

async function parse(bytes: Buffer): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, { maxNestingDepth: 30, maxHeadersSize: 512 * 1024 })
  } catch (error) {
    throw new UnreadableMail(`It cannot be read: ${(error as Error).message}.`, { cause: error })
  }
}

/**
 * What the message says. The parser puts HTML into words where a plain part stands beside it, so one is put
 * there.
 */
async function wordsOf({ text = '', html }: Email): Promise<string> {
  if (text.trim() !== '' || !html) return text
  const parts = [
    'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n' +
      Buffer.from(withoutStyle(html)).toString('base64'),
    '\n',
  ]
  const both = [
    'Content-Type: multipart/mixed; boundary=part\n',
    ...parts.map((part) => `--part\n${part}`),
    '--part--\n',
  ].join('\n')
  return (await parse(Buffer.from(both.replaceAll(/(.{1000})/g, '$1\n')))).text ?? ''
}

const withoutStyle = (html: string): string =>
  html
    .split(/<style\b/i)
    .map((piece, i) =>
      i === 0 ? piece : piece.slice(/<\/style\b[^>]*>?/i.exec(piece)?.index ?? piece.length),
    )
    .join('')

/** "On … wrote:" and its kin; a longer line announces nothing. */
const announcement =
  /^(On|Am|Le|El|Il|Em) .{5,200}(wrote|schrieb|écrit|escribió|scritto|escreveu).{0,100}: *$/
const forwarded = /^(-{2,} ?(Original Message|Forwarded message|Ursprüngliche Nachricht) ?-{2,}|_{20,}) *$/

/**
 * Without the quoted history, the line that announces it, and the signature; no controls that a database
 * refuses. An announcement of lines that are marked as quoted may have an answer below; one of unmarked lines
 * has only history.
 */
function ownWords(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, '\n').split('\n')
  const own: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (/^-- ?$/.test(line) || (line.length < 100 && forwarded.test(line))) break
    const said = announced(lines, i)
    if (said === 0) {
      if (!line.startsWith('>')) own.push(line)
      continue
    }
    i += said - 1
    if (
      !lines
        .slice(i + 1)
        .find(isWritten)
        ?.startsWith('>') &&
      own.some(isWritten)
    )
      break
  }
  return clean(own.join('\n')).trim()
}

const isWritten = (line: string): boolean => line.trim() !== ''

/** How many lines from here announce what is quoted below: 0, 1, or 2 where a program has broken the line. */
function announced(lines: readonly string[], at: number): number {
  const one = lines[at]!
  if (one.length > 400 || !/^(On|Am|Le|El|Il|Em) /.test(one)) return 0
  if (announcement.test(one)) return 1
  const next = lines[at + 1] ?? ''
  return next.length < 100 && announcement.test(`${one} ${next}`) ? 2 : 0
}

const clean = (text: string): string =>
  text.replaceAll(/(?![\t\n])\p{Cc}|\p{Cs}/gu, '').replaceAll(/\n{3,}/g, '\n\n')
const clip = (text: string): string => cut(clean(text).replaceAll(/\s+/g, ' ').trim(), longestField)
/** At most so long, and no half of a character at the end. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/\p{Cs}$/u, '')

function dateOf(date: string | undefined): Date | null {
  const time = date === undefined ? NaN : Date.parse(date)
  return Number.isNaN(time) || Math.abs(time) > 8e12 ? null : new Date(time)
}

/** Fewer letters than this could be any language. */
const fewestLetters = 40
const twoLetters: Readonly<Record<string, string>> = {
  eng: 'en',
  deu: 'de',
  spa: 'es',
  fra: 'fr',
  ita: 'it',
  por: 'pt',
  nld: 'nl',
  pol: 'pl',
  swe: 'sv',
  dan: 'da',
}

function languageOf(text: string, declared: string | undefined): string | null {
  const tag = /^[a-z]{2,3}\b/i.exec(declared?.trim() ?? '')?.[0]
  if (tag) return tag.toLowerCase()
  const start = text
    .slice(0, 4000)
    .replaceAll(/[^\p{L}]+/gu, ' ')
    .trim()
  const found = franc(start, { minLength: fewestLetters })
  return found === 'und' ? null : (twoLetters[found] ?? found)
}
