/**
 * Says of a file's first bytes what it plainly is when it is no sound: for a refusal before anything starts. Hides the marks
 * by which kinds of files are known. Of what is not plain nothing is said: then the decoder has the word.
 */

/** So much of a file tells. */
export const headBytes = 4096

const marks: readonly (readonly [RegExp, string])[] = [
  [/^%PDF-/, 'a PDF document'],
  [/^PK\x03\x04/, 'a ZIP archive, as documents of office programs are'],
  [/^\x89PNG|^\xff\xd8\xff|^GIF8|^RIFF....WEBP|^II\*\x00|^MM\x00\*/s, 'a picture'],
  [/^\x1f\x8b|^7z\xbc\xaf|^Rar!|^BZh/, 'an archive'],
  [/^\x7fELF|^MZ/, 'a program'],
  [/^SQLite format 3/, 'a database'],
]

/** What it is, as in "talk.docx is …"; undefined where it may be sound. */
export function plainlyNoSound(head: Buffer): string | undefined {
  const text = head.toString('latin1')
  const marked = marks.find(([mark]) => mark.test(text))
  if (marked) return marked[1]
  if (head.length < headBytes && /^RIFF....WAVE.*data.{4}$/s.test(text))
    return 'a WAV header without any sound behind it'
  return isText(head) ? 'text' : undefined
}

/** Sound has bytes that no text has. */
const isText = (head: Buffer): boolean => {
  const isWhole = head.length < headBytes
  const cut = isWhole ? head : head.subarray(0, head.length - 3) // a character may be cut at the end
  return cut.length > 0 && !cut.some((byte) => byte < 9 || (byte > 13 && byte < 32)) && isUtf8(head, isWhole)
}

function isUtf8(head: Buffer, isWhole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: !isWhole })
    return true
  } catch {
    return false
  }
}
