// Planes that are lent: silent for everybody, and nobody's while somebody else has them.
import { expect, test } from '@jest/globals'
import { withLentPlanes } from '../../shared/mastering/lent-planes.ts'

test('Planes come back silent, however they were left', async () => {
  await withLentPlanes((lend) => {
    for (const plane of lend(2, 5000)) plane.fill(1)
    return Promise.resolve()
  })
  await withLentPlanes((lend) => {
    for (const plane of lend(3, 7000)) expect(plane.every((sample) => sample === 0)).toBe(true)
    return Promise.resolve()
  })
})

test('Nobody has a plane that somebody else has, be it inside, beside, or longer than a chunk', async () => {
  await withLentPlanes(async (lend) => {
    const outer = lend(2, 1000)
    const inner = await withLentPlanes((lendMore) => Promise.resolve(lendMore(2, 1000)))
    const longer = lend(1, 10_000_000)
    expect(longer[0]!.length).toBe(10_000_000)
    const all = new Set([...outer, ...inner, ...longer].map(({ buffer }) => buffer))
    expect(all.size).toBe(5)
  })
})

test('Work that fails gives its planes back', async () => {
  const seen: ArrayBufferLike[] = []
  const failing = withLentPlanes((lend) => {
    seen.push(lend(1, 100)[0]!.buffer)
    return Promise.reject(new Error('cut off'))
  })
  await expect(failing).rejects.toThrow('cut off')
  await withLentPlanes((lend) => {
    expect(lend(1, 100)[0]!.buffer).toBe(seen[0])
    return Promise.resolve()
  })
})
