// What a producer decides, before it is submitted: words cut and brought back, edges moved, and what the API is told.
import { describe, expect, test } from '@jest/globals'
import {
  choose,
  chooseAll,
  cutSpan,
  decisionsNear,
  decisionsOf,
  emptyDraft,
  isCut,
  keepSpan,
  planned,
  removedSpans,
  spanOfWords,
  undecided,
  type Edit,
  type Span,
} from '../../shared/console/browser/review/model.ts'

const anEdit = (
  id: string,
  [startSeconds, endSeconds]: [number, number],
  more: Partial<Edit> = {},
): Edit => ({
  ...{ id, kind: 'filler', status: 'applied', waits: false, startSeconds, endSeconds, text: 'um' },
  ...{ reason: '', question: null, answer: null, puts: null, isHeard: true },
  ...more,
})
const span = (startSeconds: number, endSeconds: number): Span => ({ startSeconds, endSeconds })
const filler = anEdit('filler-1', [10, 14])
const question = anEdit('intern-1', [20, 22], {
  kind: 'intern',
  status: 'pending',
  waits: true,
  puts: 'speech',
})

describe('Words that are brought back', () => {
  const kept: readonly [string, Span, Span[]][] = [
    ['from the beginning of a cut move its start', span(9, 11), [span(11, 14)]],
    ['from its end move its end', span(13, 15), [span(10, 13)]],
    ['from its middle split it', span(11, 12), [span(10, 11), span(12, 14)]],
    ['from all of it undo it', span(9, 15), []],
    ['but for less than can be cut undo it', span(10.01, 15), []],
    ['elsewhere change nothing', span(15, 16), [span(10, 14)]],
  ]
  test.each(kept)('%s', (_what, back, left) => {
    const draft = keepSpan(emptyDraft, [filler], back)
    expect(removedSpans(planned([filler], draft))).toEqual(left)
    const byHand = keepSpan(cutSpan(emptyDraft, span(10, 14)), [], back)
    expect(removedSpans(planned([], byHand))).toEqual(left)
  })

  test('out of a bleep take all of it away, since it cannot be shorter than its word', () => {
    const bleep = anEdit('censor-1', [10, 14], { kind: 'censor', puts: 'tone' })
    expect(decisionsOf([bleep], keepSpan(emptyDraft, [bleep], span(11, 12)))).toEqual([
      { decision: 'reject', edit: 'censor-1' },
    ])
  })
})

test('Cuts by hand that touch are one, and one that is too short is none', () => {
  const draft = cutSpan(cutSpan(cutSpan(emptyDraft, span(1, 2)), span(2, 3)), span(5, 5.01))
  expect(decisionsOf([], draft)).toEqual([{ decision: 'cut', ...span(1, 3) }])
})

test('A cut by hand is moved and given up like any edit, until it is submitted', () => {
  const draft = cutSpan(emptyDraft, span(1, 2))
  const [cut] = planned([], draft)
  expect(choose(draft, cut!, { verdict: 'make', moved: span(1, 3) }).cuts).toEqual([span(1, 3)])
  expect(choose(draft, cut!, { verdict: 'leave' })).toEqual(emptyDraft)
})

test('An edit that is moved and answered is told as both, in the order in which they apply', () => {
  const moved = choose(emptyDraft, question, { verdict: 'make', moved: span(19, 22) })
  expect(undecided(planned([question], moved))).toHaveLength(1)
  const answered = choose(moved, question, { verdict: 'make', answer: 'Forty-two.' })
  expect(undecided(planned([question], answered))).toEqual([])
  expect(decisionsOf([question], answered)).toEqual([
    { decision: 'adjust', edit: 'intern-1', ...span(19, 22) },
    { decision: 'answer', edit: 'intern-1', text: 'Forty-two.' },
  ])
})

test('A choice that says what stands anyway is no change, and taking one back leaves none', () => {
  expect(choose(emptyDraft, filler, { verdict: 'make' })).toBe(emptyDraft)
  const left = choose(emptyDraft, filler, { verdict: 'leave' })
  expect(choose(left, filler, { verdict: 'leave' })).toEqual(left)
  expect(choose(left, filler, { verdict: 'make' })).toEqual(emptyDraft)
})

test('All of a kind are made but questions without an answer, or left', () => {
  const edits = [filler, anEdit('filler-2', [30, 31]), question]
  const draft = chooseAll(chooseAll(emptyDraft, edits, 'filler', 'leave'), edits, 'intern', 'make')
  expect(decisionsOf(edits, draft)).toEqual([
    { decision: 'reject', edit: 'filler-1' },
    { decision: 'reject', edit: 'filler-2' },
  ])
})

test('Only what is decided near a span goes along when it is heard', () => {
  const edits = [filler, anEdit('filler-2', [300, 301])]
  const draft = cutSpan(chooseAll(emptyDraft, edits, 'filler', 'leave'), span(200, 201))
  expect(decisionsNear(edits, draft, span(9, 20))).toEqual([{ decision: 'reject', edit: 'filler-1' }])
  expect(decisionsNear(edits, draft, span(199, 202))).toEqual([{ decision: 'cut', ...span(200, 201) }])
})

test('Words are cut from the middle of the silence before them to the middle of that behind them', () => {
  const words = [span(0, 1), span(1.2, 2), span(5, 6)].map((one) => ({ ...one, text: 'a', speaker: null }))
  expect(spanOfWords(words, 1, 1, 10)).toEqual(span(1.1, 2.25))
  expect(words.map((word) => isCut(word, [span(1.1, 2.25)]))).toEqual([false, true, false])
})
