/**
 * Text that people wrote with whatever program they have: hides encodings, byte order marks and line ends.
 */

export interface TextFile {
  /** With line feeds alone, without a byte order mark and without NUL. */
  readonly text: string
  /** As which it was read, when that is a guess. */
  readonly guessed: 'Windows-1252' | 'UTF-16' | undefined
}

const marks = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const

/** A byte order mark names the encoding; what is no UTF-8 is UTF-16 when half of it is NUL, else Windows-1252. */
export function readText(bytes: Buffer): TextFile {
  const marked = marks.find(({ mark }) => mark.every((byte, i) => bytes[i] === byte))
  if (marked) return { text: tidy(new TextDecoder(marked.encoding).decode(bytes)), guessed: undefined }
  const wide = wideEncoding(bytes)
  if (wide) return { text: tidy(new TextDecoder(wide).decode(bytes)), guessed: 'UTF-16' }
  try {
    return { text: tidy(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), guessed: undefined }
  } catch {
    return { text: tidy(new TextDecoder('windows-1252').decode(bytes)), guessed: 'Windows-1252' }
  }
}

const tidy = (text: string): string => text.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '')

const sampledCharacters = 100_000
/** Of bytes that are no text a tenth and more; a text has a stray one at most. */
const mostControls = 0.01

/** Whether what was read as text is something else: a picture or a sound, full of control characters. */
export function isNoText(text: string): boolean {
  const sample = text.slice(0, sampledCharacters)
  const controls = sample.match(/[\x01-\x08\x0b\x0e-\x1f\x7f\ufffd]/g)?.length ?? 0
  return controls > mostControls * sample.length
}

const sampledBytes = 2000

/** Of Latin letters in UTF-16 every other byte is NUL. */
function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, sampledBytes)
  const nuls = [0, 1].map((parity) => sample.filter((byte, i) => i % 2 === parity && byte === 0).length)
  const most = 0.3 * sample.length
  if (nuls[1]! > most) return 'utf-16le'
  return nuls[0]! > most ? 'utf-16be' : undefined
}

/** How a warning says that the encoding was guessed. */
export const guessedEncoding = (name: string, encoding: NonNullable<TextFile['guessed']>): string =>
  `${name} is not UTF-8 and was read as ${encoding}. Check accents and quotation marks; save the file as UTF-8.`
