// What ffmpeg may read of an object: how often the store is asked, and what happens when it reads without end.
import { afterEach, expect, test } from '@jest/globals'
import { serveRanges, type RangeServer } from '../../shared/audio/range-server.ts'
import { withSource } from '../../shared/audio/source.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import { never, noise, readOnlyStore } from '../support/audio.ts'
import { base, made } from '../support/media.ts'

const object = { bucket: 'uploads', name: 'talk' }
const megabyte = 1024 * 1024

function counting(bytes: Buffer): { store: ObjectStore; asked: { start: number; end: number }[] } {
  const inner = readOnlyStore({ talk: bytes })
  const asked: { start: number; end: number }[] = []
  const read: ObjectStore['read'] = (name, range) => {
    asked.push(range as { start: number; end: number })
    return inner.read(name, range)
  }
  return { store: { ...inner, read }, asked }
}

let served: RangeServer | undefined
afterEach(() => served?.close())

const fetched = async (server: RangeServer, range: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(server.url(), { headers: { range } })).arrayBuffer())

test('ranges are the bytes of the object, whatever blocks it is read in', async () => {
  const bytes = Buffer.from(noise(3 * megabyte, -6, 1).buffer)
  const { store, asked } = counting(bytes)
  served = await serveRanges(store, object, bytes.length, 'talk')
  expect(await fetched(served, 'bytes=0-9')).toEqual(bytes.subarray(0, 10))
  expect(await fetched(served, `bytes=${bytes.length - 5}-`)).toEqual(bytes.subarray(-5))
  expect((await fetched(served, 'bytes=4000000-')).equals(bytes.subarray(4_000_000))).toBe(true)
  expect((await fetch(served.url(), { headers: { range: `bytes=${bytes.length}-` } })).status).toBe(416)
  expect((await fetch(new URL('/guessed/0', served.url()))).status).toBe(404)
  expect((await fetched(served, 'bytes=0-')).equals(bytes)).toBe(true)
  expect(asked.every(({ start, end }) => end - start <= 4 * megabyte)).toBe(true)
})

test('jumping about in a small file asks the store once', async () => {
  const bytes = Buffer.from(noise(megabyte / 4, -6, 1).buffer)
  const { store, asked } = counting(bytes)
  served = await serveRanges(store, object, bytes.length, 'talk')
  for (let i = 0; i < 50; i++) await fetched(served, `bytes=${(i * 7919) % bytes.length}-`)
  expect(asked).toHaveLength(1)
})

test.each([
  ['requests', { requests: 3, bytes: Infinity }],
  ['bytes', { requests: Infinity, bytes: 3 * megabyte }],
])('a reader that goes on beyond its %s is told so, for good', async (_, allowance) => {
  const bytes = Buffer.alloc(20 * megabyte)
  served = await serveRanges(counting(bytes).store, object, bytes.length, 'talk')
  served.allow(allowance)
  for (let i = 0; i < 5; i++)
    await fetched(served, `bytes=${i * 4 * megabyte}-${i * 4 * megabyte + 9}`).catch(() => undefined)
  expect(() => served!.assertUnbroken()).toThrow(
    expect.objectContaining({ name: 'Permanent', code: 'too_complex' }),
  )
})

test('a store that fails is not taken for the end of the file', async () => {
  const bytes = Buffer.alloc(megabyte)
  const store = { ...counting(bytes).store, read: () => Promise.reject(new Error('the store is away')) }
  served = await serveRanges(store, object, bytes.length, 'talk')
  await fetched(served, 'bytes=0-9').catch(() => undefined)
  expect(() => served!.assertUnbroken()).toThrow('the store is away')
})

test.each([
  ['FLV with MP3', 'a.flv', '-f lavfi -i sine=f=500:r=44100:d=30 -c:a libmp3lame -f flv'],
  ['MPEG-TS', 'a.ts', '-f lavfi -i sine=f=500:r=44100:d=30 -c:a aac -f mpegts'],
  [
    'a film whose index lies at its end',
    'a.mp4',
    '-f lavfi -i testsrc2=s=640x360:d=20 -f lavfi -i sine=d=20 -c:v mpeg4 -b:v 8M -c:a aac',
  ],
])('%s is read about as often as it has blocks', async (_, file, args) => {
  const bytes = await made(file, args)
  const { store, asked } = counting(bytes)
  await withSource(store, object, { bytes: 1e9, targetRate: null }, never, async ({ decode }) => {
    let heard = 0
    for await (const block of decode(never).sound) heard += block.length
    expect(heard).toBeGreaterThan(0)
  })
  expect(asked.length).toBeLessThanOrEqual(2 * Math.ceil(bytes.length / (4 * megabyte)) + 2)
})

test('a decoder that is left early is ended, and the store is asked for no more', async () => {
  const bytes = await base()
  const { store, asked } = counting(bytes)
  await withSource(store, object, { bytes: 1e9, targetRate: null }, never, async ({ decode }) => {
    const sound = decode(never).sound[Symbol.asyncIterator]()
    expect((await sound.next()).done).toBe(false)
    await sound.return?.()
  })
  expect(asked.length).toBeLessThanOrEqual(2)
})
