// The functions' host: workers that die are replaced, however often, and somebody is told when they keep
// dying.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { choosePorts } from '../../../local/host/ports.ts'
import { startWorkers } from '../../../local/host/workers.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-workers-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A worker that dies at its start while the file `broken` is there, and of a request for /die. */
function aProgram(): string {
  const program = path.join(dir, 'worker.mjs')
  writeFileSync(
    program,
    `import { existsSync } from 'node:fs'
     import { createServer } from 'node:http'
     if (existsSync(${JSON.stringify(path.join(dir, 'broken'))})) process.exit(1)
     const server = createServer((request, response) => {
       if (request.url === '/die') process.exit(1)
       response.end('alive')
     })
     server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
     process.on('disconnect', () => process.exit(0))`,
  )
  return program
}

const breakThem = () => writeFileSync(path.join(dir, 'broken'), '')
const mendThem = () => rmSync(path.join(dir, 'broken'))

async function start(warn: (message: string) => void) {
  const { functions: port } = await choosePorts(dir)
  const workers = await startWorkers({
    count: 1,
    port,
    env: process.env,
    logFile: path.join(dir, 'log'),
    own: () => false,
    isShared: () => false,
    program: aProgram(),
    warn,
  })
  return { ...workers, call: (name: string) => fetch(`http://127.0.0.1:${port}/${name}`) }
}

test('workers that keep dying are told of once and replaced all the same; what waited is answered', async () => {
  const told = Promise.withResolvers<string>()
  let warnings = 0
  const { call, stop } = await start((message) => {
    warnings++
    told.resolve(message)
  })
  expect(await (await call('hello')).text()).toBe('alive')
  breakThem()
  expect((await call('die')).status).toBe(500)
  const waiting = call('hello')
  expect(await told.promise).toMatch(/keep dying/)
  mendThem()
  expect(await (await waiting).text()).toBe('alive')
  expect(warnings).toBe(1)
  await stop()
})

test('that never start are an error at once, not a wait', async () => {
  breakThem()
  await expect(start(() => undefined)).rejects.toThrow(/keep dying/)
})
