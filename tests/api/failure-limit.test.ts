// How often an address may fail to prove who it is.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { callerIdentifier } from '../../shared/api/callers.ts'
import { limitFailures } from '../../shared/api/failure-limit.ts'

function aLimit(most: number) {
  let now = 0
  const { mayTry, succeed } = limitFailures(most, () => now)
  return { mayTry, succeed, timePasses: (ms: number) => (now += ms) }
}

describe('an address', () => {
  test('may fail so often a minute, and again in the next', () => {
    const { mayTry, timePasses } = aLimit(2)
    expect(['a', 'b', 'c'].map((guess) => mayTry('here', guess))).toEqual([true, true, false])
    expect(mayTry('there', 'd')).toBe(true)
    timePasses(60_000)
    expect(mayTry('here', 'e')).toBe(true)
  })

  test('is not charged for what proved good, which stays welcome while others are not', () => {
    const { mayTry, succeed, timePasses } = aLimit(1)
    expect(mayTry('here', 'good')).toBe(true)
    succeed('here', 'good')
    expect(mayTry('here', 'bad')).toBe(true)
    expect([mayTry('here', 'worse'), mayTry('here', 'good')]).toEqual([false, true])
    timePasses(120_000)
    expect(mayTry('here', 'good')).toBe(true)
  })
})

test('past the limit a stranger costs no connection to the database', async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const databaseUrl = `postgres://spool@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`
  const identify = callerIdentifier({
    databaseUrl,
    api: { url: '', issuers: [], firstKey: undefined, requestsPerMinute: 10, failuresPerMinute: 3 },
  })
  const attempts = []
  for (let i = 0; i < 10; i++)
    attempts.push(await identify(`Bearer spool_guess${i}`, 'here').catch((e: unknown) => e))
  const seen = connections
  expect(attempts.slice(3)).toEqual(
    Array.from({ length: 7 }, () => expect.objectContaining({ code: 'too_many_requests' })),
  )
  await identify('Bearer spool_guess', 'here').catch(() => undefined)
  expect(connections).toBe(seen)
  expect(seen).toBeGreaterThan(0)
  await expect(identify(undefined, 'there')).rejects.toMatchObject({ code: 'unauthenticated' })
  expect(connections).toBe(seen)
  server.close()
})
