// The list of edits: named by kind and place, settled where they overlap, within the budget.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  checkBudget,
  shareCutByHand,
  splicesOf,
  toEditList,
  type Insertion,
  type ProposedEdit,
} from '../../shared/edits/edits.ts'
import { editKindNames, type EditKind } from '../../shared/settings/edit-kinds.ts'

const proposed = (
  kind: EditKind,
  startSample: number,
  endSample: number,
  insert?: Insertion,
): ProposedEdit => ({
  kind,
  startSample,
  endSample,
  text: '',
  detector: 'test',
  score: 1,
  reason: '',
  ...(insert ? { insert } : {}),
})
const bleep: Insertion = { sound: 'tone', hz: 1000, text: '[bleep]' }
const bell: Insertion = { sound: 'file', file: 'bell.wav', text: '{bell}' }
const namesOf = (proposals: readonly ProposedEdit[]) => toEditList(proposals, 1000).edits.map(({ id }) => id)
const spliced = (proposals: readonly ProposedEdit[]) =>
  splicesOf(toEditList(proposals, 1000)).map(({ startSample, endSample, edit }) => [
    edit.kind,
    startSample,
    endSample,
  ])

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

  test('keeps every proposal whole, whatever overlaps it, for each can be switched off alone', () => {
    expect(
      namesOf([proposed('flubber', 0, 900), proposed('filler', 100, 200), proposed('pause', 150, 400)]),
    ).toEqual(['flubber-0', 'filler-100', 'pause-150'])
  })

  test('drops what removes nothing and puts nothing in', () => {
    expect(namesOf([proposed('pause', 600, 600), proposed('sfx', 700, 700, bell)])).toEqual(['sfx-700'])
  })
})

describe('What the edits come to', () => {
  test('is only what is applied', () => {
    const { edits, ...list } = toEditList(
      [proposed('filler', 0, 10), proposed('filler', 20, 30), proposed('filler', 40, 50)],
      1000,
    )
    const statuses = ['rejected', 'applied', 'pending'] as const
    expect(
      splicesOf({ ...list, edits: edits.map((edit, i) => ({ ...edit, status: statuses[i]! })) }).map(
        ({ edit }) => edit.id,
      ),
    ).toEqual(['filler-20'])
  })

  test('is trimmed where a pause meets a filler: the filler keeps its span', () => {
    expect(spliced([proposed('filler', 100, 200), proposed('pause', 50, 400)])).toEqual([
      ['pause', 50, 100],
      ['filler', 100, 200],
      ['pause', 200, 400],
    ])
  })

  test('leaves out what lies inside a botched take', () => {
    expect(
      spliced([
        proposed('flubber', 0, 900),
        proposed('filler', 100, 200),
        proposed('censor', 300, 400, bleep),
      ]),
    ).toEqual([['flubber', 0, 900]])
  })

  test('puts nothing in twice at one place, and an insertion may stand at the edge of a cut', () => {
    expect(
      spliced([proposed('sfx', 500, 500, bell), proposed('cut', 100, 500), proposed('sfx', 300, 300, bell)]),
    ).toEqual([
      ['cut', 100, 500],
      ['sfx', 500, 500],
    ])
  })

  test('never overlaps itself and covers exactly what was proposed to be removed, in any order', () => {
    const span = fc
      .tuple(
        fc.constantFrom<EditKind>(...editKindNames.filter((kind) => kind !== 'sfx' && kind !== 'censor')),
        fc.nat(500),
        fc.nat(60),
      )
      .map(([kind, start, length]) => proposed(kind, start, start + length))
    const within = (spans: readonly { startSample: number; endSample: number }[], sample: number) =>
      spans.some(({ startSample, endSample }) => startSample <= sample && sample < endSample)
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (proposals) => {
        const list = toEditList(proposals, 1000)
        const splices = splicesOf(list)
        splices.forEach(({ startSample, endSample }, i) => {
          expect(endSample).toBeGreaterThan(startSample)
          expect(startSample).toBeGreaterThanOrEqual(splices[i - 1]?.endSample ?? 0)
        })
        for (let sample = 0; sample < 560; sample++)
          if (within(splices, sample) !== within(list.edits, sample))
            throw new Error(`Sample ${sample} differs`)
        expect(new Set(list.edits.map(({ id }) => id)).size).toBe(list.edits.length)
      }),
    )
  })
})

describe('The budget', () => {
  const speech = [{ startSample: 0, endSample: 1000 }]
  const list = toEditList([proposed('filler', 0, 300), proposed('pause', 1000, 5000)], 1000)

  test('counts speech, not pauses', () => {
    expect(() => checkBudget(list, speech, 10_000, 0.3)).not.toThrow()
  })

  test('stops a run that would remove more, and says how much', () => {
    expect(() => checkBudget(list, speech, 10_000, 0.29)).toThrow(
      expect.objectContaining({
        code: 'cut_budget_exceeded',
        message: expect.stringContaining('30 %') as unknown,
      }),
    )
  })

  test('does not count what is switched off, what a person cut, or a bleep', () => {
    const rejected = { ...list, edits: list.edits.map((edit) => ({ ...edit, status: 'rejected' as const })) }
    expect(() => checkBudget(rejected, speech, 10_000, 0)).not.toThrow()
    const byHand = toEditList([proposed('cut', 0, 900), proposed('censor', 900, 1000, bleep)], 1000)
    expect(() => checkBudget(byHand, speech, 10_000, 0)).not.toThrow()
  })

  test('what is cut by hand counts as such, and nothing that was proposed', () => {
    const bleeped = proposed('censor', 500, 600, bleep)
    const edits = toEditList([proposed('cut', 0, 500), bleeped, proposed('filler', 600, 700)], 1000)
    expect(shareCutByHand(edits, speech)).toBe(0.5)
    expect(shareCutByHand(toEditList([proposed('pause', 1000, 5000)], 1000), speech)).toBe(0)
    expect(shareCutByHand(edits, [])).toBe(0)
  })

  test('never lets the whole recording go', () => {
    expect(() =>
      checkBudget(
        toEditList([proposed('pause', 0, 600), proposed('filler', 600, 1000)], 1000),
        speech,
        1000,
        1,
      ),
    ).toThrow(expect.objectContaining({ code: 'nothing_left' }))
  })
})
