// Every side effect of the product stands between two named points.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import ts from 'typescript'
import { between, effects, watchBoundaries, type Passage } from '../shared/boundaries.ts'
import { aToyShow } from './support/toys.ts'
import { aWorld } from './support/world.ts'

afterEach(() => watchBoundaries(undefined))

const root = path.join(import.meta.dirname, '..')

/**
 * What changes the world outside the process, by the name of the call, where each is made: the clients' methods, and a
 * request whose answer counts.
 */
const sideEffects: Readonly<Record<string, readonly string[]>> = {
  'shared/storage-writes.ts': ['save', 'createWriteStream', 'combine', 'copy', 'delete'],
  'shared/storage.ts': ['createResumableUpload'],
  'shared/engine/tasks.ts': ['createTask', 'deleteTask', 'purgeQueue'],
  'shared/providers/vendor.ts': ['send'],
  'shared/webhooks/send.ts': ['fetchPublic'],
}

/** Every call of one of the names (but of a part, which is bytes), and whether it stands within `between(…)` or a helper that does nothing else. */
function callsOf(file: string, names: readonly string[]): { text: string; isBetween: boolean }[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  )
  const found: { text: string; isBetween: boolean }[] = []
  const enclosing = ['between', 'ignoringExisting', 'unlessChanged']
  const look = (node: ts.Node, isBetween: boolean): void => {
    let inside = isBetween
    if (ts.isCallExpression(node)) {
      const callee = node.expression
      const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText()
      if (names.includes(name) && !callee.getText().startsWith('part.'))
        found.push({ text: node.getText(), isBetween })
      inside ||= enclosing.includes(name)
    }
    ts.forEachChild(node, (child) => look(child, inside))
  }
  look(source, false)
  return found
}

test.each(Object.entries(sideEffects))('Every side effect of %s stands between two points', (file, names) => {
  const calls = callsOf(file, names)
  expect(calls).not.toEqual([])
  expect(calls.filter(({ isBetween }) => !isBetween)).toEqual([])
})

test('Nothing else of the object store changes it', () => {
  const changes = [
    ...sideEffects['shared/storage-writes.ts']!,
    'createResumableUpload',
    'setMetadata',
    'move',
  ]
  const places = globSync('shared/storage*.ts', { cwd: root }).filter(
    (file) => callsOf(file, changes).length > 0,
  )
  expect(places.sort()).toEqual(['shared/storage-writes.ts', 'shared/storage.ts'])
  expect(callsOf('shared/storage.ts', changes)).toHaveLength(1)
  expect(callsOf('shared/storage-writes.ts', ['createResumableUpload', 'setMetadata', 'move'])).toEqual([])
})

test('A side effect without its points is noticed', () => {
  expect(callsOf('shared/storage.ts', ['getMetadata']).map(({ isBetween }) => isBetween)).toContain(false)
})

test('No other file of the product reaches the clients, or answers the queue', () => {
  const ways =
    /import\('@google-cloud\/(storage|tasks)'\)|import\('knex'\)|import\('pg'\)|^import \{.*from 'node:https?'|response\s*\.status\(/m
  const files = globSync('{shared,functions}/**/*.ts', { cwd: root, exclude: ['shared/console/browser/**'] })
  expect(files.filter((file) => ways.test(readFileSync(path.join(root, file), 'utf8'))).sort()).toEqual([
    'shared/audio/range-server.ts', // serves ffmpeg, on loopback
    'shared/db/connect.ts',
    'shared/engine/serve.ts',
    'shared/engine/tasks.ts',
    'shared/providers/vendor.ts',
    'shared/public-address.ts', // asks; whoever sends by it is above
    'shared/storage-client.ts',
    'shared/storage-ranges.ts', // reads, and changes nothing // the client of shared/storage.ts
  ])
})

test('Watched, a run passes the points of each of its statements, objects and tasks, in pairs', async () => {
  const passed: Passage[] = []
  watchBoundaries((passage) => {
    passed.push(passage)
    return Promise.resolve()
  })
  const { catalogue } = aToyShow([{ name: 'one' }, { name: 'two', after: ['one'], parts: 2 }])
  const world = await aWorld({ catalogue })
  await world.start()
  await world.runToEnd()
  const of = (effect: keyof typeof effects, side: Passage['side']) =>
    passed.filter((passage) => passage.effect === effect && passage.side === side).length
  for (const effect of [
    'database.read',
    'database.write',
    'database.commit',
    'object.create',
    'task.create',
  ] as const) {
    expect(of(effect, 'before')).toBeGreaterThan(0)
    expect(of(effect, 'after')).toBe(of(effect, 'before'))
  }
})

test('An effect that fails has no point behind it, and a watcher that throws prevents it', async () => {
  const passed: string[] = []
  watchBoundaries(({ effect, side }) => {
    passed.push(`${effect} ${side}`)
    return effect === 'object.remove' ? Promise.reject(new Error('ended')) : Promise.resolve()
  })
  let done = 0
  await expect(between('task.create', 'x', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  await expect(between('object.remove', 'x', () => ++done)).rejects.toThrow('ended')
  expect(done).toBe(0)
  expect(passed).toEqual(['task.create before', 'object.remove before'])
})
