/** The page of all that podcast.json, template.json, episode.json and mail.json may say, as their schemas have it. */
import { documentNames, documents, type DocumentName } from '../shared/settings/documents.ts'
import { letterVariableNames, variableNames } from '../shared/settings/script.ts'

/** What is used of JSON Schema here. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
}

interface Row {
  readonly field: string
  readonly takes: string
  readonly otherwise: string
  readonly about: string
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const choicesOf = ({ anyOf, oneOf }: Schema): readonly Schema[] => anyOf ?? oneOf ?? []
/** A list of categories is longer than a table is wide. */
const mostNamed = 12

/** Without null, which the text above the table speaks of. */
function unlessNull(schema: Schema): Schema {
  const { anyOf, ...own } = schema
  const shapes = anyOf?.filter(({ type }) => type !== 'null') ?? []
  if (shapes.length === anyOf?.length || anyOf === undefined) return schema
  return shapes.length === 1 ? { ...shapes[0], ...own } : { ...own, anyOf: shapes }
}

/** In words: `a number from 0 to 1`. */
function takes(schema: Schema): string {
  const choices = choicesOf(schema)
  if (choices.length > 0) return [...new Set(choices.map(takes))].join(', or ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum) return schema.enum.length > mostNamed ? 'one of a list' : schema.enum.map(code).join(', ')
  switch (schema.type) {
    case 'array':
      return `a list${upTo(schema.maxItems)}`
    case 'object':
      return 'an object'
    case 'boolean':
      return '`true`, `false`'
    case 'integer':
      return `a whole number${between(schema)}`
    case 'number':
      return `a number${between(schema)}`
    case 'string':
      return formats[schema.format ?? ''] ?? `text${upTo(schema.maxLength, ' characters')}`
    default:
      return 'any value'
  }
}

const formats: Readonly<Record<string, string>> = {
  date: 'a day, `2026-12-24`',
  'date-time': 'a time with its zone',
  email: 'an address of mail',
  uri: 'an address',
  uuid: 'an id',
}
const upTo = (most: number | undefined, unit = ''): string =>
  most === undefined || most >= 100_000 ? '' : ` of up to ${most}${unit}`

function between({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum
  const least = exclusiveMinimum ?? (minimum !== undefined && minimum > -1e12 ? minimum : undefined)
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`
  if (most !== undefined) return ` up to ${most}`
  return least === undefined ? '' : ` ${exclusiveMinimum === undefined ? 'from' : 'above'} ${least}`
}

/** A default that is empty says nothing that its fields do not. */
function otherwise({ default: value }: Schema, isRequired: boolean): string {
  if (value === undefined) return isRequired ? 'must be there' : ''
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? '' : code(value)
}

/** What only holds other fields, and has nothing said of it. */
const isContainer = ({ description, properties, items, anyOf }: Schema): boolean =>
  description === undefined && !anyOf && (properties ?? items?.properties) !== undefined

/** The fields below `path`, each with those of its own; of several shapes that a value may have, all. */
function rowsOf(schema: Schema, path: string): Row[] {
  const inside = [schema, ...choicesOf(schema)].flatMap((shape) => [
    ...Object.entries(shape.properties ?? {})
      .filter(([name]) => name !== '$schema')
      .flatMap(([name, field]) =>
        fieldRows(unlessNull(field), `${path}${name}`, shape.required?.includes(name) ?? false),
      ),
    ...(shape.items ? rowsOf(shape.items, `${path.replace(/\.$/, '')}[].`) : []),
  ])
  return [...Map.groupBy(inside, ({ field }) => field).values()].map(merged)
}

const fieldRows = (schema: Schema, field: string, isRequired: boolean): Row[] => [
  ...(isContainer(schema)
    ? []
    : [
        {
          field,
          takes: takes(schema),
          otherwise: otherwise(schema, isRequired),
          about: schema.description ?? '',
        },
      ]),
  ...rowsOf(schema, `${field}.`),
]

/** One field of several shapes. */
const merged = (rows: readonly Row[]): Row => ({
  ...rows[0]!,
  takes: [...new Set(rows.map((row) => row.takes))].join(', '),
  about: [...new Set(rows.map((row) => row.about).filter(Boolean))].join(' '),
})

const table = (rows: readonly Row[]): string =>
  [
    '| Field | Takes | When it is not there | |',
    '|---|---|---|---|',
    ...rows.map((row) => `| \`${row.field}\` | ${row.takes} | ${row.otherwise} | ${row.about} |`),
  ].join('\n')

const about: Readonly<Record<DocumentName, string>> = {
  template: `How episodes of a show are made; \`--template\`, or \`template.json\` among the show's files. \`{}\` is one: each field has its default.

A script may say ${variableNames.map((name) => `\`{${name}}\``).join(', ')}; that of a \`mail\` segment also ${letterVariableNames.map((name) => `\`{${name}}\``).join(', ')}. One that an episode has no value for is refused before anything starts.`,
  episode:
    'One episode: `episode.json` beside its recording, or `--episode`. What is not said again when it is made anew stays as it was, and `null` takes it back; of what belongs to one making alone (`recordings`, `recordingsAre`, `letters`, and `publish` once listeners have it) nothing stays.',
  podcast:
    'The show, in its feed: `podcast.json` in its folder, or `--podcast` (see [feed.md](feed.md)); the newest one counts.',
  mail: 'Beside mailboxes in the bucket; on the command line it is `read-mail --own`.',
}

export const settingsPage = (): string => `# Settings

Made from \`shared/settings/\` by \`node docs/make.ts\`; change it there. \`samples/*.schema.json\` say the same to an editor, which then completes and checks.

${documentNames
  .map(
    (name) => `## ${name}.json\n\n${about[name]}\n\n${table(rowsOf(documents[name].schema() as Schema, ''))}`,
  )
  .join('\n\n')}
`
