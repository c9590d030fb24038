/**
 * Bytes of mail as text. Hides that senders' programs name the wrong charset, none, or one that nobody knows:
 * what the bytes can be counts for more than what is said of them.
 */

/** The upper halves of the two DOS code pages that mail names and the Encoding Standard leaves out. */
const dosPages: Readonly<Record<string, string>> = {
  '437':
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
    'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0',
  '850':
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀' +
    'ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00AD±‗¾¶§÷¸°¨·¹³²■\u00A0',
}

/** Labels of the wild and what the Encoding Standard calls them; without prefixes and separators. */
const aliases: Readonly<Record<string, string>> = {
  iso88598i: 'iso-8859-8',
  shiftjis: 'shift_jis',
  windows31j: 'shift_jis',
  iso2022jp1: 'iso-2022-jp',
  iso2022jp2: 'iso-2022-jp',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  uhc: 'euc-kr',
  tis620: 'windows-874',
  '932': 'shift_jis',
  '936': 'gbk',
  '949': 'euc-kr',
  '950': 'big5',
  '874': 'windows-874',
  '50220': 'iso-2022-jp',
  '50221': 'iso-2022-jp',
}

type Decoder = (bytes: Uint8Array) => string
const utf8: Decoder = (bytes) => new TextDecoder('utf-8').decode(bytes)
const windows1252: Decoder = (bytes) => new TextDecoder('windows-1252').decode(bytes)

/** Charsets in which almost every run of bytes is some text, so that decoding proves nothing. */
const isSingleByte = /^(windows-|iso-8859|koi8|ibm866|macintosh|x-mac|x-user)/
/** A text with more bad bytes than this among its others is not in that charset. */
const badShare = 0.1

/**
 * The text in the charset that is declared, in UTF-8 or in Windows-1252: the first that the bytes can be.
 * UTF-8 comes first where the declared one would take any bytes, for no other text looks like it by chance.
 */
export function decodeText(bytes: Uint8Array, declared = ''): string {
  const label = labelOf(declared)
  const decode = label === undefined ? dosDecoder(declared) : decoderOf(label)
  const provesNothing = label === undefined || isSingleByte.test(label)
  const candidates = decode ? (provesNothing ? [utf8, decode] : [decode, utf8]) : [utf8]
  for (const candidate of candidates) {
    const text = candidate(bytes)
    if (isLikely(text)) return text
  }
  return windows1252(bytes)
}

function isLikely(text: string): boolean {
  if (!text.includes('\uFFFD')) return true
  const bad = text.match(/\uFFFD/g)!.length
  const foreign = text.match(/[^\0-\x7f]/gu)!.length
  return bad <= badShare * foreign
}

const normal = (label: string): string =>
  label
    .toLowerCase()
    .replace(/^(x-ms-|x-|cs)/, '')
    .replaceAll(/[\s._-]+/g, '')
const codePage = (label: string): string | undefined =>
  /^(?:cp|windows|ms|ibm|dos|oem)(\d+)$/.exec(normal(label))?.[1]

/** As the Encoding Standard has it; undefined for a charset it does not know. */
function labelOf(declared: string): string | undefined {
  const plain = normal(declared)
  for (const label of [declared.trim(), aliases[codePage(declared) ?? ''], aliases[plain], plain]) {
    if (!label) continue
    try {
      return new TextDecoder(label).encoding
    } catch {
      // the next spelling
    }
  }
  return undefined
}

const decoderOf =
  (label: string): Decoder =>
  (bytes) =>
    new TextDecoder(label).decode(bytes)

function dosDecoder(declared: string): Decoder | undefined {
  const upper = dosPages[codePage(declared) ?? '']
  return (upper &&
    ((bytes) =>
      Buffer.from(bytes)
        .toString('latin1')
        .replaceAll(/[\x80-\xff]/g, (c) => upper[c.charCodeAt(0) - 128]!))) as Decoder | undefined
}
