// Who may ask what of the servers of one's own machine: a row each, with a request that must fail beside one that must not.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CloudTasksClient } from '@google-cloud/tasks'
import { ChannelCredentials } from '@grpc/grpc-js'
import { once } from 'node:events'
import { startLocalCloud, type LocalCloud } from '../../../local/host/cloud.ts'
import { mostBodyBytes } from '../../../local/doors/doors.ts'

let dir: string
let cloud: LocalCloud
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-doors-'))
  cloud = await startLocalCloud(path.join(dir, 'state'), { workers: 1 })
})
afterAll(async () => {
  await cloud.stop()
  rmSync(dir, { recursive: true, force: true })
})

interface Asked {
  readonly server: 'functions' | 'storage'
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** Another user of this machine, who knows no secret of its owner's. */
  readonly isStranger?: true
}

/** As any program can ask: `fetch` would not let Host and Origin be chosen. */
const ask = ({
  server,
  method = 'GET',
  path: address,
  headers = {},
  body,
  isStranger,
}: Asked): Promise<number> =>
  new Promise((resolve, reject) => {
    const port = cloud.ports[server]
    const isOwners = server === 'storage' && !isStranger && !address.startsWith('/public/')
    const place = isOwners ? new URL(cloud.env['STORAGE_ENDPOINT']!).pathname + address : address
    const given = { host: '127.0.0.1', port, method, path: place, headers, agent: false }
    const call = request(given, (answer) => {
      answer.resume()
      resolve(answer.statusCode!)
    })
    call.once('error', reject)
    call.end(body)
  })

const elsewhere = 'https://evil.example'
const rebound = { host: 'evil.example' }
const upload = {
  server: 'storage',
  method: 'POST',
  path: '/upload/storage/v1/b/uploads/o?uploadType=media&name=u/local/p/e/x.txt',
  body: 'x',
} as const
const list = { server: 'storage', path: '/storage/v1/b/episodes/o' } as const

const begun = { ...upload, path: upload.path.replace('media', 'resumable') } as const

const rules: readonly [string, Asked, number, Asked, number][] = [
  [
    'a name that leads here by somebody else’s doing opens no function',
    { server: 'functions', path: '/jwks.json', headers: rebound },
    421,
    { server: 'functions', path: '/jwks.json' },
    200,
  ],
  ['nor the buckets', { ...list, headers: rebound }, 403, list, 200],
  [
    'a page elsewhere puts nothing into a bucket',
    { ...upload, headers: { origin: elsewhere } },
    403,
    upload,
    200,
  ],
  [
    'also with the parameter of an upload that was begun',
    { ...upload, path: `${upload.path}&upload_id=1`, headers: { origin: elsewhere } },
    403,
    upload,
    200,
  ],
  [
    'nor begins an upload; a program may begin one for it',
    { ...begun, headers: { 'content-type': 'text/plain', origin: elsewhere }, body: '{}' },
    403,
    { ...begun, headers: { 'content-type': 'application/json', origin: elsewhere }, body: '{}' },
    200,
  ],
  [
    'also without saying what it sends',
    { ...begun, headers: { origin: elsewhere } },
    403,
    { ...begun, method: 'OPTIONS', headers: { origin: elsewhere } },
    403,
  ],
  ['nor reads what is in one', { ...list, headers: { origin: elsewhere } }, 403, list, 200],
  ['a page without an origin of its own neither', { ...list, headers: { origin: 'null' } }, 403, list, 200],
  [
    'copies nothing to where everybody reads',
    {
      server: 'storage',
      method: 'POST',
      path: '/storage/v1/b/episodes/o/a/copyTo/b/public/o/a',
      headers: { origin: elsewhere },
    },
    403,
    list,
    200,
  ],
  [
    'and asks no function for anything',
    { server: 'functions', method: 'POST', path: '/api/podcasts', headers: { origin: elsewhere } },
    403,
    { server: 'functions', path: '/api/openapi.json' },
    200,
  ],
  ['another user of the machine reads no bucket', { ...list, isStranger: true }, 401, list, 200],
  ['nor puts anything into one', { ...upload, isStranger: true }, 401, upload, 200],
  [
    'nor begins an upload, or goes on with one that nobody began',
    { ...begun, isStranger: true },
    401,
    {
      ...{ server: 'storage', method: 'PUT', isStranger: true },
      path: '/upload/storage/v1/b/uploads/o?uploadType=resumable&upload_id=1',
    },
    404,
  ],
  [
    'a kind of upload that every object of the language has is none',
    { ...upload, path: upload.path.replace('media', 'constructor') },
    400,
    upload,
    200,
  ],
  [
    'a body over the limit is not kept',
    {
      server: 'functions',
      method: 'POST',
      path: '/clean',
      headers: { 'content-length': String(mostBodyBytes + 1) },
    },
    413,
    { server: 'functions', method: 'POST', path: '/clean', body: '{}' },
    401,
  ],
]
test.each(rules)('%s', async (_rule, refused, status, taken, other) => {
  expect([await ask(refused), await ask(taken)]).toEqual([status, other])
})

test('what is public is for every page, under the headers it has', async () => {
  const object = '/upload/storage/v1/b/public/o?uploadType=media&name=hello.txt'
  expect(await ask({ server: 'storage', method: 'POST', path: object, body: 'hello' })).toBe(200)
  expect(await ask({ server: 'storage', path: '/public/hello.txt', headers: { origin: elsewhere } })).toBe(
    200,
  )
})

test('who sends half of a request holds up no worker', async () => {
  const host = `127.0.0.1:${cloud.ports.functions}`
  const half = `POST /clean HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\n{`
  const halves = [1, 2, 3].map(() => {
    const socket = connect(cloud.ports.functions, '127.0.0.1')
    socket.write(half)
    return socket
  })
  await Promise.all(halves.map((socket) => once(socket, 'connect')))
  expect(await ask({ server: 'functions', method: 'POST', path: '/clean', body: '{}' })).toBe(401)
  for (const socket of halves) socket.destroy()
})

describe('A task', () => {
  test('calls the functions and nothing else', async () => {
    const client = new CloudTasksClient({
      apiEndpoint: '127.0.0.1',
      port: cloud.ports.tasks,
      sslCreds: ChannelCredentials.createInsecure(),
    })
    const parent = 'projects/spool-local/locations/local/queues/light'
    const create = (url: string) => client.createTask({ parent, task: { httpRequest: { url } } })
    await expect(create('http://127.0.0.1:1/steal')).rejects.toThrow(/call http:.* and nothing else/)
    await expect(create(`http://127.0.0.1:${cloud.ports.functions}@evil.example/`)).rejects.toThrow(
      /nothing else/,
    )
    await client.close()
  })
})

test('the folder of all that is here is its owner’s', () => {
  expect(statSync(path.join(dir, 'state')).mode & 0o777).toBe(0o700)
})
