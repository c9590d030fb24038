/**
 * A message as a letter somebody wrote: who, about what, in what words. Hides the parser of formats, and what
 * of a mail is no letter.
 */
import { createHash } from 'node:crypto'
import { franc } from 'franc-min'
import PostalMime, { addressParser } from 'postal-mime'
import { ownWords } from './own-words.ts'
import { whyAutomatic, whyWordless } from './refused.ts'
import { slimMessage, UnreadableMail, type TextPart } from './slim.ts'

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
  /** Files that came with it and are left out. */
  readonly attachments: number
  /** Its text is longer than what is kept. */
  readonly isCut: boolean
}

/** Enough for half an hour of reading out. */
const longestText = 30_000
const longestField = 500

/** Reads a message. Throws UnreadableMail that says why it is no letter. */
export async function readLetter(source: AsyncIterable<Buffer>): Promise<Letter> {
  const mail = await slimMessage(source)
  const { headers } = mail
  const sender = senderOf(headers.address('from'))
  const automatic = whyAutomatic(mail, sender.address)
  if (automatic !== undefined) throw new UnreadableMail(automatic)
  if (sender.address === '') throw new UnreadableMail('It does not say who sent it.')
  const own = ownWords(await wordsOf(mail.texts))
  const text = clean(own.text).trim()
  if (text === '') throw new UnreadableMail(whyWordless(mail))
  return {
    messageId: clip(headers.text('message-id')) || null,
    contentHash: createHash('sha256')
      .update(`${sender.address}\n${text.replaceAll(/\s+/g, ' ')}`)
      .digest('hex'),
    senderName: clip(sender.name || sender.address.split('@')[0]!),
    senderAddress: clip(sender.address),
    subject: clip(headers.text('subject')),
    text: cut(text, longestText),
    sentAt: dateOf(headers.text('date')),
    language: languageOf(text, headers.text('content-language')),
    attachments: mail.attachments + own.files,
    isCut: mail.isCut || text.length > longestText,
  }
}

/** The first person named, also where a group is. */
function senderOf(header: string): { name: string; address: string } {
  const [first] = addressParser(header, { flatten: true })
  return { name: first?.name ?? '', address: (first?.address ?? '').toLowerCase() }
}

/**
 * What the parts say, as the parser lays out flowed text and pages. It puts pages into words where a plain
 * part stands beside them, so an empty one is put there.
 */
async function wordsOf(texts: readonly TextPart[]): Promise<string> {
  const parts = texts.map(({ kind, text, format }) => {
    const content = Buffer.from(kind === 'html' ? withShortTags(withoutStyle(text)) : text).toString('base64')
    const type = `Content-Type: text/${kind}; charset=utf-8${format}\nContent-Transfer-Encoding: base64\n\n`
    return type + content.replaceAll(/(.{1000})/g, '$1\n')
  })
  const pieces = [...parts, '\n'].map((part) => `--part\n${part}\n`)
  const message = `Content-Type: multipart/mixed; boundary=part\n\n${pieces.join('')}--part--\n`
  try {
    return (await PostalMime.parse(message)).text ?? ''
  } catch (error) {
    throw new UnreadableMail(`It cannot be read: ${(error as Error).message}.`, { cause: error })
  }
}

const withoutStyle = (html: string): string =>
  html
    .split(/<style\b/i)
    .map((piece, i) =>
      i === 0 ? piece : piece.slice(/<\/style\b[^>]*>?/i.exec(piece)?.index ?? piece.length),
    )
    .join('')

/** A picture inside a page is a tag of a megabyte; of a link's address nobody reads more. */
const longestTag = 4000
/**
 * The parser looks from each tag for its end: one left open ends at the next one here, and a long one is cut, or a page
 * of nothing but open tags would take time by the square of its length.
 */
const withShortTags = (html: string): string =>
  html
    .replaceAll(/<(\/?[a-z!][^<>]*)(?=<)/gi, '<$1>')
    .replaceAll(/<([^<>]*)>/g, (tag, inner: string) =>
      tag.length <= longestTag ? tag : `<${inner.slice(0, longestTag)}>`,
    )

const clean = (text: string): string =>
  text.replaceAll(/(?![\t\n])\p{Cc}|\p{Cs}/gu, '').replaceAll(/\n{3,}/g, '\n\n')
const clip = (text: string): string => cut(clean(text).replaceAll(/\s+/g, ' ').trim(), longestField)
/** At most so long, and no half of a character at the end. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/\p{Cs}$/u, '')

function dateOf(date: string): Date | null {
  const time = Date.parse(date)
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

function languageOf(text: string, declared: string): string | null {
  const tag = /^[a-z]{2,3}\b/i.exec(declared)?.[0]
  if (tag) return tag.toLowerCase()
  const start = text
    .slice(0, 4000)
    .replaceAll(/[^\p{L}]+/gu, ' ')
    .trim()
  const found = franc(start, { minLength: fewestLetters })
  return found === 'und' ? null : (twoLetters[found] ?? found)
}
