// What becomes of a finished episode: published, held, or at its time.
import { expect, test } from '@jest/globals'
import { decidePublication, startPublication } from '../../shared/episode/publication.ts'
import { aWorldThatPublishes } from '../support/publishing.ts'

const wishes = {
  ...{
    publication: null,
    isCertified: true,
    isSilent: false,
    isUnbleeped: false,
    isMostlyCut: false,
    publish: null,
    heldFor: null,
    publishAt: null,
  },
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

test('what was to be bleeped and could not is held, as what nobody can hear is', () => {
  const decided = (found: object) => decidePublication({ ...wishes, ...found }, new Date())
  expect(decided({ isUnbleeped: true })).toEqual({ what: 'hold', reason: 'not_bleeped' })
  expect(decided({ isMostlyCut: true })).toEqual({ what: 'hold', reason: 'mostly_cut' })
  expect(decided({ isMostlyCut: true, publication: 'publish' })).toEqual({ what: 'publish' })
  expect(decided({ isMostlyCut: true, heldFor: 'unpublished' })).toMatchObject({ reason: 'unpublished' })
  expect(decided({ isSilent: true })).toEqual({ what: 'hold', reason: 'silent' })
})

test('while a version waits for a decision it says so, with the command; while one is being made, that it is', async () => {
  const { world } = await aWorldThatPublishes()
  await world.start({ take: 'take-1' }, 'one')
  await world.runToEnd()
  const live = await world.start({ take: 'take-2' }, 'one')
  const [{ id }] = (await world.database.rows('SELECT id FROM episodes')) as [{ id: string }]
  const asked = () => startPublication(world.services, id, 'withdraw')
  await expect(asked()).rejects.toMatchObject({
    runId: live,
    message: expect.stringMatching(/being made just now/),
  })
  await world.database.rows(`UPDATE runs SET status = 'awaiting_review' WHERE id = '${live}'`)
  await expect(asked()).rejects.toMatchObject({
    code: 'already_running',
    message: expect.stringMatching(/one waits for your decision.*\.\/spool review \w+\/one/),
  })
})
