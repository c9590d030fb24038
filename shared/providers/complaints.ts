/**
 * Extracts a readable message from a vendor's error answer. Hides that each vendor puts it somewhere else,
 * and that some repeat in it keys and addresses that must not be seen.
 */

export interface Complaint {
  /** In the vendor's words; empty when it gives none. */
  readonly message: string
  /** Its own codes, types and parameter names. */
  readonly codes: readonly string[]
  readonly retryAfterMs?: number | undefined
}

// Under these names, at any depth, the vendors say what is wrong: OpenAI and Gemini in `error`, ElevenLabs
// and FastAPI in `detail`, Deepgram in `err_msg`, AssemblyAI in an `error` that is the message itself.
const messageNames = new Set(['message', 'err_msg', 'msg', 'error', 'detail', 'details', 'error_description'])
const codeNames = new Set(['code', 'status', 'err_code', 'category', 'type', 'reason', 'param', 'loc'])
const deepest = 5

/** Reads the body of a refusal, whatever it is. */
export function complaintIn(text: string): Complaint {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { message: withoutMarkup(text), codes: [] }
  }
  const said = [...strings(json, deepest)]
  const of = (names: ReadonlySet<string>) => [
    ...new Set(said.filter(([name]) => names.has(name)).map(([, value]) => value)),
  ]
  // Gemini's RetryInfo
  const delay = /^(\d+(?:\.\d+)?)s$/.exec(said.find(([name]) => name === 'retryDelay')?.[1] ?? '')?.[1]
  return {
    message: of(messageNames).join('; '),
    codes: of(codeNames),
    retryAfterMs: delay === undefined ? undefined : Number(delay) * 1000,
  }
}

/** Every text in an answer, and in its lists, with the name it stands under, outermost first. */
function* strings(value: unknown, depth: number): Generator<[name: string, value: string]> {
  if (typeof value !== 'object' || value === null || depth === 0) return
  const entries = Object.entries(value)
  for (const [name, inner] of entries)
    for (const text of Array.isArray(inner) ? inner : [inner])
      if (typeof text === 'string') yield [name, text]
  for (const [, inner] of entries) yield* strings(inner, depth - 1)
}

const withoutMarkup = (text: string): string =>
  /^\s*</.test(text)
    ? text.replaceAll(/<(script|style)\b[^]*?<\/\1>/gi, ' ').replaceAll(/<[^>]*>/g, ' ')
    : text

const longestMessage = 500

/**
 * On one line, without secrets, without the query of any URL (signatures stand there), and not longer than a
 * row wants it.
 */
export function presentable(text: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  const line = hidden
    .replaceAll(/(\bhttps?:\/\/[^\s"'<>?]*)\?[^\s"'<>]*/gi, '$1?…')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return line.length <= longestMessage ? line : `${line.slice(0, longestMessage - 1)}…`
}
