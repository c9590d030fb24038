// SECURITY.md: each line of its table names a file that holds a threat and a test that proves it, and both are there.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import ts from 'typescript'

const root = path.join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

interface Line {
  readonly threat: string
  readonly held: string
  readonly file: string
  readonly title: string
}

/** The table's lines; one whose last column is not a file and a title has none. */
function linesOf(page: string): Line[] {
  const rows = page.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => {
    const [threat = '', held = '', proof = ''] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim())
    const [, file = '', title = ''] = /^`(tests\/[\w/.-]+\.test\.ts)`: (.+)$/.exec(proof) ?? []
    return { threat, held, file, title }
  })
}

/** Titles of tests and of groups of tests. */
function titlesIn(source: string): Set<string> {
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isNaming(node)) titles.add((node.arguments[0] as ts.StringLiteral).text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.ESNext, true))
  return titles
}

const isNaming = ({ expression, arguments: given }: ts.CallExpression): boolean =>
  given.length > 1 &&
  ts.isStringLiteralLike(given[0]!) &&
  /^(test|describe|with|on|where)/.test(expression.getText())

/** What is wrong with a line. */
function faultsOf({ threat, held, file, title }: Line): string[] {
  if (threat === '' || held === '') return [`"${threat}" says not what holds it`]
  if (file === '') return [`"${threat}" names no test`]
  if (!existsSync(path.join(root, file))) return [`there is no ${file}`]
  return titlesIn(read(file)).has(title) ? [] : [`${file} has no test "${title}"`]
}

/** Files are named as ARCHITECTURE.md does: those of the rooms of shared/ without it. */
const filesIn = ({ held }: Line): string[] =>
  [...held.matchAll(/`([\w/.-]+\.(?:ts|sh|json))`/g)].map(([, file]) => file!)

const lines = linesOf(read('SECURITY.md'))

test('every threat of SECURITY.md has a test that is there', () => {
  expect(lines.length).toBeGreaterThan(30)
  expect(lines.flatMap(faultsOf)).toEqual([])
})

test('every file that is said to hold a threat is there', () => {
  const isThere = (file: string) =>
    [file, `shared/${file}`].some((place) => existsSync(path.join(root, place)))
  expect(lines.flatMap(filesIn).filter((file) => !isThere(file))).toEqual([])
})

test('a line without a test, with one that is gone or renamed, is found out', () => {
  const page = (proof: string) => `| threat | held by | proved by |\n|---|---|---|\n| a | b | ${proof} |`
  const own = 'tests/security/threats.test.ts'
  const faults = (proof: string) => linesOf(page(proof)).flatMap(faultsOf)
  expect(faults('')).toEqual(['"a" names no test'])
  expect(faults('`tests/security/gone.test.ts`: x')).toEqual(['there is no tests/security/gone.test.ts'])
  expect(faults(`\`${own}\`: x`)).toEqual([`${own} has no test "x"`])
  expect(faults(`\`${own}\`: every file that is said to hold a threat is there`)).toEqual([])
})
