// Sealed secrets: opened by the same key for the same purpose, and by nothing else.
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { keyPurpose, openSealer } from '../../shared/providers/seal.ts'

const sealer = openSealer(randomBytes(32))
const purpose = keyPurpose('anna', 'deepgram')

describe('A sealed secret', () => {
  test('opens for its owner and its purpose', () => {
    expect(sealer.open(sealer.seal('dg-123 ü', purpose), purpose)).toBe('dg-123 ü')
  })

  test('shows nothing of itself, and never looks the same twice', () => {
    const [one, two] = [sealer.seal('dg-123', purpose), sealer.seal('dg-123', purpose)]
    expect(one).not.toBe(two)
    expect(Buffer.from(one.slice(3), 'base64url').toString('latin1')).not.toContain('dg-123')
  })

  test.each([
    ['another user', () => sealer.open(sealer.seal('x', purpose), keyPurpose('bert', 'deepgram'))],
    ['another provider', () => sealer.open(sealer.seal('x', purpose), keyPurpose('anna', 'openai'))],
    ['another key', () => openSealer(randomBytes(32)).open(sealer.seal('x', purpose), purpose)],
    ['a changed letter', () => sealer.open(changed(sealer.seal('x', purpose)), purpose)],
    ['a text that was cut off', () => sealer.open(sealer.seal('x', purpose).slice(0, 20), purpose)],
  ])('does not open for %s', (_what, open) => {
    expect(open).toThrow(expect.objectContaining({ code: 'bad_seal' }))
  })

  test('cannot be made where there is no key, and the error says what to set', () => {
    expect(() => openSealer(undefined).seal('x', purpose)).toThrow(/SEALING_KEY/)
  })
})

test('a signature stands for one text only', () => {
  const signature = sealer.sign('callback/1')
  expect([
    sealer.isSigned('callback/1', signature),
    sealer.isSigned('callback/2', signature),
    sealer.isSigned('callback/1', 'no'),
  ]).toEqual([true, false, false])
})

const changed = (sealed: string): string => sealed.slice(0, -2) + (sealed.endsWith('A') ? 'BB' : 'AA')
