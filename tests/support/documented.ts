/**
 * The API's own document as the judge of what the API does: whatever it takes and answers must be as the
 * document says, as a client would have it that was made from the document.
 */
import type { ValidateFunction } from 'ajv'
import ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
}
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, unknown>> }>>
}
export interface ApiDocument {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Exchange {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Headers
  readonly status: number
  readonly type: string | null
  readonly body: unknown
}

/** What of the exchange is not as documented; a path that is not in the document is nobody's business. */
export function judgeOf(document: ApiDocument): (exchange: Exchange) => string[] {
  const ajv = new ajv2020.Ajv2020({ strict: false, coerceTypes: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'api')
  const compiled = new Map<string, ValidateFunction>()
  const complaint = (pointer: readonly (string | number)[], value: unknown): string[] => {
    const ref = `api#/${pointer.map((part) => encodeURIComponent(escaped(part))).join('/')}`
    const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref })
    compiled.set(ref, validate)
    return validate(value) ? [] : [`${ref}: ${ajv.errorsText(validate.errors)}`]
  }
  return ({ method, path, headers, status, type, body }) => {
    const { pathname, searchParams } = new URL(path, 'http://api')
    const template = Object.keys(document.paths).find((known) => patternOf(known).test(pathname))
    const verb = method.toLowerCase()
    const operation = document.paths[template ?? '']?.[verb]
    if (template === undefined || !operation) return []
    const inPath = patternOf(template).exec(pathname)?.groups ?? {}
    const given = ({ name, in: where }: Parameter) =>
      where === 'path'
        ? decodeURIComponent(inPath[name]!)
        : ((where === 'query' ? searchParams.get(name) : headers.get(name)) ?? undefined)
    const taken = status < 300 ? (operation.parameters ?? []) : []
    const answered = operation.responses[status] ? String(status) : 'default'
    const mediaType = type?.split(';')[0] ?? ''
    if (!operation.responses[answered]!.content?.[mediaType]) return [`${answered} has no ${mediaType}`]
    return [
      ...taken.flatMap((parameter, i) =>
        given(parameter) === undefined
          ? parameter.required === true
            ? [`${parameter.name} is missing`]
            : []
          : complaint(['paths', template, verb, 'parameters', i, 'schema'], given(parameter)),
      ),
      ...complaint(['paths', template, verb, 'responses', answered, 'content', mediaType, 'schema'], body),
    ]
  }
}

const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)

/** As a JSON pointer has it. */
const escaped = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1')
