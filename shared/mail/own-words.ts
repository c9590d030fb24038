/**
 * What of a message's text its writer wrote now. Hides how mail programs put the history below or around
 * it, in many languages: announcements, headers written as text, marks, signatures; and files written as
 * text.
 */

export interface OwnWords {
  readonly text: string
  /** Files that stood in the text, uuencoded. */
  readonly files: number
}

/**
 * Without the quoted history, the lines that announce it, and the signature. An announcement of lines that
 * are marked as quoted may have an answer below; one of unmarked lines has only history.
 */
export function ownWords(text: string): OwnWords {
  const { lines, files } = withoutFiles(text.replaceAll(/\r\n?/g, '\n').split('\n'))
  const own: string[] = []
  let hasWords = false
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (/^-- ?$/.test(line) || isForwarding(line)) break
    if (isHeaderBlock(lines, i, hasWords)) {
      if (/^[\s_*-]+$/.test(own.findLast(isWritten) ?? '')) own.length = own.findLastIndex(isWritten)
      break
    }
    const said = announced(lines, i)
    if (said > 0) {
      i += said - 1
      if (hasWords && !isQuotedNext(lines, i + 1)) break
    } else if (!line.startsWith('>')) {
      own.push(line)
      hasWords ||= isWritten(line)
    }
  }
  return { text: own.join('\n').trim(), files }
}

const isWritten = (line: string): boolean => line.trim() !== ''

function isQuotedNext(lines: readonly string[], from: number): boolean {
  for (let i = from; i < lines.length; i++) if (isWritten(lines[i]!)) return lines[i]!.startsWith('>')
  return false
}

// Announcements

const mostLines = 3
const longestAnnouncement = 400

/** How many lines from here announce what is quoted below: 0 for none; a program may have broken the line. */
function announced(lines: readonly string[], at: number): number {
  for (let count = 1; count <= mostLines; count++) {
    const last = lines[at + count - 1] ?? ''
    if (!isWritten(last)) return 0
    if (!/[:：][ \t]*$/.test(last)) continue
    const isQuotedBelow = isQuotedNext(lines, at + count)
    if (!isAnnouncement(lines.slice(at, at + count), isQuotedBelow)) return 0
    // a line of the letter right above is none of it: then the rest announces by itself
    const ends = Array.from({ length: count - 1 }, (_, i) => lines.slice(at + 1 + i, at + count))
    const isWhole = (end: readonly string[]): boolean =>
      isAnnouncement(end, isQuotedBelow) && (isDated(end.join(' ')) || !starters.test(lines[at]!))
    return ends.some(isWhole) ? 0 : count
  }
  return 0
}

const bracketed = /<[^\s<>@]+@[^\s<>]+>|\[mailto:/
const anyAddress = /[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+/
const day = /(19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2}/
const time = /\d{1,2}[:h]\d{2}|\bkl\.? ?\d/
const isDated = (text: string): boolean => day.test(text) && time.test(text)
const starters = /^\s*(On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den|På|Dne|Pe|În|Ha|Le mar|\d)/

/** Verbs that end an announcement, and those that a name follows. */
const lastVerbs =
  'wrote|a écrit|écrivait|escribió|ha scritto|escreveu|napisał(\\(a\\)|a)?|napsal(\\(a\\)|a)?|yazdı|' +
  'kirjoitti|a scris|ezt írta|написал(\\(а\\)|а)?|пише?т|写道|寫道|작성'
const innerVerbs = 'schrieb|schreef|skrev|geschreven|написал'
const verbs = new RegExp(`(^|[^\\p{L}])((${lastVerbs})\\s*|(${innerVerbs}).{0,100})[:：][ \\t]*$`, 'u')

/**
 * A date with its time and an address are an announcement in any language; a verb needs one of these, or
 * quoted lines below: "My grandmother wrote a poem about it:" announces a poem.
 */
function isAnnouncement(lines: readonly string[], isQuotedBelow: boolean): boolean {
  const text = lines.map((line) => line.trim()).join(' ')
  if (text.length > longestAnnouncement) return false
  const hasDate = isDated(text)
  if (hasDate && bracketed.test(text)) return true
  if (!verbs.test(text)) return false
  return bracketed.test(text) || (starters.test(text) && (hasDate || anyAddress.test(text) || isQuotedBelow))
}

// Headers as text

const forwardedBetweenDashes =
  'original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|' +
  "message d'origine|message transféré|mensaje original|mensaje reenviado|messaggio originale|" +
  'messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht|mensagem original|' +
  'mensagem encaminhada|ursprungligt meddelande|oprindelig meddelelse|oryginalna wiadomość|' +
  'пересылаемое сообщение|исходное сообщение'
const forwardedBeforeColon =
  'begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié|' +
  'inizio messaggio inoltrato|inicio del mensaje reenviado'
const forwardings = new RegExp(
  `^(-{2,} ?(${forwardedBetweenDashes}) ?-{2,}|(${forwardedBeforeColon}) ?:) *$`,
  'iu',
)
const isForwarding = (line: string): boolean => line.length < 100 && forwardings.test(line)

/** How programs label the headers of the mail that they put below an answer. */
const labels = {
  from: 'from|von|de|da|van|från|fra|od|lähettäjä|от|от кого|від|kimden|feladó|差出人|送信者|发件人|寄件者|보낸 사람',
  sent:
    'sent|date|gesendet|datum|envoyé|envoyé le|enviado|enviado el|enviada em|fecha|data|inviato|verzonden|' +
    'skickat|sendt|wysłano|odesláno|lähetetty|отправлено|дата|tarih|送信日時|日付|发送时间|日期|날짜|보낸 날짜',
  to: 'to|an|à|a|para|aan|till|til|do|komu|vastaanottaja|кому|kime|címzett|宛先|收件人|收件者|받는 사람',
  subject:
    'subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|předmět|aihe|тема|konu|tárgy|' +
    '件名|主题|主旨|제목',
}
const labelled = Object.entries(labels).map(
  ([label, words]) => [label, new RegExp(`^[\\s*]*(${words})[\\s*]*[:：]`, 'iu')] as const,
)
const labelsOf = (line: string): string[] =>
  labelled.flatMap(([label, pattern]) => (pattern.test(line) ? [label] : []))

/** Lines within which a block's labels stand, blank ones and long lists of addresses among them. */
const longestBlock = 10

/**
 * From, a date, and to whom or about what: an old mail's header, below the answer. Above all other text it
 * may be what a form on a web page writes; only all four of them are a mail's.
 */
function isHeaderBlock(lines: readonly string[], at: number, isBelowWords: boolean): boolean {
  if (!labelsOf(lines[at]!.slice(0, 40)).includes('from')) return false
  const found = new Set(['from'])
  for (const line of lines.slice(at + 1, at + longestBlock))
    for (const label of labelsOf(line.slice(0, 40))) if (label !== 'sent' || /\d/.test(line)) found.add(label)
  if (!found.has('sent')) return false
  return isBelowWords ? found.has('to') || found.has('subject') : found.has('to') && found.has('subject')
}

// Files as text

const uuLine = /^[!-`][ -`]*$/

/** Without uuencoded files: "begin 644 name", lines whose first character counts their bytes, "end". */
function withoutFiles(lines: readonly string[]): { lines: string[]; files: number } {
  const kept: string[] = []
  let files = 0
  for (let i = 0; i < lines.length; i++) {
    if (/^begin [0-7]{3,4} \S/.test(lines[i]!) && isEncoded(lines[i + 1] ?? '')) {
      files++
      while (i + 1 < lines.length && (isEncoded(lines[i + 1]!) || /^([ `]|)\s*$/.test(lines[i + 1]!))) i++
      if (lines[i + 1]?.trim() === 'end') i++
    } else kept.push(lines[i]!)
  }
  return { lines: kept, files }
}

/** Three bytes are four characters; programs drop blanks at the end. */
function isEncoded(line: string): boolean {
  if (!uuLine.test(line)) return false
  const bytes = (line.charCodeAt(0) - 32) & 63
  const most = 1 + Math.ceil(bytes / 3) * 4
  return bytes > 0 && line.length <= most + 1 && line.length >= Math.min(most, 2)
}
