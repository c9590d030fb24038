// What becomes of a finished episode: published, held, or at its time.
import { expect, test } from '@jest/globals'
import { decidePublication } from '../../shared/episode/publication.ts'

const wishes = {
  ...{ publication: null, isCertified: true, isSilent: false, publish: null, heldFor: null, publishAt: null },
  template: 'automatic',
} as const

test('what lacks something that a version had which waited is held, until its producer asks for it outright', () => {
  const now = new Date()
  expect(decidePublication(wishes, now)).toEqual({ what: 'publish' })
  const held = { ...wishes, heldFor: 'given_before' } as const
  for (const publish of [null, 'automatic', now.toISOString()])
    expect(decidePublication({ ...held, publish }, now)).toEqual({ what: 'hold', reason: 'given_before' })
  expect(decidePublication({ ...held, publication: 'publish' }, now)).toEqual({ what: 'publish' })
})
