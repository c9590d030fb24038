/**
 * Checks preconditions on an object's generation and metageneration.
 * https://cloud.google.com/storage/docs/request-preconditions
 */
import { StorageError } from './answers.ts'
import type { ObjectRecord } from './object-resource.ts'

const NAMES = [
  'GenerationMatch',
  'GenerationNotMatch',
  'MetagenerationMatch',
  'MetagenerationNotMatch',
] as const

export type Preconditions = Partial<Record<(typeof NAMES)[number], string>>

/** Reads `ifGenerationMatch` …, or with 'Source' `ifSourceGenerationMatch` …, from a request's query. */
export function preconditionsIn(query: URLSearchParams, side: '' | 'Source' = ''): Preconditions {
  const found: Preconditions = {}
  for (const name of NAMES) {
    const value = query.get(`if${side}${name}`)
    if (value !== null) found[name] = generationNumber(value)
  }
  return found
}

export function generationNumber(value: string): string {
  if (!/^-?\d{1,19}$/.test(value))
    throw new StorageError('invalid', `Invalid value for a generation or metageneration: "${value}".`)
  return String(BigInt(value))
}

/**
 * Throws 412 when one does not hold; `forReading` makes a failed …NotMatch the answer 304. An absent object
 * has generation 0.
 */
export function checkPreconditions(
  current: ObjectRecord | undefined,
  conditions: Preconditions,
  forReading = false,
): void {
  const generation = current?.generation ?? '0'
  const metageneration = current && String(current.metageneration)
  const { GenerationMatch, GenerationNotMatch, MetagenerationMatch, MetagenerationNotMatch } = conditions
  const unmatched =
    (GenerationMatch !== undefined && GenerationMatch !== generation) ||
    (MetagenerationMatch !== undefined && MetagenerationMatch !== metageneration)
  // "If no live object exists, the precondition fails" holds for both kinds of NotMatch.
  const matched =
    (GenerationNotMatch !== undefined && (!current || GenerationNotMatch === generation)) ||
    (MetagenerationNotMatch !== undefined && (!current || MetagenerationNotMatch === metageneration))
  if (unmatched || (matched && !forReading))
    throw new StorageError(
      'conditionNotMet',
      'At least one of the pre-conditions you specified did not hold.',
    )
  if (matched) throw new StorageError('notModified', 'Not Modified')
}
