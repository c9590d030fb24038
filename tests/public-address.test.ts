/** Addresses that somebody else names: what is asked, what is refused, and how much is taken. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { fetchPublic, isPublicAddress, openPublic } from '../shared/public-address.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** A server on this machine; its address. */
async function served(answer: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(answer).listen(0, host)
  closing.push(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

const limits = { maxBytes: 1000, timeoutMs: 5000 }
const here = { ...limits, allowPrivate: true }

describe('addresses', () => {
  test.each([
    ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ...['224.0.0.1', '255.255.255.255', '192.0.0.192', '198.19.0.1', '168.63.129.16'],
    ...['::1', '::', 'fe80::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', '2001:db8::1', '3fff::1'],
  ])('%s is private', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
  test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2001:4860:4860::8888'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
})

describe('what is refused', () => {
  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'http://2130706433/', // 127.0.0.1 as one number
    'http://0x7f.1/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/computeMetadata/v1/',
  ])('%s, which leads into a private network', async (url) => {
    await expect(fetchPublic(url, limits)).rejects.toMatchObject({
      code: 'address_refused',
      message: expect.stringContaining('private network'),
    })
  })

  test.each(['file:///etc/passwd', 'ftp://example.com/', 'gopher://example.com', '//example.com', ''])(
    '"%s", which is no address of the web',
    async (url) => {
      await expect(fetchPublic(url, limits)).rejects.toMatchObject({ code: 'address_refused' })
    },
  )

  test('a redirect into a private network, though the first address may be asked', async () => {
    const inner = await served((_, response) => response.end('secret'), '127.0.0.2')
    const outer = await served((_, response) => response.writeHead(302, { location: inner }).end())
    const allowed = { ...limits, allowPrivate: ['127.0.0.1'] }
    await expect(fetchPublic(outer, allowed)).rejects.toMatchObject({
      code: 'address_refused',
      message: expect.stringContaining('private network'),
    })
  })

  test('redirects in a circle', async () => {
    let asked = 0
    const url = await served((_, response) => {
      asked++
      response.writeHead(301, { location: '/again' }).end()
    })
    await expect(fetchPublic(url, here)).rejects.toThrow('redirects more than 5 times')
    expect(asked).toBe(6)
  })

  test('an answer that is too large, announced or not, and never read to its end', async () => {
    const announced = await served((_, response) => response.end('x'.repeat(1001)))
    const endless = await served((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(500), more)
      }
      more()
    })
    for (const url of [announced, endless])
      await expect(fetchPublic(url, here)).rejects.toMatchObject({ code: 'answer_too_large' })
  })

  test('what does not answer in time, at its start or in the middle', async () => {
    const silent = await served(() => undefined)
    const stalled = await served((_, response) => response.write('x'))
    for (const url of [silent, stalled])
      await expect(fetchPublic(url, { ...here, timeoutMs: 100 })).rejects.toMatchObject({
        code: 'address_unreachable',
        message: expect.stringContaining('took too long'),
      })
  })

  test('no message repeats a password or a query', async () => {
    const url = 'http://user:secret@127.0.0.1/feed?token=secret'
    const error = await fetchPublic(url, limits).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('http://127.0.0.1/feed')
    expect(String(error)).not.toContain('secret')
  })
})

describe('what is asked', () => {
  test('an answer, its status, its headers and where it came from', async () => {
    const url = await served(({ url: path }, response) =>
      path === '/new'
        ? response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here')
        : response.writeHead(307, { location: '/new' }).end(),
    )
    const answer = await fetchPublic(`${url}/old`, here)
    expect(answer).toMatchObject({
      url: `${url}/new`,
      status: 404,
      headers: { 'content-type': 'text/plain' },
    })
    expect(answer.body.toString()).toBe('nothing here')
  })

  test('a POST carries its body and headers, and is not sent on by a redirect', async () => {
    const got: string[] = []
    const url = await served((request, response) => {
      const signature = String(request.headers['x-signature'])
      request.on('data', (part) => got.push(`${request.method} ${signature} ${String(part)}`))
      request.on('end', () => response.writeHead(302, { location: '/elsewhere' }).end())
    })
    const answer = await fetchPublic(url, {
      ...here,
      method: 'POST',
      headers: { 'x-signature': 'mine' },
      body: 'hällo',
    })
    expect(answer.status).toBe(302)
    expect(got).toEqual(['POST mine hällo'])
  })

  test('headers do not follow to another origin', async () => {
    const seen: unknown[] = []
    const other = await served((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    })
    const url = await served((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: other }).end()
    })
    await fetchPublic(url, { ...here, headers: { authorization: 'Bearer x' } })
    expect(seen).toEqual(['Bearer x', undefined])
  })

  test('a large answer comes piece by piece', async () => {
    const url = await served((_, response) => response.end(Buffer.alloc(300_000, 1)))
    const { body } = await openPublic(url, { ...here, maxBytes: 300_000 })
    let bytes = 0
    for await (const part of body) bytes += part.length
    expect(bytes).toBe(300_000)
  })
})
