/**
 * Says what is wrong with a value in words for whoever wrote it: what it should be, and what was probably meant. Hides the
 * checking library's own terms.
 */
import type { z } from 'zod'
import { nearest } from '../nearest.ts'

type Issue = Parameters<z.core.$ZodErrorMap>[0]

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list [ … ]',
  object: 'an object { … }',
  record: 'an object { … }',
}
const formats: Readonly<Record<string, string>> = {
  email: 'an address such as show@example.com',
  url: 'an address such as https://example.com/show',
  date: 'a day such as 2026-12-24',
  datetime: 'a time with its zone, such as 2026-12-24T06:00:00+01:00',
  uuid: 'an id such as 0f8b6f6e-6d0b-4a57-9d8c-2f4f1f0c7a11',
}
const units: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }

const longestShown = 60
const shown = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
const notThis = (input: unknown): string => (input === undefined ? '' : `, not ${shown(input)}`)
const listed = (names: readonly unknown[]): string => names.map(String).join(', ')
const guess = (input: unknown, names: readonly unknown[]): string => {
  const near = typeof input === 'string' ? nearest(input, names.map(String)) : undefined
  return near === undefined ? '' : `; did you mean "${near}"?`
}

/** For zod: undefined where its own words, or those of the schema, are right. */
export function explain(issue: Issue): string | undefined {
  const { input } = issue
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kinds[issue.expected] ?? issue.expected
      return input === undefined ? `is missing; it should be ${kind}` : `should be ${kind}${notThis(input)}`
    }
    case 'invalid_value':
      return `should be ${issue.values.length > 1 ? 'one of ' : ''}${listed(issue.values)}${notThis(input)}${guess(input, issue.values)}`
    case 'invalid_union':
      return issue.discriminator === undefined ? undefined : unknownKind(issue, issue.discriminator)
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, namesOf(issue.inst))
    case 'too_big':
      return `should be ${issue.inclusive === false ? 'less than' : 'at most'} ${String(issue.maximum)}${units[issue.origin] ?? ''}${isNumber(input)}${lengthOf(input)}`
    case 'too_small':
      return issue.minimum === 1 && issue.origin !== 'number' && issue.origin !== 'int'
        ? 'is empty'
        : `should be ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${units[issue.origin] ?? ''}${isNumber(input)}`
    case 'invalid_format': {
      const format = formats[issue.format]
      return format && `should be ${format}${notThis(input)}`
    }
    default:
      return undefined
  }
}

/** Of text or a list that is too long; of the rest it is not known, or says nothing. */
const lengthOf = (input: unknown): string =>
  typeof input === 'string' || Array.isArray(input) ? `, and has ${input.length}` : ''

const isNumber = (input: unknown): string => (typeof input === 'number' ? notThis(input) : '')

function unknownKind(issue: Issue, discriminator: string): string {
  const given = (issue.input as Readonly<Record<string, unknown>>)[discriminator]
  const { options } = issue as { options?: readonly unknown[] }
  const names = (options ?? []).map(String)
  return given === undefined
    ? `is missing; it should be one of ${listed(names)}`
    : `should be one of ${listed(names)}${notThis(given)}${guess(given, names)}`
}

/** So many are named; the rest is counted. */
const mostKeys = 10

/** What there is instead is listed once, and only where nothing is near to one of them. */
function unknownKeys(keys: readonly string[], names: readonly string[]): string {
  const named = keys.slice(0, mostKeys)
  const told = named.map((key) => `there is no setting "${key}"${guess(key, names)}`)
  const areAllGuessed = named.every((key) => guess(key, names) !== '')
  return [
    ...told,
    ...(keys.length > mostKeys ? [`and ${keys.length - mostKeys} more`] : []),
    ...(areAllGuessed || names.length === 0 ? [] : [`there are ${listed(names)}`]),
  ].join('; ')
}

/** What an object's schema knows, but for what editors alone look at. */
function namesOf(schema: unknown): string[] {
  const { shape } = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def ?? {}
  return Object.keys(shape ?? {}).filter((name) => name !== '$schema')
}

/** The library's own words, where a value was checked without `explain` and is not known any more. */
export const plainly = (issue: z.core.$ZodIssue): string =>
  (issue.code === 'too_big' || issue.code === 'too_small'
    ? explain({ ...issue, input: undefined })
    : undefined) ??
  issue.message.replace(
    /^Invalid input: expected (\w+)(, received undefined)?.*$/,
    (_all, kind: string, missing?: string) =>
      `${missing === undefined ? '' : 'is missing; it '}should be ${kinds[kind] ?? kind}`,
  )

/**
 * Of a value that has none of several shapes, what is wrong with the one it comes nearest to; else, and where the schema has
 * words of its own for that, the issue itself.
 */
export function inNearestShape(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return [issue]
  const faultsIn = (shape: readonly z.core.$ZodIssue[]): number =>
    shape.reduce((sum, one) => sum + (one.code === 'unrecognized_keys' ? one.keys.length : 1), 0)
  const [nearestShape] = issue.errors.toSorted((a, b) => faultsIn(a) - faultsIn(b))
  return nearestShape === undefined
    ? [issue]
    : nearestShape.flatMap((one) => inNearestShape({ ...one, path: [...issue.path, ...one.path] }))
}
