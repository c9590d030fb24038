// What the service accounts may do is what their functions' calls need, and what setup.sh gives.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'
import {
  access,
  callsOfMethod,
  permissionsOfCall,
  permissionsOfMethod,
  replacing,
  type Permission,
} from '../../deploy/access.ts'
import { accountName, buckets, roleName } from '../../deploy/names.ts'
import { catalogue, queues } from '../../functions/index.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { dryRun, type Command } from '../support/dry-run.ts'

const root = path.join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

/** Every `….name(` in a piece of code. */
function called(code: string, visit: (call: ts.PropertyAccessExpression) => void): void {
  const source = ts.createSourceFile('file.ts', code, ts.ScriptTarget.Latest, true)
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) visit(node.expression)
    ts.forEachChild(node, look)
  }
  look(source)
}

/** Where Google's clients are called, and their methods that reach Google, whether this code calls them or not. */
const clients = {
  store: {
    files: ['storage.ts', 'storage-objects.ts', 'storage-reads.ts', 'storage-writes.ts'],
    methods:
      /^(getMetadata|setMetadata|createReadStream|createWriteStream|createResumableUpload|save|combine|copy|move|rename|delete|deleteFiles|getFiles|getSignedUrl|exists|download|upload|makePublic|setStorageClass|getBuckets|createBucket|rotateEncryptionKey)$/,
  },
  queue: {
    files: ['engine/tasks.ts'],
    methods:
      /^(createTask|getTask|deleteTask|listTasks|runTask|getQueue|createQueue|updateQueue|listQueues|purgeQueue|pauseQueue|resumeQueue)$/,
  },
} as const
type Client = keyof typeof clients

const codeOf = (client: Client): string =>
  clients[client].files.map((file) => read(`shared/${file}`)).join('\n')
const clientFiles = Object.values(clients).flatMap(({ files }) => files.map((file) => `shared/${file}`))

/** A buffer's method of the same name reaches nobody. */
const isBuffers = (expression: ts.Expression): boolean => expression.getText() === 'part'

const callsIn = (client: Client): Set<string> => {
  const found = new Set<string>()
  called(codeOf(client), ({ name, expression }) => {
    if (!isBuffers(expression) && clients[client].methods.test(name.text)) found.add(name.text)
  })
  return found
}

test('Every call of Google’s clients is in the table of what it needs, and no other', () => {
  const calls = [...callsIn('store'), ...callsIn('queue')].sort()
  expect(Object.keys(permissionsOfCall).sort()).toEqual(calls)
})

/** The functions that openStorage and openTasks return, with the calls in each, through those they call. */
function methodsOf(client: Client): Map<string, Set<string>> {
  const code = codeOf(client)
  const source = ts.createSourceFile('file.ts', code, ts.ScriptTarget.Latest, true)
  const bodies = new Map<string, string>()
  const look = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer))
      bodies.set(node.name.getText(), node.initializer.getText())
    if (ts.isFunctionDeclaration(node) && node.name) bodies.set(node.name.text, node.getText())
    ts.forEachChild(node, look)
  }
  look(source)
  const callsFrom = (name: string, seen: Set<string>): Set<string> => {
    if (seen.has(name)) return new Set()
    seen.add(name)
    const body = bodies.get(name) ?? ''
    const found = new Set<string>()
    called(`const f = ${body}`, ({ name: { text }, expression }) => {
      if (!isBuffers(expression) && clients[client].methods.test(text)) found.add(text)
    })
    for (const other of bodies.keys())
      if (other !== name && new RegExp(`(?<![.\\w])${other}\\(`).test(body))
        for (const call of callsFrom(other, seen)) found.add(call)
    return found
  }
  const offered = [...code.matchAll(/return \{([^{}]+)\}\n\}/g)]
    .flatMap(([, names]) => names!.split(','))
    .map((name) => name.trim())
    .filter((name) => /^\w+$/.test(name))
  return new Map(offered.map((name) => [name, callsFrom(name, new Set())]))
}

test('Every method of the object store and the task queue is in the table with the calls behind it', () => {
  const found = [...methodsOf('store'), ...methodsOf('queue')].filter(
    ([, calls]) => calls.size > 0, // closing a client asks nothing
  )
  expect(
    Object.fromEntries(Object.entries(callsOfMethod).map(([name, calls]) => [name, [...calls].sort()])),
  ).toEqual(Object.fromEntries(found.map(([name, calls]) => [name, [...calls].sort()])))
  expect(replacing.filter((name) => !(name in callsOfMethod))).toEqual([])
})

/** The product's own files that one leads to, dynamic imports among them, types not. */
function reached(file: string): Set<string> {
  const all = new Set([file])
  for (const each of all) {
    const source = read(each).replaceAll(/import type [^;]*?from '[^']+'/g, '')
    for (const { fileName } of ts.preProcessFile(source).importedFiles)
      if (fileName.startsWith('.')) all.add(path.join(path.dirname(each), fileName))
  }
  return all
}

const storeMethods = Object.keys(callsOfMethod).filter((name) => name !== 'enqueue' && name !== 'holds')

/** The methods of store and queue that a function's own files may call. */
function methodsUsed(name: string): Set<string> {
  const found = new Set<string>()
  // what runs every step is no file that the step imports
  for (const file of [...reached(`functions/${name}.ts`), 'shared/engine/delivery.ts']) {
    if (clientFiles.includes(file)) continue
    const code = read(file)
    for (const method of storeMethods)
      if (new RegExp(`(?<![\\w])#?storage\\s*\\.${method}\\b`).test(code)) found.add(method)
    if (/tasks\.holds\b/.test(code)) found.add('holds')
    if (/\benqueue\(/.test(code)) found.add('enqueue')
  }
  return found
}

describe.each(Object.keys(access))('Account %s', (account) => {
  const functions = catalogue.filter((entry) => entry.account === account).map(nameOf)
  const given = access[account]!
  const needed = new Set(functions.flatMap((name) => [...methodsUsed(name)].flatMap(permissionsOfMethod)))

  test('runs at least one function', () => {
    expect(functions.length).toBeGreaterThan(0)
  })

  test('may do all that its functions’ calls need', () => {
    const may = new Set<Permission>([
      ...buckets.flatMap((name) => given.buckets[name] ?? []),
      ...given.queues,
      ...given.itself,
    ])
    expect({ account, missing: [...needed].filter((each) => !may.has(each)) }).toEqual({
      account,
      missing: [],
    })
    expect({ account, unused: [...may].filter((each) => !needed.has(each)) }).toEqual({ account, unused: [] })
  })
})

test('Every function runs as an account that is there', () => {
  expect(new Set(catalogue.map(({ account }) => account))).toEqual(new Set(Object.keys(access)))
})

let known: Command[] | undefined
const settingUp = (): Command[] =>
  (known ??= dryRun('deploy/setup.sh', ['--project', 'my-project', '--dry-run']))

test('setup.sh gives each account what the table says, where it says, and nothing else', () => {
  const commands = settingUp()
  const value = (words: readonly string[], flag: string) =>
    words.find((word) => word.startsWith(`--${flag}=`))?.slice(flag.length + 3)
  const own = (role: string | undefined) => role?.startsWith('projects/my-project/roles/')
  const grants = commands
    .filter(({ words }) => words.includes('add-iam-policy-binding') && own(value(words, 'role')))
    .map(({ words }) => {
      const at = words[words.indexOf('add-iam-policy-binding') + 1]!
      const who = value(words, 'member')!.replace(/^serviceAccount:(.*)@.*$/, '$1')
      return [
        who,
        at.replace('gs://my-project-spool-', 'bucket ').replace(/@.*$/, ''),
        value(words, 'role')!.split('/').at(-1),
      ].join(' ')
    })
  const wanted = Object.entries(access).flatMap(([name, { buckets: of, queues: onQueues, itself }]) => [
    ...buckets.flatMap((bucket) =>
      (of[bucket] ?? []).map((each) => [accountName(name), `bucket ${bucket}`, roleName(each)]),
    ),
    ...Object.keys(queues).flatMap((queue) =>
      onQueues.map((each) => [accountName(name), queue, roleName(each)]),
    ),
    ...itself.map((each) => [accountName(name), accountName(name), roleName(each)]),
  ])
  expect(grants.sort()).toEqual(wanted.map((each) => each.join(' ')).sort())
  const roles = commands.filter(({ words }) => words.slice(1, 4).join(' ') === 'iam roles create')
  expect(roles.map(({ words }) => [words[4], value(words, 'permissions')])).toEqual(
    [
      ...new Set(
        Object.values(access).flatMap(({ buckets: of, queues: q, itself }) => [
          ...Object.values(of).flat(),
          ...q,
          ...itself,
        ]),
      ),
    ]
      .sort()
      .map((permission) => [roleName(permission), permission]),
  )
})

test('No function’s account has a role that Google made, but to read its secrets and to call in the caller’s name', () => {
  const commands = settingUp()
  const roles = commands
    .filter(({ line }) =>
      Object.keys(access).some((name) => line.includes(`--member=serviceAccount:${accountName(name)}@`)),
    )
    .flatMap(({ words }) => words.filter((word) => word.startsWith('--role=roles/')))
  expect(new Set(roles)).toEqual(
    new Set(['--role=roles/secretmanager.secretAccessor', '--role=roles/iam.serviceAccountUser']),
  )
})
