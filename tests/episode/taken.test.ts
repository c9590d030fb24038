// What is said of an episode once something of a proposal is taken: by hand wins, and places follow the cuts.
import { describe, expect, test } from '@jest/globals'
import { marksFor, saidBy } from '../../shared/episode/taken.ts'
import { takenBy, type KeptDecision } from '../../shared/edits/decisions.ts'
import { keepAllBut } from '../../shared/timeline/ledger.ts'

const sampleRate = 1000
/** Five seconds of an intro, then a recording of 100 s whose seconds 20 to 30 are cut. */
const laid = {
  sampleRate,
  ledger: keepAllBut([{ startSample: 20_000, endSample: 30_000 }], 100_000, 5000, () => 0),
}
const unnamed = { title: 'talk', slug: 'talk', description: '' }
const taken = {
  title: 'On bees',
  summary: 'A show about bees.',
  notes: [
    { startSeconds: 40, text: 'Later.' },
    { startSeconds: 22, text: 'Cut away.' },
    { startSeconds: 10, text: 'Early.' },
  ],
}

describe('What was taken', () => {
  test('stands in for a title and a description that nobody gave, at the times of what is heard', () => {
    expect(saidBy(taken, unnamed, laid)).toEqual({
      title: 'On bees',
      description: 'A show about bees.\n\n00:00:15 Early.\n00:00:35 Later.',
      warnings: [],
    })
  })

  test('is nothing beside what is given by hand', () => {
    const given = { title: 'Mine', slug: 'talk', description: 'Mine too.' }
    expect(saidBy(taken, given, laid)).toEqual({ title: null, description: null, warnings: [] })
    const [hand, chosen, found] = [
      [{ startSample: 0, title: 'Hand' }],
      { chapters: [{ startSeconds: 7, title: 'Taken' }] },
      [{ startSample: 1, title: 'Found' }],
    ]
    expect(marksFor(hand, chosen, found, laid)).toEqual(hand)
    expect(marksFor([], chosen, found, laid)).toEqual([{ startSample: 7000, title: 'Taken' }])
    expect(marksFor([], {}, found, laid)).toEqual(found)
  })

  test('fits into a description, and what does not is told', () => {
    const notes = Array.from({ length: 20 }, (_, i) => ({ startSeconds: 40 + i, text: 'x'.repeat(400) }))
    const { description, warnings } = saidBy({ notes }, unnamed, laid)
    expect(description!.split('\n')).toHaveLength(9)
    expect(warnings).toEqual([
      { code: 'notes_shortened', message: expect.stringMatching(/^11 of the show notes do not fit/) },
    ])
  })

  test('is what was decided last, each thing for itself; null takes it back', () => {
    const take = (what: object) => ({ decision: 'take', ...what }) as KeptDecision
    const decisions = [take({ title: 'One', summary: 'A.' }), take({ title: 'Two' }), take({ summary: null })]
    expect(takenBy(decisions)).toEqual({ title: 'Two' })
    expect(takenBy([...decisions, take({ title: null })])).toBeUndefined()
  })
})
