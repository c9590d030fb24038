/**
 * Documents of settings as pages edit them: plain JSON that is never changed in place. Hides how a field deep inside is
 * read and set, and where its default stands in the schema.
 */

export type Path = readonly (string | number)[]
export type Fields = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined where there is nothing. */
export const valueAt = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? (value as Fields)[part] : undefined),
    document,
  )

/** What is there as text that can be shown: of anything but words, numbers and yes or no, nothing. */
export function textAt(document: unknown, path: Path): string {
  const value = valueAt(document, path)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}

/** The document with another value there; undefined takes the field out. */
export function withValue<T>(document: T, path: Path, value: unknown): T {
  const [part, ...rest] = path
  if (part === undefined) return value as T
  const inner = rest.length === 0 ? value : withValue(valueAt(document, [part]), rest, value)
  if (typeof part === 'number') {
    const list: unknown[] = Array.isArray(document) ? document : []
    const place = Math.min(part, list.length)
    return (inner === undefined ? list.toSpliced(place, 1) : list.toSpliced(place, 1, inner)) as T
  }
  const { [part]: _before, ...others } = (isRecord(document) ? document : {}) as Fields
  return (inner === undefined ? others : { ...document, [part]: inner }) as T
}

/** What the schema says of a field: its default, its limits. Of a choice of shapes, the first that has it. */
export function schemaAt(schema: unknown, path: Path): Fields {
  const found = path.reduce<unknown>((at, part) => {
    if (typeof part === 'number') return valueAt(at, ['items'])
    const shapes = [at, ...((valueAt(at, ['oneOf']) ?? []) as unknown[])]
    return shapes.map((shape) => valueAt(shape, ['properties', part])).find(isRecord)
  }, schema)
  return isRecord(found) ? found : {}
}

/** What a field is as long as nobody says otherwise. */
export const defaultAt = (schema: unknown, path: Path): unknown => schemaAt(schema, path)['default']

export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The fields of the outermost level in which two documents differ. */
export const differingFields = (a: Fields, b: Fields): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => !isSame(a[field], b[field]))

/** The line of a field in a text that is JSON, from 1; of what is not in it, that of the nearest thing around it. */
export function lineOf(text: string, path: Path): number {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)]
  let next = 0
  /** Where the wanted value begins within the value that begins at `next`, which is read to its end. */
  const find = (rest: Path | undefined): number | undefined => {
    const token = tokens[next++]
    if (!token) return undefined
    let found = rest && token.index
    if (token[0] !== '{' && token[0] !== '[') return found
    const isList = token[0] === '['
    for (let place = 0; tokens[next] && !/^[}\]]$/.test(tokens[next]![0]); place++) {
      const name = isList ? place : (JSON.parse(tokens[next]![0]) as string)
      if (!isList) next += 2 // the name and its colon
      const isWay = rest !== undefined && rest.length > 0 && rest[0] === name
      found = find(isWay ? rest.slice(1) : undefined) ?? found
      if (tokens[next]?.[0] === ',') next++
    }
    next++
    return found
  }
  return text.slice(0, find(path) ?? 0).split('\n').length
}
