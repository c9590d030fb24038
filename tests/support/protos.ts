/**
 * Holds JSON against the definitions that Google's clients come with. Hides protobufjs, the JSON forms of well-known
 * types, and where a package keeps its definitions.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import protobuf from 'protobufjs'

const root = path.join(import.meta.dirname, '../..')

/** The definitions of a package, by file path: its `exports` hide them. */
export const protosOf = (file: string): protobuf.Root =>
  protobuf.Root.fromJSON(
    JSON.parse(readFileSync(path.join(root, 'node_modules', file), 'utf8')) as protobuf.INamespace,
  )

/** https://protobuf.dev/programming-guides/json/ */
const wellKnown: Readonly<Record<string, (value: unknown) => boolean>> = {
  '.google.protobuf.Duration': (value) => typeof value === 'string' && /^\d+(\.\d+)?s$/.test(value),
  '.google.protobuf.Timestamp': (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  '.google.protobuf.Int32Value': (value) => Number.isInteger(value),
  '.google.protobuf.BoolValue': (value) => typeof value === 'boolean',
}

const numbers = ['int32', 'uint32', 'int64', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64']

/** What does not fit the message of this name: unknown fields, values and types, each with its place. */
export function misfits(protos: protobuf.Root, typeName: string, value: unknown, at = typeName): string[] {
  const type = protos.lookupType(typeName)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`]
  return Object.entries(value).flatMap(([key, given]) => {
    const field = Object.values(type.fields).find(
      ({ name }) => name === key || protobuf.util.camelCase(name) === key,
    )
    if (!field) return [`${at}.${key} is unknown`]
    field.resolve()
    const place = `${at}.${key}`
    if (field instanceof protobuf.MapField)
      return Object.entries(given as object).flatMap(([name, each]) =>
        misfit(field, each, `${place}.${name}`),
      )
    if (!field.repeated) return misfit(field, given, place)
    if (!Array.isArray(given)) return [`${place} is no list`]
    return given.flatMap((each: unknown, i) => misfit(field, each, `${place}[${i}]`))
  })
}

function misfit(field: protobuf.Field, value: unknown, at: string): string[] {
  const { resolvedType: type } = field
  if (type instanceof protobuf.Enum)
    return typeof value === 'string' && value in type.values
      ? []
      : [`${at} is no ${type.name}: ${String(value)}`]
  if (type instanceof protobuf.Type) {
    const isFit = wellKnown[type.fullName]
    if (!isFit) return misfits(type.root, type.fullName, value, at)
    return isFit(value) ? [] : [`${at} is no ${type.name}: ${JSON.stringify(value)}`]
  }
  const isFit = numbers.includes(field.type)
    ? Number.isInteger(typeof value === 'string' ? Number(value) : value)
    : field.type === 'double' || field.type === 'float'
      ? typeof value === 'number'
      : field.type === 'bool'
        ? typeof value === 'boolean'
        : typeof value === 'string'
  return isFit ? [] : [`${at} is no ${field.type}: ${JSON.stringify(value)}`]
}
