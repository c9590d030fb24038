// The contract of the local Cloud Storage, asked through the real client, and over plain HTTP where the
// client has no words for it.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import type { File } from '@google-cloud/storage'
import { describe, expect, test } from '@jest/globals'
import { aFolder, aStorage, BUCKETS, cleanups } from '../../support/cloud-storage.ts'

const KIB = 1024
interface Arrival {
  headers: IncomingHttpHeaders
  body: { name: string; generation: unknown; size: unknown; bucket: string }
}

/** Answers 500 to the first `failures` events; `arrival(n)` resolves with the n-th one, counted from 0. */
async function aReceiver(failures = 0) {
  const arrivals: Arrival[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(
        Buffer.concat(await Readable.from(request).toArray()).toString(),
      ) as Arrival['body']
      arrivals.push({ headers: request.headers, body })
      response.writeHead(arrivals.length > failures ? 204 : 500).end(() => server.emit('arrival'))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const arrival = async (index: number): Promise<Arrival> => {
    while (arrivals.length <= index) await once(server, 'arrival')
    return arrivals[index]!
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/on-upload`, arrival, arrivals }
}

const someBytes = (sizeBytes: number) => randomBytes(sizeBytes)
const contentOf = async (file: File) => (await file.download())[0]
const metadataOf = async (file: File) => (await file.getMetadata())[0]
// Buffers are compared by digest: Jest takes a second per megabyte to compare their elements.
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('base64')
const generationOf = async (file: File) => String((await metadataOf(file)).generation)
const blobCount = (dir: string) => readdirSync(join(dir, 'blobs')).length
const inPieces = (bytes: Buffer, size: number) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  )

describe('uploads', () => {
  test('an object saved in one request comes back with its bytes, checksums, type and metadata', async () => {
    const { work } = await aStorage()
    const bytes = someBytes(300 * KIB)
    const file = work.file('w/7/ünïcode & (1)/words.json')
    await file.save(bytes, {
      resumable: false,
      validation: 'md5',
      metadata: { contentType: 'application/json', metadata: { inputKey: 'abc' } },
    })
    expect(md5(await contentOf(file))).toBe(md5(bytes))
    const metadata = await metadataOf(file)
    expect(metadata).toMatchObject({
      name: file.name,
      size: String(bytes.length),
      md5Hash: md5(bytes),
      contentType: 'application/json',
      metageneration: '1',
    })
    expect(metadata.metadata).toEqual({ inputKey: 'abc' })
    expect(metadata.generation).toMatch(/^\d{16}$/)
  })

  test.each([0, 1, 256 * KIB, 1200 * KIB + 17])(
    'a resumable upload of %d bytes in many pieces arrives whole',
    async (sizeBytes) => {
      const { work } = await aStorage()
      const bytes = someBytes(sizeBytes)
      const file = work.file('recording.wav')
      await pipeline(
        inPieces(bytes, 50_000),
        file.createWriteStream({ resumable: true, chunkSize: 256 * KIB }),
      )
      expect(md5(await contentOf(file))).toBe(md5(bytes))
      expect((await metadataOf(file)).md5Hash).toBe(md5(bytes))
    },
  )

  test('a resumable upload in one open-ended request arrives whole', async () => {
    const { work } = await aStorage()
    const bytes = someBytes(700 * KIB)
    await pipeline(inPieces(bytes, 90_000), work.file('a').createWriteStream({ resumable: true }))
    expect(md5(await contentOf(work.file('a')))).toBe(md5(bytes))
  })

  test('an upload cut off in a piece and by a restart goes on where it stopped', async () => {
    const first = await aStorage()
    const bytes = someBytes(900 * KIB)
    const [session] = await first.work
      .file('long.wav')
      .createResumableUpload({ metadata: { contentType: 'audio/wav' } })
    const accepted = await fetch(session, {
      method: 'PUT',
      body: bytes.subarray(0, 256 * KIB),
      headers: { 'content-range': `bytes 0-${256 * KIB - 1}/*` },
    })
    expect([accepted.status, accepted.headers.get('range')]).toEqual([308, `bytes=0-${256 * KIB - 1}`])
    await cutOff(session, bytes.subarray(256 * KIB, 500 * KIB), 256 * KIB)
    await first.close()

    const { work, endpoint } = await aStorage({ dir: first.dir })
    const uri = session.replace(first.endpoint, endpoint)
    const status = await fetch(uri, { method: 'PUT', headers: { 'content-range': 'bytes */*' } })
    expect(status.status).toBe(308)
    const file = work.file('long.wav')
    await pipeline(inPieces(bytes, 100_000), file.createWriteStream({ uri, chunkSize: 256 * KIB }))
    expect(md5(await contentOf(file))).toBe(md5(bytes))
    expect(await metadataOf(file)).toMatchObject({ md5Hash: md5(bytes), contentType: 'audio/wav' })
    const again = await fetch(uri, { method: 'PUT', headers: { 'content-range': 'bytes */*' } })
    expect(await again.json()).toMatchObject({ name: 'long.wav', size: String(bytes.length) })
  })

  test('bytes that differ from their announced checksum are refused and leave nothing', async () => {
    const { dir, endpoint, work } = await aStorage()
    const wrong = md5(Buffer.from('other'))
    await expect(
      work.file('a').save('some', { resumable: false, metadata: { md5Hash: wrong } }),
    ).rejects.toMatchObject({ code: 400 })
    const url = `${endpoint}/upload/storage/v1/b/work/o?uploadType=media&name=a`
    const refused = await fetch(url, {
      method: 'POST',
      body: 'some',
      headers: { 'x-goog-hash': 'crc32c=AAAAAA==' },
    })
    expect(await refused.json()).toMatchObject({
      error: { code: 400, errors: [{ reason: 'invalid', domain: 'global' }] },
    })
    const [uri] = await work.file('a').createResumableUpload()
    const headers = { 'content-range': 'bytes 0-3/4', 'x-goog-hash': `md5=${wrong}` }
    expect((await fetch(uri, { method: 'PUT', body: 'some', headers })).status).toBe(400)
    expect(await work.file('a').exists()).toEqual([false])
    expect(blobCount(dir)).toBe(0)
  })

  test('a disk that refuses the bytes is said so, and nothing half-written stays', async () => {
    const { dir, endpoint, work } = await aStorage()
    rmSync(join(dir, 'blobs'), { recursive: true })
    const answer = await fetch(`${endpoint}/upload/storage/v1/b/work/o?uploadType=media&name=a`, {
      method: 'POST',
      body: 'some',
    })
    expect(answer.status).toBe(500)
    expect(await answer.json()).toMatchObject({ error: { errors: [{ reason: 'backendError' }] } })
    expect(await work.file('a').exists()).toEqual([false])
  })

  test('of many writers that each must be the first, exactly one wins', async () => {
    const { work } = await aStorage()
    const writers = Array.from({ length: 8 }, (_, i) =>
      work
        .file('once')
        .save(`writer ${i}`, { resumable: i % 2 === 0, preconditionOpts: { ifGenerationMatch: 0 } }),
    )
    const outcomes = await Promise.allSettled(writers)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await contentOf(work.file('once'))).toString()).toMatch(/^writer \d$/)
  })
})

async function cutOff(uri: string, bytes: Buffer, firstByte: number): Promise<void> {
  const cut = httpRequest(uri, { method: 'PUT', headers: { 'content-range': `bytes ${firstByte}-*/*` } })
  cut.on('error', () => undefined)
  await new Promise((resolve) => cut.write(bytes, resolve))
  cut.destroy()
  await new Promise((resolve) => cut.once('close', resolve))
}

describe('reading', () => {
  test('side by side, slow and quick, each gets its own bytes; one that goes away keeps nothing open', async () => {
    const { work, endpoint, close, dir } = await aStorage()
    const contents = [someBytes(9000 * KIB), someBytes(7000 * KIB).reverse()]
    await Promise.all(contents.map((bytes, i) => work.file(`pcm-${i}`).save(bytes, { resumable: false })))
    const address = `${endpoint}/storage/v1/b/work/o/pcm-0?alt=media`
    const [lost] = (await once(httpRequest(address).end(), 'response')) as [IncomingMessage]
    await once(lost, 'readable')
    const read = await Promise.all([0, 1, 0, 1].map((i) => contentOf(work.file(`pcm-${i}`))))
    expect(read.map((bytes, i) => bytes.equals(contents[i % 2]!))).toEqual([true, true, true, true])
    await work.file('pcm-0').delete() // read to its end by whoever began
    lost.destroy()
    await close()
    expect(readdirSync(join(dir, 'blobs'))).toHaveLength(1)
  })

  test('ranges come out exactly, from the start, the middle and the end', async () => {
    const { work } = await aStorage()
    const bytes = someBytes(200 * KIB)
    const file = work.file('pcm')
    await file.save(bytes)
    const range = async (options: { start?: number; end?: number }) =>
      Buffer.concat((await file.createReadStream(options).toArray()) as Buffer[])
    expect(await range({ start: 0, end: 0 })).toEqual(bytes.subarray(0, 1))
    expect(await range({ start: 70_000, end: 169_999 })).toEqual(bytes.subarray(70_000, 170_000))
    expect(await range({ start: 204_000 })).toEqual(bytes.subarray(204_000))
    expect(await range({ end: -100 })).toEqual(bytes.subarray(-100))
    expect(await range({ start: 204_000, end: 999_999 })).toEqual(bytes.subarray(204_000))
    await expect(range({ start: bytes.length })).rejects.toMatchObject({ code: 416 })
  })

  test('a pinned generation is gone once it is replaced', async () => {
    const { work } = await aStorage()
    await work.file('a').save('old')
    const generation = await generationOf(work.file('a'))
    const pinned = work.file('a', { generation })
    expect((await contentOf(pinned)).toString()).toBe('old')
    await work.file('a').save('new')
    await expect(pinned.download()).rejects.toMatchObject({ code: 404 })
    expect(BigInt(await generationOf(work.file('a')))).toBeGreaterThan(BigInt(generation))
  })

  test('a list follows prefix, delimiter, offsets and pages', async () => {
    const { work } = await aStorage()
    const names = ['e/1/a', 'e/1/b', 'e/2/a', 'e/top', 'w/x']
    for (const name of names) await work.file(name).save(name, { resumable: false })
    const listed = async (query: object) => (await work.getFiles(query))[0].map(({ name }) => name)
    expect(await listed({})).toEqual(names)
    const [firstPage, secondQuery] = await work.getFiles({ prefix: 'e/', maxResults: 2, autoPaginate: false })
    const [secondPage, thirdQuery] = await work.getFiles(secondQuery)
    expect([firstPage, secondPage].map((page) => page.map(({ name }) => name))).toEqual([
      names.slice(0, 2),
      names.slice(2, 4),
    ])
    expect(thirdQuery).toBeNull()
    expect(await listed({ startOffset: 'e/1/b', endOffset: 'e/top' })).toEqual(['e/1/b', 'e/2/a'])
    const [files, next, response] = await work.getFiles({
      prefix: 'e/',
      delimiter: '/',
      maxResults: 2,
      autoPaginate: false,
    })
    expect([files, (response as { prefixes: string[] }).prefixes]).toEqual([[], ['e/1/', 'e/2/']])
    expect((await work.getFiles(next))[0].map(({ name }) => name)).toEqual(['e/top'])
  })

  test('buckets are made, found and listed', async () => {
    const { storage } = await aStorage()
    await storage.createBucket('fresh-bucket')
    expect(await storage.bucket('fresh-bucket').exists()).toEqual([true])
    expect(await storage.bucket('never-made').exists()).toEqual([false])
    expect((await storage.getBuckets())[0].map(({ name }) => name)).toEqual([
      'fresh-bucket',
      'public',
      'uploads',
      'work',
    ])
    await expect(storage.createBucket('work')).rejects.toMatchObject({ code: 409 })
    await expect(storage.bucket('never-made').file('a').save('x')).rejects.toMatchObject({ code: 404 })
  })
})

describe('preconditions', () => {
  const path = '/storage/v1/b/work/o/subject'
  const post = (body: object) => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  const operations: Record<string, [path: string, init: RequestInit, side?: 'Source']> = {
    upload: ['/upload/storage/v1/b/work/o?uploadType=media&name=subject', { method: 'POST', body: 'new' }],
    'resumable start': ['/upload/storage/v1/b/work/o?uploadType=resumable&name=subject', post({})],
    get: [`${path}?`, {}],
    download: [`${path}?alt=media`, {}],
    patch: [`${path}?`, { ...post({ metadata: { k: 'v' } }), method: 'PATCH' }],
    delete: [`${path}?`, { method: 'DELETE' }],
    'copy onto': ['/storage/v1/b/work/o/other/copyTo/b/work/o/subject?', post({})],
    'rewrite onto': ['/storage/v1/b/work/o/other/rewriteTo/b/work/o/subject?', post({})],
    'rewrite from': [`${path}/rewriteTo/b/work/o/third?`, post({}), 'Source'],
    'move onto': ['/storage/v1/b/work/o/other/moveTo/o/subject?', post({})],
    'move from': [`${path}/moveTo/o/third?`, post({}), 'Source'],
    'compose onto': [`${path}/compose?`, post({ sourceObjects: [{ name: 'other' }] })],
  }

  test.each(Object.entries(operations))('%s obeys all four', async (name, [target, init, side = '']) => {
    const { endpoint, work } = await aStorage()
    const failed = ['get', 'download'].includes(name) ? 304 : 412
    const ask = async (condition: string, value: (generation: string) => string) => {
      await work.file('other').save('other', { resumable: false })
      await work.file('subject').save('subject', { resumable: false })
      const generation = await generationOf(work.file('subject'))
      return (await fetch(`${endpoint}${target}&if${side}${condition}=${value(generation)}`, init)).status
    }
    expect(await ask('GenerationMatch', (generation) => generation)).toBeLessThan(300)
    expect(await ask('GenerationMatch', () => '7')).toBe(412)
    expect(await ask('GenerationMatch', () => '0')).toBe(412)
    expect(await ask('GenerationNotMatch', () => '7')).toBeLessThan(300)
    expect(await ask('GenerationNotMatch', (generation) => generation)).toBe(failed)
    expect(await ask('MetagenerationMatch', () => '1')).toBeLessThan(300)
    expect(await ask('MetagenerationMatch', () => '2')).toBe(412)
    expect(await ask('MetagenerationNotMatch', () => '2')).toBeLessThan(300)
    expect(await ask('MetagenerationNotMatch', () => '1')).toBe(failed)
  })

  test('an object that must not exist, or must, is created accordingly', async () => {
    const { endpoint, work } = await aStorage()
    const create = async (query: string) =>
      (
        await fetch(`${endpoint}/upload/storage/v1/b/work/o?uploadType=media&name=a&${query}`, {
          method: 'POST',
          body: 'x',
        })
      ).status
    expect(await create('ifGenerationNotMatch=0')).toBe(412)
    expect(await create('ifMetagenerationMatch=1')).toBe(412)
    expect(await create('ifGenerationMatch=0')).toBe(200)
    expect(await create('ifGenerationMatch=0')).toBe(412)
    expect(await create('ifGenerationNotMatch=0')).toBe(200)
    await expect(
      work.file('a').save('x', { preconditionOpts: { ifGenerationMatch: 0 } }),
    ).rejects.toMatchObject({ code: 412 })
  })

  test('a resumable upload overtaken by another writer is refused at its end', async () => {
    const { work } = await aStorage()
    const [uri] = await work.file('a').createResumableUpload({ preconditionOpts: { ifGenerationMatch: 0 } })
    await work.file('a').save('the other writer')
    const late = await fetch(uri, { method: 'PUT', body: 'late' })
    expect(late.status).toBe(412)
    expect((await contentOf(work.file('a'))).toString()).toBe('the other writer')
  })
})

describe('a bucket of which nobody asks for an MD5', () => {
  const bytes = someBytes(700 * KIB)
  const unasked = () => aStorage({ withoutMd5: ['work'] })

  test('has whole what is uploaded resumably, with its CRC32C alone', async () => {
    const { work, storage } = await unasked()
    await work.file('a').save(bytes)
    await storage.bucket('uploads').file('a').save(bytes)
    const { crc32c, md5Hash } = await metadataOf(storage.bucket('uploads').file('a'))
    expect(md5Hash).toBe(md5(bytes))
    expect(await metadataOf(work.file('a'))).toMatchObject({ crc32c, size: String(bytes.length) })
    expect((await metadataOf(work.file('a'))).md5Hash).toBeUndefined()
    expect(md5(await contentOf(work.file('a')))).toBe(md5(bytes))
  })

  test('holds an upload all the same to the MD5 that its sender names', async () => {
    const { work } = await unasked()
    const put = async (sum: string) => {
      const [uri] = await work.file('b').createResumableUpload()
      const headers = { 'content-range': 'bytes 0-3/4', 'x-goog-hash': `md5=${sum}` }
      return (await fetch(uri, { method: 'PUT', body: 'some', headers })).status
    }
    expect(await put(md5(Buffer.from('other')))).toBe(400)
    expect(await put(md5(Buffer.from('some')))).toBe(200)
  })
})

describe('changing', () => {
  test('a composite has all bytes, the joined CRC32C, no MD5, and outlives its sources', async () => {
    const { dir, work } = await aStorage()
    const parts = [someBytes(100 * KIB), Buffer.alloc(0), someBytes(1), someBytes(77_777)]
    const sources = parts.map((_, i) => work.file(`part-${i}`))
    for (const [i, source] of sources.entries()) await source.save(parts[i]!, { resumable: false })
    const whole = work.file('episode.mp3')
    await work.combine(sources, whole)
    await Promise.all(sources.map((source) => source.delete()))
    const bytes = Buffer.concat(parts)
    await work.file('reference').save(bytes)
    const { crc32c } = await metadataOf(work.file('reference'))
    expect(await metadataOf(whole)).toMatchObject({
      crc32c,
      componentCount: 4,
      size: String(bytes.length),
      contentType: 'audio/mpeg',
    })
    expect((await metadataOf(whole)).md5Hash).toBeUndefined()
    expect(md5(await contentOf(whole))).toBe(md5(bytes))
    expect(
      Buffer.concat((await whole.createReadStream({ start: 102_390, end: 102_420 }).toArray()) as Buffer[]),
    ).toEqual(bytes.subarray(102_390, 102_421))
    await work.combine([whole, work.file('reference')], whole)
    expect(md5(await contentOf(whole))).toBe(md5(Buffer.concat([bytes, bytes])))
    await Promise.all([whole.delete(), work.file('reference').delete()])
    expect(blobCount(dir)).toBe(0)
  })

  test('compose takes 32 sources and refuses 33, replaced or missing ones', async () => {
    const { endpoint, work } = await aStorage()
    await work.file('part').save('x')
    const sources = (count: number) => Array.from({ length: count }, () => work.file('part'))
    await work.combine(sources(32), 'whole.bin')
    expect((await contentOf(work.file('whole.bin'))).toString()).toBe('x'.repeat(32))
    await expect(work.combine(sources(33), 'whole.bin')).rejects.toMatchObject({ code: 400 })
    await expect(work.combine(['part', 'missing'], 'whole.bin')).rejects.toMatchObject({ code: 404 })
    await expect(work.combine([work.file('part', { generation: '7' })], 'whole.bin')).rejects.toMatchObject({
      code: 404,
    })
    const body = JSON.stringify({
      sourceObjects: [{ name: 'part', objectPreconditions: { ifGenerationMatch: '7' } }],
    })
    expect(
      (await fetch(`${endpoint}/storage/v1/b/work/o/whole/compose`, { method: 'POST', body })).status,
    ).toBe(412)
  })

  test('a copy carries bytes and metadata across buckets, and what is said instead', async () => {
    const { storage, work } = await aStorage()
    const source = work.file('a')
    await source.save('bytes', {
      metadata: { contentType: 'text/vtt', cacheControl: 'max-age=60', metadata: { k: 'v' } },
    })
    const [plain] = await source.copy(storage.bucket('public').file('b'))
    expect(await metadataOf(plain)).toMatchObject({
      contentType: 'text/vtt',
      cacheControl: 'max-age=60',
      metadata: { k: 'v' },
      md5Hash: md5(Buffer.from('bytes')),
    })
    const [told] = await source.copy(work.file('c'), { contentType: 'text/plain', metadata: { other: 'w' } })
    const metadata = await metadataOf(told)
    expect([metadata.contentType, metadata.metadata, metadata.cacheControl]).toEqual([
      'text/plain',
      { other: 'w' },
      undefined,
    ])
    await source.delete()
    expect((await contentOf(plain)).toString()).toBe('bytes')
  })

  test('a move leaves one object', async () => {
    const { work } = await aStorage()
    await work.file('a').save('bytes')
    await work.file('a').moveFileAtomic('b')
    await work.file('b').move('c')
    expect((await work.getFiles())[0].map(({ name }) => name)).toEqual(['c'])
  })

  test('a patch changes what it names, raises the metageneration and keeps the generation', async () => {
    const { work } = await aStorage()
    const file = work.file('a')
    await file.save('bytes', {
      metadata: { contentType: 'text/plain', cacheControl: 'no-store', metadata: { keep: '1', drop: '2' } },
    })
    const { generation } = await metadataOf(file)
    await file.setMetadata({
      contentType: 'text/vtt',
      cacheControl: null as unknown as string,
      metadata: { drop: null, add: '3' },
    })
    const after = await metadataOf(file)
    expect(after).toMatchObject({ generation, metageneration: '2', contentType: 'text/vtt' })
    expect([after.cacheControl, after.metadata]).toEqual([undefined, { keep: '1', add: '3' }])
  })

  test('names, types and metadata in any script come back as they were', async () => {
    const { storage } = await aStorage()
    const file = storage.bucket('public').file('p/日本/épisode.mp3')
    const metadata = {
      contentDisposition: 'attachment; filename="日本.mp3"',
      metadata: { 'a key': 'line\nbreak', title: 'Čas' },
    }
    await file.save('bytes', { metadata })
    expect(await metadataOf(file)).toMatchObject({ ...metadata, name: file.name })
    expect((await fetch(file.publicUrl())).status).toBe(200)
  })

  test('a deleted object is gone, and so are its bytes on disk', async () => {
    const { dir, work } = await aStorage()
    await work.file('a').save('bytes')
    await work.file('a').delete()
    await expect(work.file('a').delete()).rejects.toMatchObject({ code: 404 })
    await work.file('a').delete({ ignoreNotFound: true })
    expect(blobCount(dir)).toBe(0)
  })
})

describe('signed URLs and the public bucket', () => {
  const inAnHour = () => new Date(Date.now() + 3_600_000)
  const codeOf = async (answer: Response) => [answer.status, /<Code>(\w+)</.exec(await answer.text())?.[1]]

  test('a signed URL reads what it names, in ranges too, and nothing else', async () => {
    const { endpoint, work } = await aStorage()
    const file = work.file("e/1/it's (a) take & more.mp3")
    await file.save('0123456789')
    await work.file('secret').save('secret')
    const [url] = await file.getSignedUrl({
      version: 'v4',
      action: 'read',
      expires: inAnHour(),
      promptSaveAs: 'episode 1.mp3',
    })
    const whole = await fetch(url)
    expect([await whole.text(), whole.headers.get('content-disposition')]).toEqual([
      '0123456789',
      'attachment; filename="episode 1.mp3"',
    ])
    expect(await (await fetch(url, { headers: { range: 'bytes=2-4' } })).text()).toBe('234')
    expect(await codeOf(await fetch(url.replace(/e\/1\/[^?]+/, 'secret')))).toEqual([
      403,
      'SignatureDoesNotMatch',
    ])
    expect(
      await codeOf(
        await fetch(url.replace('Expires=3600', 'Expires=36000').replace('Expires=3599', 'Expires=36000')),
      ),
    ).toEqual([403, 'SignatureDoesNotMatch'])
    expect(await codeOf(await fetch(url, { method: 'PUT', body: 'x' }))).toEqual([
      403,
      'SignatureDoesNotMatch',
    ])
    expect(await codeOf(await fetch(`${endpoint}/work/secret`))).toEqual([403, 'AccessDenied'])
  })

  test('a signed URL writes with the type it was signed for', async () => {
    const { work } = await aStorage()
    const file = work.file('u/7/recording.wav')
    const [url] = await file.getSignedUrl({
      version: 'v4',
      action: 'write',
      expires: inAnHour(),
      contentType: 'audio/wav',
    })
    const bytes = someBytes(100 * KIB)
    expect(
      await codeOf(
        await fetch(url, { method: 'PUT', body: bytes, headers: { 'content-type': 'text/html' } }),
      ),
    ).toEqual([403, 'SignatureDoesNotMatch'])
    expect(
      (await fetch(url, { method: 'PUT', body: bytes, headers: { 'content-type': 'audio/wav' } })).status,
    ).toBe(200)
    expect(md5(await contentOf(file))).toBe(md5(bytes))
    expect((await metadataOf(file)).contentType).toBe('audio/wav')
  })

  test('a URL signed for a resumable upload opens a session', async () => {
    const { work } = await aStorage()
    const [url] = await work
      .file('a')
      .getSignedUrl({ version: 'v4', action: 'resumable', expires: inAnHour() })
    const started = await fetch(url, { method: 'POST', headers: { 'x-goog-resumable': 'start' } })
    expect(started.status).toBe(201)
    await fetch(started.headers.get('location')!, { method: 'PUT', body: 'bytes' })
    expect((await contentOf(work.file('a'))).toString()).toBe('bytes')
  })

  test('a signed URL ends at its hour, and one of another key never begins', async () => {
    let laterMs = 0
    const { dir, endpoint, work, close } = await aStorage({ now: () => Date.now() + laterMs })
    await work.file('a').save('bytes')
    const [url] = await work.file('a').getSignedUrl({ version: 'v4', action: 'read', expires: inAnHour() })
    expect((await fetch(url)).status).toBe(200)
    laterMs = 3_600_000
    expect(await codeOf(await fetch(url))).toEqual([400, 'ExpiredToken'])
    const stranger = await aStorage()
    const [foreign] = await stranger.work
      .file('a')
      .getSignedUrl({ version: 'v4', action: 'read', expires: inAnHour() })
    expect(await codeOf(await fetch(foreign.replace(stranger.endpoint, endpoint)))).toEqual([
      403,
      'SignatureDoesNotMatch',
    ])
    await close()
    const restarted = await aStorage({ dir })
    expect((await fetch(url.replace(endpoint, restarted.endpoint))).status).toBe(200)
  })

  test('the world reads the public bucket, as a podcast player or a web page would', async () => {
    const { endpoint, storage } = await aStorage()
    const bytes = Buffer.from('0123456789')
    await storage
      .bucket('public')
      .file('p/show/feed.xml')
      .save(bytes, { metadata: { contentType: 'application/rss+xml', cacheControl: 'max-age=300' } })
    const url = `${endpoint}/public/p/show/feed.xml`
    const whole = await fetch(url)
    const seen = (answer: Response, ...names: string[]) => names.map((name) => answer.headers.get(name))
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    expect(
      seen(whole, 'content-type', 'cache-control', 'accept-ranges', 'access-control-allow-origin', 'etag'),
    ).toEqual(['application/rss+xml', 'max-age=300', 'bytes', '*', etag])
    expect(await whole.text()).toBe('0123456789')
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, ...seen(head, 'content-length', 'last-modified')]).toEqual([
      200,
      '10',
      whole.headers.get('last-modified'),
    ])
    const part = await fetch(url, { headers: { range: 'bytes=-3' } })
    expect([part.status, await part.text(), ...seen(part, 'content-range')]).toEqual([
      206,
      '789',
      'bytes 7-9/10',
    ])
    const beyond = await fetch(url, { headers: { range: 'bytes=10-' } })
    expect([...(await codeOf(beyond)), ...seen(beyond, 'content-range')]).toEqual([
      416,
      'InvalidRange',
      'bytes */10',
    ])
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
    expect(
      (await fetch(url, { headers: { 'if-modified-since': head.headers.get('last-modified')! } })).status,
    ).toBe(304)
    expect(await codeOf(await fetch(`${endpoint}/public/missing`))).toEqual([404, 'NoSuchKey'])
    expect(await codeOf(await fetch(url, { method: 'PUT', body: 'defaced' }))).toEqual([403, 'AccessDenied'])
  })
})

describe('finalize events', () => {
  test('uploads, composes and copies are announced as by Eventarc, signed, where asked for', async () => {
    const receiver = await aReceiver()
    const sign = (claims: { audience: string; email: string }) =>
      Promise.resolve(`${claims.audience} as ${claims.email}`)
    const notifications = [{ bucket: 'uploads', url: receiver.url, audience: 'https://on-upload' }]
    const { storage, work } = await aStorage({ notifications, sign, serviceAccountEmail: 'eventarc@spool' })
    const uploads = storage.bucket('uploads')
    await work.file('quiet').save('no one listens')
    await uploads.file('u/7/päth.wav').save('bytes')
    const { headers, body } = await receiver.arrival(0)
    const generation = await generationOf(uploads.file('u/7/päth.wav'))
    expect(body).toMatchObject({
      bucket: 'uploads',
      name: 'u/7/päth.wav',
      generation,
      size: '5',
      metageneration: '1',
      contentType: 'audio/wav',
    })
    expect(headers).toMatchObject({
      'ce-type': 'google.cloud.storage.object.v1.finalized',
      'ce-source': '//storage.googleapis.com/projects/_/buckets/uploads',
      'ce-subject': 'objects/u/7/p%C3%A4th.wav',
      'ce-specversion': '1.0',
      'content-type': 'application/json',
      authorization: 'Bearer https://on-upload as eventarc@spool',
    })
    await uploads.combine(['u/7/päth.wav'], 'composed.bin')
    expect((await receiver.arrival(1)).body.name).toBe('composed.bin')
    await uploads.file('composed.bin').copy('copied.bin')
    expect((await receiver.arrival(2)).body.name).toBe('copied.bin')
    expect(receiver.arrivals).toHaveLength(3)
  })

  test('a receiver that fails twice gets the same event until it answers well', async () => {
    const receiver = await aReceiver(2)
    const { storage } = await aStorage({ notifications: [{ bucket: 'uploads', url: receiver.url }] })
    await storage.bucket('uploads').file('a').save('bytes')
    await receiver.arrival(2)
    const ids = receiver.arrivals.map(
      ({ headers, body }) => `${String(headers['ce-id'])} ${String(body.generation)}`,
    )
    expect([ids.length, new Set(ids).size]).toEqual([3, 1])
  })

  test('an event nobody took is delivered after a restart, to wherever its receiver now is', async () => {
    const broken = await aReceiver(Infinity)
    const first = await aStorage({ notifications: [{ bucket: 'uploads', url: broken.url }] })
    await first.storage.bucket('uploads').file('a').save('bytes')
    const lost = await broken.arrival(0)
    await first.close()
    const repaired = await aReceiver()
    await aStorage({ dir: first.dir, notifications: [{ bucket: 'uploads', url: repaired.url }] })
    expect((await repaired.arrival(0)).headers['ce-id']).toBe(lost.headers['ce-id'])
  })
})

describe('restarts', () => {
  test('objects keep their bytes, generations and metadata over a restart', async () => {
    const first = await aStorage()
    await first.work.file('a').save('bytes', { metadata: { metadata: { k: 'v' } } })
    await first.work.combine(['a', 'a'], 'b.bin')
    const before = [await metadataOf(first.work.file('a')), await metadataOf(first.work.file('b.bin'))]
    await first.close()
    const { endpoint, work } = await aStorage({ dir: first.dir })
    const after = [await metadataOf(work.file('a')), await metadataOf(work.file('b.bin'))]
    expect(JSON.stringify(after)).toBe(JSON.stringify(before).replaceAll(first.endpoint, endpoint))
    expect((await contentOf(work.file('b.bin'))).toString()).toBe('bytesbytes')
  })

  test('a killed server keeps finished objects and undelivered events, and nothing unfinished', async () => {
    const dir = aFolder()
    const refusing = await aReceiver(Infinity)
    const options = JSON.stringify({
      dir,
      buckets: BUCKETS,
      notifications: [{ bucket: 'uploads', url: refusing.url }],
    })
    const module = pathToFileURL(join(import.meta.dirname, '../../../local/cloud-storage/server.ts')).href
    const script =
      `import(${JSON.stringify(module)}).then(async (m) => ` +
      `console.log((await m.startCloudStorage(${options})).port))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const endpoint = `http://127.0.0.1:${Number(line.toString())}`
    const upload = (body: RequestInit['body']) =>
      fetch(`${endpoint}/upload/storage/v1/b/uploads/o?uploadType=media&name=a`, {
        method: 'POST',
        body: body ?? null,
      })
    expect((await upload('finished')).status).toBe(200)
    const { headers } = await refusing.arrival(0)
    const half = httpRequest(`${endpoint}/upload/storage/v1/b/work/o?uploadType=media&name=half`, {
      method: 'POST',
    })
    half.on('error', () => undefined)
    await new Promise((resolve) => half.write(someBytes(300 * KIB), resolve))
    child.kill('SIGKILL')
    await exited

    const willing = await aReceiver()
    const { storage, work } = await aStorage({
      dir,
      notifications: [{ bucket: 'uploads', url: willing.url }],
    })
    expect((await contentOf(storage.bucket('uploads').file('a'))).toString()).toBe('finished')
    expect((await willing.arrival(0)).headers['ce-id']).toBe(headers['ce-id'])
    expect(await work.file('half').exists()).toEqual([false])
    expect(blobCount(dir)).toBe(1)
  })
})
