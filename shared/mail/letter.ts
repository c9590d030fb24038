/**
 * A message as a letter somebody wrote: who, about what, in what words. Hides the parser, and what of a mail is not the letter:
 * the history quoted below, the signature.
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
  const text = ownWords(email.text ?? '')
  if (text === '') throw new UnreadableMail('It has no text.')
  return {
    messageId: email.messageId ? clip(email.messageId) : null,
    contentHash: createHash('sha256')
      .update(`${senderAddress}\n${text.replaceAll(/\s+/g, ' ')}`)
      .digest('hex'),
    senderName: clip(email.from?.name || senderAddress.split('@')[0]!),
    senderAddress: clip(senderAddress),
    subject: clip(email.subject ?? ''),
    text: text.slice(0, longestText),
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

/** Without the quoted history, the line that announces it, and the signature; no controls that a database refuses. */
function ownWords(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, '\n').split('\n')
  const signature = lines.findIndex((line) => line === '-- ')
  const own = (signature < 0 ? lines : lines.slice(0, signature)).filter((line) => !line.startsWith('>'))
  const announced = own.findIndex(
    (line, i) => /^(On|Am|Le|El|Il|Em) .{5,200}(wrote|schrieb|écrit|escribió|scritto|escreveu).{0,100}:\s*$/.test(line) && i > 0,
  )
  return clean((announced < 0 ? own : own.slice(0, announced)).join('\n')).trim()
}

const clean = (text: string): string => text.replaceAll(/(?![\t\n])\p{Cc}|\p{Cs}/gu, '').replaceAll(/\n{3,}/g, '\n\n')
const clip = (text: string): string => clean(text).replaceAll(/\s+/g, ' ').trim().slice(0, longestField)

function dateOf(date: string | undefined): Date | null {
  const time = date === undefined ? NaN : Date.parse(date)
  return Number.isNaN(time) || Math.abs(time) > 8e12 ? null : new Date(time)
}

/** Fewer letters than this could be any language. */
const fewestLetters = 20
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
  const found = franc(text, { minLength: fewestLetters })
  return found === 'und' ? null : (twoLetters[found] ?? found)
}
