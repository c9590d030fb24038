/**
 * The header of a message as it is met: blanks before a colon, 8-bit bytes, encoded words that break the
 * rules, comments, banners. Hides the repairs (RFC 5322, RFC 2047).
 */
import { decodeText } from './charset.ts'

/** A header that is longer says nothing more that is kept. */
const longestValue = 8192

const known = new Set(
  (
    'from to cc bcc subject date message-id received mime-version return-path delivered-to reply-to sender ' +
    'content-type content-transfer-encoding content-language content-disposition in-reply-to references ' +
    'status envelope-to user-agent importance priority precedence auto-submitted thread-topic ' +
    'thread-index organization dkim-signature domainkey-signature received-spf authentication-results ' +
    'comments keywords'
  ).split(' '),
)
/** What programs write and people do not. */
const technical = new Set(
  'message-id received mime-version return-path content-type content-transfer-encoding'.split(' '),
)

/** The name of the header that the line begins, in lower case. */
export const headerName = (line: string): string | undefined =>
  /^([!-9;-~]{1,100})[ \t]*:/.exec(line)?.[1]?.toLowerCase()
export const isKnownHeader = (name: string): boolean =>
  known.has(name) || /^(x|arc|list|resent)(-|$)/.test(name)
export const isTechnicalHeader = (name: string): boolean => technical.has(name)

/** A header's value with its parameters, as in Content-Type. */
export interface Structured {
  readonly value: string
  readonly parameters: Readonly<Record<string, string>>
}

export class Headers {
  readonly #values = new Map<string, Buffer>()

  /**
   * `lines` are those of one header block; what is no header among them is left out. The first of a name
   * counts.
   */
  constructor(lines: readonly Buffer[]) {
    let name: string | undefined
    for (const line of lines) {
      const isContinued = line[0] === 32 || line[0] === 9
      if (isContinued && name === undefined) continue
      if (!isContinued) {
        name = headerName(line.toString('latin1', 0, 200))
        if (name === undefined || this.#values.has(name)) {
          name = undefined
          continue
        }
        this.#values.set(name, line.subarray(line.indexOf(':') + 1).subarray(0, longestValue))
        continue
      }
      const before = this.#values.get(name!)!
      if (before.length < longestValue) this.#values.set(name!, Buffer.concat([before, line]))
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The value as its bytes stand there; empty when there is none. */
  raw(name: string): string {
    return (this.#values.get(name) ?? Buffer.alloc(0)).toString('latin1').trim()
  }

  /** The value in Unicode, encoded words as `put` writes them; empty when there is none. */
  text(name: string, put: (word: string) => string = (word) => word): string {
    const bytes = this.#values.get(name)
    return bytes
      ? decodeWords(decodeText(bytes, this.structured('content-type').parameters['charset']), put).trim()
      : ''
  }

  /** The sender's header, with encoded words that a parser of addresses cannot mistake for syntax. */
  address(name: string): string {
    const text = this.text(name, (word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`)
    const { rest, comments } = withoutComments(text)
    const isNamed = /^[^<]*[^<\s"][^<]*</.test(rest)
    return isNamed || comments === '' ? rest : `"${comments.replaceAll(/["\\]/g, '')}" <${bareAddress(rest)}>`
  }

  structured(name: string): Structured {
    const plain = this.raw(name).replaceAll(/(^|[\s;])\([^()"]*\)/g, '$1')
    const [value = '', ...rest] = splitParameters(plain)
    const parameters: Record<string, string> = {}
    for (const one of rest) {
      const at = one.indexOf('=')
      if (at < 0) continue
      const key = one
        .slice(0, at)
        .trim()
        .toLowerCase()
        .replace(/\*.{0,2}$/, '')
      parameters[key] ??= one
        .slice(at + 1)
        .trim()
        .replace(/^"(.*?)"?$/s, '$1')
        .replaceAll(/\\(.)/g, '$1')
    }
    return { value: value.trim().toLowerCase(), parameters }
  }
}

const bareAddress = (text: string): string => /[^\s<>"]+@[^\s<>"]+/.exec(text)?.[0] ?? ''

/** At the semicolons that stand in no quotes. */
const splitParameters = (text: string): string[] => text.match(/(?:"(?:\\.|[^"\\])*"?|[^;"])+/gs) ?? []

/** Comments in parentheses, which may nest and stand in no quotes; one that does not end is none. */
function withoutComments(text: string): { rest: string; comments: string } {
  let [rest, comments, depth, isQuoted] = ['', '', 0, false]
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    const both = c === '\\' ? text.slice(i, ++i + 1) : c
    if (c === '"' && depth === 0) isQuoted = !isQuoted
    if (c === '(' && !isQuoted && ++depth === 1) continue
    if (c === ')' && depth > 0 && --depth === 0) continue
    if (depth > 0) comments += both
    else rest += both
  }
  return depth > 0
    ? { rest: text.replaceAll(/[()]/g, ' '), comments: '' }
    : { rest: rest.trim(), comments: comments.trim() }
}

/** An encoded word, also with blanks where none may be. */
const encodedWord = /=\?[ \t]*([^?\s]{1,60})[ \t]*\?[ \t]*([BQ])[ \t]*\?([^?]*)\?=/gi

/**
 * Decodes encoded words (RFC 2047). Neighbours of one charset are decoded as one, for a character may be
 * split between them.
 */
function decodeWords(text: string, put: (word: string) => string): string {
  let decoded = ''
  let run: { charset: string; bytes: Buffer[] } | undefined
  const flush = (): void => {
    if (run) decoded += put(decodeText(Buffer.concat(run.bytes), run.charset))
    run = undefined
  }
  let at = 0
  for (const { index, 0: whole, 1: label, 2: encoding, 3: content } of text.matchAll(encodedWord)) {
    const between = text.slice(at, index)
    const charset = label!.toLowerCase().replace(/\*.*$/, '')
    if (between.trim() !== '' || !run || run.charset !== charset) {
      flush()
      decoded += between.trim() === '' && at > 0 ? '' : between
    }
    run ??= { charset, bytes: [] }
    run.bytes.push(encoding!.toUpperCase() === 'B' ? fromBase64(content!) : fromWord(content!))
    at = index + whole.length
  }
  flush()
  return decoded + text.slice(at)
}

/** Also where padding stands in the middle, as where two encodings were joined. */
export const fromBase64 = (text: string): Buffer =>
  Buffer.concat(text.split(/=+/).map((piece) => Buffer.from(piece, 'base64')))

/** Quoted-printable (RFC 2045): bytes, one a character, with line feeds. */
export const fromQuoted = (text: string): Buffer =>
  unescaped(text.replaceAll(/[ \t]+$/gm, '').replaceAll('=\n', ''))

/** In a header an underscore is a blank, and what should have been escaped may stand there as it is. */
const fromWord = (text: string): Buffer =>
  unescaped(Buffer.from(text.trim().replaceAll('_', ' ')).toString('latin1'))

const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  )
