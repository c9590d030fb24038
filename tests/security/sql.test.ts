// Statements and values never mix: the linter refuses a statement that is put together from anything but constants, and
// whatever a caller writes where an id, a cursor or a filter belongs stays a value.
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'
import { constantText } from '../../eslint-sql.ts'
import { aKey, callerOf } from '../support/callers.ts'
import type { ApiDocument, Parameter } from '../support/documented.ts'
import { aWorld, user, type World } from '../support/world.ts'

/** The expressions that `say` is called with, each with whether its text is constant. */
function judged(sources: Readonly<Record<string, string>>): [text: string, isConstant: boolean][] {
  const files = new Map(Object.entries(sources).map(([name, text]) => [path.join('/', name), text]))
  const parsed = (name: string) => ts.createSourceFile(name, files.get(name)!, ts.ScriptTarget.ESNext, true)
  const host: ts.CompilerHost = {
    fileExists: (name) => files.has(name),
    readFile: (name) => files.get(name),
    getSourceFile: (name) => (files.has(name) ? parsed(name) : undefined),
    getDefaultLibFileName: () => '/lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => undefined,
  }
  const options = {
    noLib: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    module: ts.ModuleKind.ESNext,
  }
  const program = ts.createProgram([...files.keys()], options, host)
  const isConstant = constantText(program)
  const found: [string, boolean][] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'say')
      found.push([node.arguments[0]!.getText(), isConstant(node.arguments[0]!)])
    ts.forEachChild(node, visit)
  }
  for (const file of program.getSourceFiles()) visit(file)
  return found
}

const others = `
  export const isLive = "status = 'live'"
  export const timeOf = (binding: string): string => \`to_timestamp(:\${binding})\`
  export let changed = 'a'`
const declarations = `
  import { isLive, timeOf, changed } from './others.ts'
  declare const say: (sql: string) => void, given: string, side: '<' | '>', count: number, isFirst: boolean
  const columns = 'id, name' + ', ' + isLive
  const listed = (name: string) => { say(\`SELECT \${name}\`) }
  const asked = (name: string) => { say(\`DROP \${name}\`) }
  listed('one'); listed(isFirst ? 'two' : columns); asked('one'); asked(given)`

describe('The text of a statement', () => {
  const judge = (expression: string): boolean =>
    judged({ 'others.ts': others, 'main.ts': `${declarations}\nsay(${expression})` }).at(-1)![1]

  test.each([
    `'SELECT 1'`,
    '`SELECT ${columns} FROM runs WHERE ${isLive}`',
    "`SELECT 1 WHERE ${timeOf('at')} ${side} now()`",
    '`SELECT 1 LIMIT ${count}`',
    "isFirst ? 'SELECT 1' : `SELECT ${columns}`",
  ])('may be %s', (expression) => {
    expect(judge(expression)).toBe(true)
  })

  test.each([
    'given',
    '`SELECT ${given}`',
    "'SELECT ' + given",
    '`SELECT ${timeOf(given)}`',
    '`SELECT ${changed}`',
    '`SELECT ${[columns]}`',
    "isFirst ? 'SELECT 1' : given",
  ])('may not be %s', (expression) => {
    expect(judge(expression)).toBe(false)
  })

  test('is looked at where it is given, too', () => {
    const found = judged({ 'others.ts': others, 'main.ts': declarations })
    expect(found).toEqual([
      ['`SELECT ${name}`', true],
      ['`DROP ${name}`', false],
    ])
  })
})

const attack = encodeURIComponent(`:id' OR '1'='1'; DROP TABLE runs; --`)
/** Each has a connection. */
const atOnce = 10

describe('What a caller writes', () => {
  /** An attack in place of each id, and of each part of a query. */
  const requestsTo = (template: string, method: string, parameters: readonly Parameter[]) => {
    const address = template.replaceAll(/\{\w+\}/g, attack)
    const queries = method === 'get' ? parameters.filter((parameter) => parameter.in === 'query') : []
    const addresses = [
      ...(address === template ? [] : [address]),
      ...queries.map(({ name }) => `${address}?${name}=${attack}`),
    ]
    return addresses.map((asked) => ({ method: method.toUpperCase(), address: asked }))
  }

  /** How many rows each table has, but for the one that counts requests. */
  const rowsOfEach = async ({ database }: World): Promise<object> => {
    const tables = await database.rows<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'api_callers'`,
    )
    const count = ({ name }: { name: string }) =>
      database.rows<object>(`SELECT '${name}' AS "table", count(*) FROM "${name}"`)
    return await Promise.all(tables.map(count))
  }

  test('where an id, a cursor or a filter belongs is a value, in every documented route', async () => {
    const world = await aWorld({ env: { API_REQUESTS_PER_MINUTE: '100000' } })
    await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`))
    const ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
    const before = await rowsOfEach(world)
    const { paths } = (await callerOf(world)('GET', '/openapi.json')).body as unknown as ApiDocument
    const answers: { asked: string; status: number; text: string }[] = []
    const requests = Object.entries(paths).flatMap(([template, operations]) =>
      Object.entries(operations).flatMap(([method, { parameters = [] }]) =>
        requestsTo(template, method, parameters),
      ),
    )
    for (let at = 0; at < requests.length; at += atOnce)
      await Promise.all(
        requests.slice(at, at + atOnce).map(async ({ method, address }) => {
          const { status, body } = await ask(method, address)
          answers.push({ asked: `${method} ${address}`, status, text: JSON.stringify(body) })
        }),
      )
    expect(answers.length).toBeGreaterThan(60)
    const isBroken = ({ status, text }: (typeof answers)[number]) =>
      status >= 500 || /syntax error|relation "/.test(text)
    expect(answers.filter(isBroken)).toEqual([])
    expect(await rowsOfEach(world)).toEqual(before)
  })
})
