// The functions' host: it has as many workers as its calls ask for; those that die are replaced, however often, and
// somebody is told when they keep dying.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
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

/**
 * A worker that dies at its start while the file `broken` is there, and of a request for /die. One for /hold it answers when
 * the file `go` is there, and says of itself who it is.
 */
function aProgram(): string {
  const program = path.join(dir, 'worker.mjs')
  writeFileSync(
    program,
    `import { existsSync } from 'node:fs'
     import { createServer } from 'node:http'
     if (existsSync(${JSON.stringify(path.join(dir, 'broken'))})) process.exit(1)
     const server = createServer((request, response) => {
       if (request.url === '/die') process.exit(1)
       if (request.url === '/who') return void response.end(String(process.pid))
       if (request.url === '/hold') return void new Promise((go) => {
         const looks = setInterval(() => existsSync(${JSON.stringify(path.join(dir, 'go'))}) && go(clearInterval(looks)), 10)
       }).then(() => response.end('went on'))
       response.end('alive')
     })
     server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
     process.on('disconnect', () => process.exit(0))`,
  )
  return program
}

const breakThem = () => writeFileSync(path.join(dir, 'broken'), '')
const mendThem = () => rmSync(path.join(dir, 'broken'))

/** Functions under functions-framework without Node's domain: one answers, one throws outside of any promise. */
function aFramework(): string {
  const program = path.join(dir, 'framework.mjs')
  const engine = new URL('../../../shared/engine/without-domain.ts', import.meta.url).href
  const testing = createRequire(import.meta.url).resolve('@google-cloud/functions-framework/testing')
  writeFileSync(
    program,
    `import ${JSON.stringify(engine)}
     const { default: framework } = await import(${JSON.stringify(testing.replace('testing.js', 'index.js'))})
     const { getTestServer } = await import(${JSON.stringify(testing)})
     framework.http('hello', (_, response) => {
       response.end(process.moduleLoadList.includes('NativeModule domain') ? 'a domain' : 'none')
     })
     framework.http('throw', () => setTimeout(() => { throw new Error('outside') }))
     const server = getTestServer('hello')
     const other = getTestServer('throw')
     const { createServer } = await import('node:http')
     const front = createServer((request, response) =>
       (request.url === '/throw' ? other : server).emit('request', request, response))
     front.listen(0, '127.0.0.1', () => process.send({ port: front.address().port }))
     process.on('disconnect', () => process.exit(0))`,
  )
  return program
}

test('an error thrown outside of any promise is answered 500, without a domain, and the next call is served', async () => {
  const { call, stop } = await start(() => undefined, aFramework())
  expect(await (await call('hello')).text()).toBe('none')
  expect((await call('throw')).status).toBe(500)
  expect(await (await call('hello')).text()).toBe('none')
  await stop()
})

async function start(warn: (message: string) => void, program = aProgram(), count = 1) {
  const { functions: port } = await choosePorts(dir)
  const workers = await startWorkers({
    count,
    port,
    env: process.env,
    logFile: path.join(dir, 'log'),
    own: () => false,
    isShared: () => false,
    program,
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

test('calls one after another have one worker; who waits while it is at work gets another', async () => {
  const { call, stop } = await start(() => undefined, aProgram(), 2)
  const who = async () => await (await call('who')).text()
  const first = await who()
  expect([await who(), await who()]).toEqual([first, first])
  const held = call('hold')
  expect(await who()).not.toBe(first)
  writeFileSync(path.join(dir, 'go'), '')
  expect(await (await held).text()).toBe('went on')
  await stop()
})
