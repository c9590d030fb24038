/** Reads a settings document. Hides how it is checked; an error names the field and what it should be. */
import type { z } from 'zod'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import { withoutUnseen } from './unseen.ts'

/** The largest settings document, in bytes. */
export const maxDocumentBytes = 1024 * 1024

/** Throws Permanent `code` naming every field that is wrong. */
export function parseDocument<T>(schema: z.ZodType<T>, text: string, name: string, code: ErrorCode): T {
  let json: unknown
  try {
    json = parseJson(text.replace(/^\uFEFF/, ''), (_key, value) =>
      typeof value === 'string' ? withoutUnseen(value) : value,
    )
  } catch (error) {
    throw new Permanent(code, `${name} is not JSON; ${(error as Error).message}.`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'The document'}: ${message}`,
    )
    throw new Permanent(code, `${name} cannot be used. ${issues.join('; ')}.`)
  }
  return parsed.data
}
