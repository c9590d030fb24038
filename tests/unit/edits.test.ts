// The list of edits: named by kind and place, apart from each other, within the budget.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { appliedCuts, checkBudget, toEditList, type EditKind, type ProposedEdit } from '../../shared/transcript/edits.ts'

const proposed = (kind: EditKind, startSample: number, endSample: number): ProposedEdit => ({
  kind,
  startSample,
  endSample,
  text: '',
  detector: 'test',
  score: 1,
  reason: '',
})
const spansOf = (proposals: readonly ProposedEdit[]) =>
  toEditList(proposals, 1000).edits.map(({ id, startSample, endSample }) => [id, startSample, endSample])

describe('An edit list', () => {
  test('is in order, each edit applied and named by its kind and place', () => {
    expect(toEditList([proposed('pause', 500, 700), proposed('filler', 100, 200)], 48000)).toEqual({
      version: 1,
      sampleRate: 48000,
      edits: [
        { ...proposed('filler', 100, 200), id: 'filler-100', status: 'applied' },
        { ...proposed('pause', 500, 700), id: 'pause-500', status: 'applied' },
      ],
    })
  })

  test('takes what overlaps once, and drops what is empty or inside another', () => {
    expect(spansOf([proposed('filler', 100, 200), proposed('pause', 150, 400), proposed('filler', 160, 180), proposed('pause', 600, 600)])).toEqual([
      ['filler-100', 100, 200],
      ['pause-150', 200, 400],
    ])
  })

  test('keeps names when another edit comes or goes', () => {
    const pause = proposed('pause', 150, 400)
    expect(spansOf([pause])).toEqual([['pause-150', 150, 400]])
    expect(spansOf([proposed('filler', 100, 200), pause]).at(-1)![0]).toBe('pause-150')
  })

  test('never overlaps itself, covers what was proposed and nothing else, whatever the order', () => {
    const span = fc
      .tuple(fc.constantFrom<EditKind>('filler', 'pause'), fc.nat(500), fc.nat(60))
      .map(([kind, start, length]) => proposed(kind, start, start + length))
    const within = (spans: readonly { startSample: number; endSample: number }[], sample: number) =>
      spans.some(({ startSample, endSample }) => startSample <= sample && sample < endSample)
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (proposals) => {
        const { edits } = toEditList(proposals, 1000)
        edits.forEach(({ startSample, endSample }, i) => {
          expect(endSample).toBeGreaterThan(startSample)
          expect(startSample).toBeGreaterThanOrEqual(edits[i - 1]?.endSample ?? 0)
        })
        for (let sample = 0; sample < 560; sample++)
          if (within(edits, sample) !== within(proposals, sample)) throw new Error(`Sample ${sample} differs`)
        const names = edits.map(({ id }) => id)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  test('cuts only what is applied', () => {
    const { edits, ...list } = toEditList([proposed('filler', 0, 10), proposed('filler', 20, 30)], 1000)
    expect(
      appliedCuts({ ...list, edits: edits.map((edit, i) => ({ ...edit, status: i === 0 ? 'rejected' : 'applied' })) }).map(({ id }) => id),
    ).toEqual(['filler-20'])
  })
})

describe('The budget', () => {
  const list = toEditList([proposed('filler', 0, 300), proposed('pause', 1000, 5000)], 1000)

  test('is of speech, so pauses do not count', () => {
    expect(() => checkBudget(list, 1000, 10_000, 0.3)).not.toThrow()
  })

  test('stops a run that would remove more, with both figures', () => {
    expect(() => checkBudget(list, 1000, 10_000, 0.29)).toThrow(
      expect.objectContaining({ code: 'cut_budget_exceeded', message: expect.stringMatching(/30 % of the speech; the limit is 29 %/) as unknown }),
    )
  })

  test('counts only what is applied', () => {
    const rejected = { ...list, edits: list.edits.map((edit) => ({ ...edit, status: 'rejected' as const })) }
    expect(() => checkBudget(rejected, 1000, 10_000, 0)).not.toThrow()
  })

  test('never lets the whole recording go', () => {
    expect(() => checkBudget(toEditList([proposed('pause', 0, 600), proposed('filler', 600, 1000)], 1000), 1000, 1000, 1)).toThrow(
      expect.objectContaining({ code: 'nothing_left' }),
    )
  })
})
