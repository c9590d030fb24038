/** Reads a settings document. Hides how it is checked; an error names the line, the field and what it should be. */
import type { z } from 'zod'
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'
import { NotJson, parseJson, placesIn, type Place } from '../json-file.ts'
import { explain } from './explain.ts'
import { withoutUnseen } from './unseen.ts'

/** The largest settings document, in bytes. */
export const maxDocumentBytes = 1024 * 1024

/** More are counted: each takes a look through the document. */
const mostProblems = 100

export interface Problem extends Place {
  /** Of the field; empty where the document itself is meant. */
  readonly path: readonly (string | number)[]
  /** What it should be; of what is no JSON, where too. */
  readonly message: string
}

/** Throws Permanent `code` naming every field that is wrong. */
export function parseDocument<T>(schema: z.ZodType<T>, text: string, name: string, code: ErrorCode): T {
  const read = readDocument(schema, text)
  if ('value' in read) return read.value
  const { problems, isNoJson } = read
  if (isNoJson) throw new Permanent(code, `${name} is not JSON; ${ended(problems[0]!.message)}`)
  throw new Permanent(code, `${name} cannot be used. ${ended(problems.map(describe).join('; '))}`)
}

/** As a sentence. */
const ended = (text: string): string => (/[.?!…]$/.test(text) ? text : `${text}.`)

/** Everything that is wrong with a document. */
export function problemsOf(schema: z.ZodType, text: string): readonly Problem[] {
  const read = readDocument(schema, text)
  return 'value' in read ? [] : read.problems
}

/** Where, which field, what it should be. */
const describe = ({ line, column, path, message }: Problem): string =>
  `line ${line}, column ${column}: ${path.length === 0 ? '' : `${nameOf(path)}: `}${message}`

/** As people count: `["segments", 0, "source"]` is "segments #1, source". */
export const nameOf = (path: Problem['path']): string =>
  path
    .map((part, i) => {
      if (typeof part === 'number') return ''
      const index = path[i + 1]
      return typeof index === 'number' ? `${part} #${index + 1}` : part
    })
    .filter((part) => part !== '')
    .join(', ')

function readDocument<T>(
  schema: z.ZodType<T>,
  text: string,
): { readonly value: T } | { readonly isNoJson: boolean; readonly problems: readonly Problem[] } {
  const json = text.replace(/^\uFEFF/, '')
  let value: unknown
  try {
    value = parseJson(json, (_key, part) => (typeof part === 'string' ? withoutUnseen(part) : part))
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    const { line, column, message } = error
    return { isNoJson: true, problems: [{ path: [], line, column, message }] }
  }
  const parsed = schema.safeParse(value, { error: explain })
  if (parsed.success) return { value: parsed.data }
  const placeOf = placesIn(json)
  const { issues } = parsed.error
  const problems: Problem[] = issues.slice(0, mostProblems).map(({ path: given, message, ...issue }) => {
    const path = given.map((part) => (typeof part === 'number' ? part : String(part)))
    const keys = (issue as { keys?: readonly string[] }).keys ?? []
    return { path, message, ...placeOf(keys[0] === undefined ? path : [...path, keys[0]]) }
  })
  if (issues.length > mostProblems)
    problems.push({ path: [], line: 1, column: 1, message: `and ${issues.length - mostProblems} more` })
  return { isNoJson: false, problems }
}
