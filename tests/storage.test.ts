// Writing to the store when it loses answers: what was stored is not taken for somebody else's, and a source
// that can be read once is read once.
import { createServer, request as callStore, type Server } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { classify, Missing } from '../shared/errors.ts'
import { log } from '../shared/log.ts'
import { connect } from '../shared/storage-client.ts'
import { openStorage, type ObjectStore } from '../shared/storage.ts'
import { aStorage } from './support/cloud-storage.ts'
import { logged } from './support/logged.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Which answers get lost: those of requests that the store has carried out. */
type Losing = (method: string, url: string, range: string | undefined) => boolean

/** The store behind a line that loses the answers it is told to, each once. */
async function behind(
  losing: Losing,
): Promise<{ store: ObjectStore; lost: () => number; read: (name: string) => Promise<Buffer> }> {
  const { endpoint, work } = await aStorage()
  const { hostname, port } = new URL(endpoint)
  const seen = new Set<string>()
  let origin = ''
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const own = { ...headers, host: `${hostname}:${port}` }
    const call = callStore({ hostname, port, method, path: url, headers: own }, (answer) => {
      const name = `${method} ${url.replace(/upload_id=.*/, '')} ${headers['content-range']}`
      if (losing(method, url, headers['content-range']) && !seen.has(name)) {
        seen.add(name)
        answer.resume().once('end', () => request.socket.destroy())
        return
      }
      const { location } = answer.headers
      response.writeHead(answer.statusCode!, {
        ...answer.headers,
        ...(location === undefined ? {} : { location: location.replace(endpoint, origin) }),
      })
      answer.pipe(response)
    })
    call.on('error', () => response.destroy())
    request.pipe(call)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    store: openStorage({ projectId: 'spool-local', endpoint: origin }),
    lost: () => seen.size,
    read: async (name) => (await work.file(name).download())[0],
  }
}

const target = { bucket: 'work', name: 'w/anna/key/sound.pcm' }
const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(100_000, i))

function counted() {
  let yielded = 0
  async function* source(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      yielded++
      yield await Promise.resolve(piece)
    }
  }
  return { source: source(), yielded: () => yielded }
}

describe('An object made from a stream', () => {
  const losses: readonly [string, Losing, number][] = [
    ['nothing is lost', () => false, 0],
    [
      'the answer to the last piece is lost',
      (method, _url, range) => method === 'PUT' && range !== 'bytes */*',
      1,
    ],
    ['the answer to the start is lost', (method, url) => method === 'POST' && url.includes('resumable'), 1],
  ]
  test.each(losses)('is there whole, and its source was read once, when %s', async (_what, losing, lost) => {
    const { store, read, ...line } = await behind(losing)
    const { source, yielded } = counted()
    await store.create(target, source, 'application/octet-stream')
    expect((await read(target.name)).equals(Buffer.concat(pieces))).toBe(true)
    expect([yielded(), line.lost()]).toEqual([pieces.length, lost])
  })

  test('that is there already is left as it is, and its source is read to its end', async () => {
    const { store, read } = await behind(() => false)
    await store.create(target, 'the first', 'text/plain')
    const { source, yielded } = counted()
    await store.create(target, source, 'application/octet-stream')
    expect([(await read(target.name)).toString(), yielded()]).toEqual(['the first', pieces.length])
  })
})

test('A source that fails is said so, though the object is there', async () => {
  const { store } = await behind(() => false)
  await store.create(target, 'the first', 'text/plain')
  async function* failing(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from('half'))
    throw new Error('the decoder ended')
  }
  await expect(store.create(target, failing(), 'text/plain')).rejects.toThrow('the decoder ended')
})

describe('An object made from bytes', () => {
  const losing: Losing = (method, url) => method === 'POST' && url.includes('multipart')
  test('is there when the answer was lost', async () => {
    const { store, read, lost } = await behind(losing)
    await store.create(target, 'bytes', 'text/plain')
    expect([(await read(target.name)).toString(), lost()]).toEqual(['bytes', 1])
  })

  // The client repeats a conditional write; the store has carried the first out, and the second one's
  // condition no longer holds.
  test('is swapped in when the answer was lost, or said not to be', async () => {
    const { store, read } = await behind(losing)
    const swapped = await store.swap(target, '0', 'bytes', 'text/plain')
    expect([(await read(target.name)).toString(), swapped]).toEqual(['bytes', false])
  })
})

describe('Looking through objects in buffers that are used again', () => {
  const sound = Buffer.alloc(9_500_000, 'what was said, and said again; ')
  const stored = async () => {
    const { store } = await behind(() => false)
    await store.create(target, sound, 'application/octet-stream')
    return async (stopAfter = Infinity) => {
      const windows: Buffer[] = []
      for await (const window of store.scan(target, { start: 3, end: sound.length })) {
        windows.push(Buffer.from(window))
        if (windows.length === stopAfter) break
      }
      return Buffer.concat(windows)
    }
  }

  test('shows every byte, to several readers at once', async () => {
    const scan = await stored()
    for (const seen of await Promise.all([scan(), scan(), scan()]))
      expect(seen.equals(sound.subarray(3))).toBe(true)
  })

  test('is not disturbed by a reader that left early', async () => {
    const scan = await stored()
    await scan(1)
    const again = await Promise.all([scan(), scan()])
    for (const seen of again) expect(seen.equals(sound.subarray(3))).toBe(true)
  })
})

describe('A range of an object', () => {
  const bytes = Buffer.from('what was said, and what was not')
  const asked = (method: string, url: string) => method === 'GET' && url.includes('alt=media')
  const stored = async (losing: Losing) => {
    const line = await behind(losing)
    await line.store.create(target, bytes, 'text/plain')
    return line
  }
  const read = async ({ store }: { store: ObjectStore }, start: number, end: number) =>
    (await store.read(target, { start, end })).toString()

  test('is read all the same when its answer was lost', async () => {
    const line = await stored(asked)
    expect([await read(line, 5, 13), line.lost()]).toEqual(['was said', 1])
  })

  test('that goes on behind the end has the bytes up to there', async () => {
    expect(await read(await stored(() => false), 24, 1000)).toBe('was not')
  })

  test('lies at the front of the buffer it is read into', async () => {
    const { store } = await stored(() => false)
    const into = Buffer.alloc(16, '.')
    await store.read(target, { start: 5, end: 13 }, into)
    expect(into.toString()).toBe('was said........')
  })

  test('of an object that is not there, or no longer as it was seen, is missing', async () => {
    const { store } = await stored(() => false)
    const range = { start: 0, end: 4 }
    await expect(store.read({ ...target, name: 'another' }, range)).rejects.toThrow(Missing)
    await expect(store.read({ ...target, generation: '7' }, range)).rejects.toThrow(Missing)
  })
})

test('the secret in an endpoint’s path is in no error of ours and in no line of the log, whatever the client quotes', async () => {
  const secret = 'a-secret-that-nobody-may-read'
  const client = await connect({ endpoint: `http://127.0.0.1:9/${secret}`, projectId: 'p' })
  client.retryOptions.autoRetry = false
  const error: unknown = await client
    .bucket('b')
    .getMetadata()
    .catch((found: unknown) => found)
  expect((error as Error).message).toContain(secret)
  expect(classify(error).message).toMatch(/^A passing fault: request to http:\/\/127\.0\.0\.1:9\/…\/storage/)
  const lines = await logged(() => {
    log.error({ error: (error as Error).stack }, 'refused')
    return Promise.resolve()
  })
  expect(lines).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain(secret)
})
