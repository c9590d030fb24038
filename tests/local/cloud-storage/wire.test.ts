// What the wire shows and the client does not: uploads that break their word, objects stored as gzip, and
// features that are refused because they are not there.
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { aStorage } from '../../support/cloud-storage.ts'

const UNIT = 256 * 1024

describe('A resumable upload', () => {
  const declared: readonly [string, Record<string, string>, number][] = [
    ['as many bytes as declared', { 'content-range': 'bytes 0-9/10' }, 200],
    ['as many, in one go', {}, 200],
    ['fewer', { 'content-range': 'bytes 0-7/8' }, 400],
    ['more', { 'content-range': 'bytes 0-11/12' }, 400],
    ['more, in one go', {}, 400],
  ]
  test.each(declared)('is held to X-Upload-Content-Length: %s', async (what, headers, status) => {
    const { endpoint, work } = await aStorage()
    const started = await fetch(`${endpoint}/upload/storage/v1/b/work/o?uploadType=resumable&name=a`, {
      method: 'POST',
      headers: { 'x-upload-content-length': '10' },
    })
    const [, last = what.startsWith('more') ? '11' : '9'] =
      /-(\d+)/.exec(headers['content-range'] ?? '') ?? []
    const session = started.headers.get('location')!
    const answer = await fetch(session, { method: 'PUT', body: 'x'.repeat(Number(last) + 1), headers })
    expect(answer.status).toBe(status)
    expect(await work.file('a').exists()).toEqual([status === 200])
  })

  const pieces: readonly [string, number, string, number][] = [
    ['1000 bytes, the end unknown', 1000, 'bytes 0-999/*', 0],
    ['a unit and 1000 bytes, the end unknown', UNIT + 1000, `bytes 0-${UNIT + 999}/*`, UNIT],
    ['a unit and 1000 bytes of two units', UNIT + 1000, `bytes 0-${UNIT + 999}/${2 * UNIT}`, UNIT],
    ['two units of three', 2 * UNIT, `bytes 0-${2 * UNIT - 1}/${3 * UNIT}`, 2 * UNIT],
  ]
  test.each(pieces)('takes whole units of 256 KiB of a piece: %s', async (_what, bytes, range, taken) => {
    const { work } = await aStorage()
    const [uri] = await work.file('a').createResumableUpload()
    const content = randomBytes(3 * UNIT)
    const answer = await fetch(uri, {
      method: 'PUT',
      body: content.subarray(0, bytes),
      headers: { 'content-range': range },
    })
    expect([answer.status, answer.headers.get('range')]).toEqual([
      308,
      taken === 0 ? null : `bytes=0-${taken - 1}`,
    ])
    const end = /\/(\d+)$/.exec(range)?.[1] ?? String(3 * UNIT)
    const last = await fetch(uri, {
      method: 'PUT',
      body: content.subarray(taken, Number(end)),
      headers: { 'content-range': `bytes ${taken}-${Number(end) - 1}/${end}` },
    })
    expect(last.status).toBe(200)
    const [stored] = await work.file('a').download()
    expect(stored.equals(content.subarray(0, Number(end)))).toBe(true)
  })
})

/** Nothing is unpacked, nor asked for, that the test does not ask for. */
async function plainly(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const call = httpRequest(url, { method, headers }).end()
  const [answer] = (await once(call, 'response')) as [import('node:http').IncomingMessage]
  const body = Buffer.concat((await answer.toArray()) as Buffer[])
  return { status: answer.statusCode!, headers: answer.headers, body }
}

describe('An object stored as gzip', () => {
  const text = 'what was said '.repeat(1000)
  const packed = gzipSync(text)
  const unpacked = Buffer.from(text)
  const readers: readonly [string, Record<string, string>, string | undefined, Buffer, number][] = [
    ['says nothing', {}, undefined, unpacked, 200],
    ['takes no gzip', { 'accept-encoding': 'gzip;q=0, br' }, undefined, unpacked, 200],
    ['takes gzip', { 'accept-encoding': 'gzip' }, 'gzip', packed, 200],
    ['takes anything', { 'accept-encoding': 'br, *' }, 'gzip', packed, 200],
    ['wants a part', { range: 'bytes=0-9' }, undefined, unpacked, 200],
    [
      'takes gzip and wants a part',
      { 'accept-encoding': 'deflate, gzip', range: 'bytes=0-9' },
      'gzip',
      packed.subarray(0, 10),
      206,
    ],
  ]
  test.each(readers)('is read by a client that %s', async (_what, headers, encoding, body, status) => {
    const { endpoint, storage } = await aStorage()
    await storage
      .bucket('public')
      .file('a.vtt')
      .save(packed, { resumable: false, metadata: { contentEncoding: 'gzip' } })
    const url = `${endpoint}/storage/v1/b/public/o/a.vtt?alt=media`
    for (const address of [url, `${endpoint}/public/a.vtt`]) {
      const answer = await plainly(address, headers)
      expect([answer.status, answer.headers['content-encoding']]).toEqual([status, encoding])
      expect(answer.body.equals(body)).toBe(true)
      expect(answer.headers['content-length']).toBe(encoding === undefined ? undefined : String(body.length))
    }
    const head = await plainly(url, headers, 'HEAD')
    expect(head.headers['content-encoding']).toBe(encoding)
  })

  test('stays as it is when it must not be transformed', async () => {
    const { endpoint, work } = await aStorage()
    const metadata = { contentEncoding: 'gzip', cacheControl: 'no-transform' }
    await work.file('a').save(packed, { resumable: false, metadata })
    const { body } = await plainly(`${endpoint}/storage/v1/b/work/o/a?alt=media`, {})
    expect(body.equals(packed)).toBe(true)
  })

  test('is said to be one by contentEncoding', async () => {
    const { endpoint, work } = await aStorage()
    const url = `${endpoint}/upload/storage/v1/b/work/o?uploadType=media&name=a&contentEncoding=gzip`
    await fetch(url, { method: 'POST', body: packed })
    expect((await work.file('a').getMetadata())[0].contentEncoding).toBe('gzip')
    expect((await work.file('a').download())[0].toString()).toBe(text)
  })
})

describe('What is not there', () => {
  const json = { 'content-type': 'application/json' }
  const asked: readonly [string, string, string, RequestInit, number][] = [
    ['a glob', 'GET', '/storage/v1/b/work/o?matchGlob=*', {}, 501],
    ['versions', 'GET', '/storage/v1/b/work/o?versions=true', {}, 501],
    ['no versions', 'GET', '/storage/v1/b/work/o?versions=false', {}, 200],
    ['fields', 'GET', '/storage/v1/b/work/o?fields=items(name)', {}, 501],
    ['a projection', 'GET', '/storage/v1/b/work/o?projection=noAcl', {}, 200],
    [
      'sources that go',
      'POST',
      '/storage/v1/b/work/o/b/compose',
      { headers: json, body: '{"sourceObjects":[{"name":"a"}],"deleteSourceObjects":true}' },
      501,
    ],
    [
      'a bucket that keeps versions',
      'POST',
      '/storage/v1/b',
      { headers: json, body: '{"name":"kept","versioning":{"enabled":true}}' },
      501,
    ],
    [
      'a bucket that keeps none',
      'POST',
      '/storage/v1/b',
      { headers: json, body: '{"name":"kept","versioning":{"enabled":false}}' },
      200,
    ],
    [
      'a key of the client’s',
      'GET',
      '/storage/v1/b/work/o/a?alt=media',
      { headers: { 'x-goog-encryption-algorithm': 'AES256', 'x-goog-encryption-key': 'a' } },
      501,
    ],
  ]
  test.each(asked)('is refused, not passed over: %s', async (_what, method, path, init, status) => {
    const { endpoint, work } = await aStorage()
    await work.file('a').save('bytes', { resumable: false })
    expect((await fetch(`${endpoint}${path}`, { method, ...init })).status).toBe(status)
    expect(await work.file('a').exists()).toEqual([true])
  })
})

describe('A URL signed for a deletion', () => {
  test('deletes what it names, once, and nothing else', async () => {
    const { work } = await aStorage()
    await work.file('a').save('bytes')
    await work.file('b').save('bytes')
    const expires = Date.now() + 3_600_000
    const [url] = await work.file('a').getSignedUrl({ version: 'v4', action: 'delete', expires })
    const [reading] = await work.file('b').getSignedUrl({ version: 'v4', action: 'read', expires })
    expect((await fetch(reading, { method: 'DELETE' })).status).toBe(403)
    expect((await fetch(url.replace('/work/a', '/work/b'), { method: 'DELETE' })).status).toBe(403)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404)
    expect((await work.getFiles())[0].map(({ name }) => name)).toEqual(['b'])
  })
})
