/** Reads a settings document. Hides how it is checked; an error names the field and what it should be. */
import type { z } from 'zod'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import { withoutUnseen } from './unseen.ts'

/** The largest settings document, in bytes. */
export const maxDocumentBytes = 1024 * 1024

export interface Problem {
  /** Of the field; empty where the document itself is meant. */
  readonly path: readonly (string | number)[]
  /** What it should be; of what is no JSON, the line and column too. */
  readonly message: string
}

/** Throws Permanent `code` naming every field that is wrong. */
export function parseDocument<T>(schema: z.ZodType<T>, text: string, name: string, code: ErrorCode): T {
  const read = readDocument(schema, text)
  if ('value' in read) return read.value
  const [first] = read.problems
  if (read.isNoJson) throw new Permanent(code, `${name} is not JSON; ${first!.message}.`)
  const issues = read.problems.map(({ path, message }) => `${path.join('.') || 'The document'}: ${message}`)
  throw new Permanent(code, `${name} cannot be used. ${issues.join('; ')}.`)
}

/** Everything that is wrong with a document. */
export function problemsOf(schema: z.ZodType, text: string): readonly Problem[] {
  const read = readDocument(schema, text)
  return 'value' in read ? [] : read.problems
}

function readDocument<T>(
  schema: z.ZodType<T>,
  text: string,
): { readonly value: T } | { readonly isNoJson: boolean; readonly problems: readonly Problem[] } {
  let json: unknown
  try {
    json = parseJson(text.replace(/^\uFEFF/, ''), (_key, value) =>
      typeof value === 'string' ? withoutUnseen(value) : value,
    )
  } catch (error) {
    return { isNoJson: true, problems: [{ path: [], message: (error as Error).message }] }
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return { value: parsed.data }
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: path.map((part) => (typeof part === 'number' ? part : String(part))),
    message,
  }))
  return { isNoJson: false, problems }
}
