// What a producer decides of proposed edits, under the show's policy.
import { describe, expect, test } from '@jest/globals'
import { cleaningSettings } from '../../shared/settings/cleaning.ts'
import {
  answersByEdit,
  decideEdits,
  lostDecisions,
  waitsForReview,
  withRest,
} from '../../shared/edits/decisions.ts'
import { parseDecisions, parseDecisionsFile, type Decision } from '../../shared/edits/decisions-file.ts'
import { toEditList, type ProposedEdit } from '../../shared/edits/edits.ts'

const proposed = (
  kind: ProposedEdit['kind'],
  startSample: number,
  endSample: number,
  more: Partial<ProposedEdit> = {},
): ProposedEdit => ({
  kind,
  startSample,
  endSample,
  text: '',
  detector: 'test',
  score: 1,
  reason: 'Found.',
  ...more,
})
const question = proposed('intern', 5000, 7000, {
  insert: { sound: 'speech', text: null },
  question: 'how old is the moon',
})
const list = toEditList([proposed('filler', 100, 200), proposed('flubber', 1000, 3000), question], 1000)
const policy = cleaningSettings({}).review
const decide = (decisions: readonly Decision[] = [], answers = new Map<string, string>()) =>
  decideEdits(list, policy, answers, decisions, 10_000)
const statuses = (decisions: readonly Decision[] = [], answers?: Map<string, string>) =>
  Object.fromEntries(decide(decisions, answers).edits.map(({ id, status }) => [id, status]))

describe('Without decisions', () => {
  test('what may be applied is; a botched take and an unanswered question wait', () => {
    expect(statuses()).toEqual({
      'filler-100': 'applied',
      'flubber-1000': 'pending',
      'intern-5000': 'pending',
    })
    expect(waitsForReview(decide(), policy).map(({ id }) => id)).toEqual(['flubber-1000', 'intern-5000'])
  })

  test('an answer from elsewhere needs nobody to wait', () => {
    const answers = answersByEdit(
      [{ edit: 'intern-5000' }],
      [{ part: 0, output: { text: 'Four billion years.' } }],
    )
    expect(statuses([], answers)['intern-5000']).toBe('applied')
    expect(decide([], answers).edits.find(({ id }) => id === 'intern-5000')!.insert).toEqual({
      sound: 'speech',
      text: 'Four billion years.',
    })
  })

  test('a show may apply everything, or look at everything', () => {
    const all = cleaningSettings({ review: { flubber: 'apply', filler: 'wait' } }).review
    const edits = decideEdits(list, all, new Map(), [], 10_000)
    expect(edits.edits.map(({ status }) => status)).toEqual(['pending', 'applied', 'pending'])
    expect(waitsForReview(edits, all).map(({ id }) => id)).toEqual(['filler-100', 'intern-5000'])
  })

  test('what a detector was unsure of stays undone, and no run waits for it', () => {
    const unsure = toEditList([proposed('filler', 100, 200, { status: 'pending' })], 1000)
    const edits = decideEdits(unsure, policy, new Map(), [], 10_000)
    expect([edits.edits[0]!.status, waitsForReview(edits, policy)]).toEqual(['pending', []])
  })
})

describe('A decision', () => {
  test('accepts, rejects, and may be taken back by a later one', () => {
    expect(statuses([{ decision: 'accept', edit: 'flubber-1000' }])['flubber-1000']).toBe('applied')
    expect(statuses([{ decision: 'reject', edit: 'filler-100' }])['filler-100']).toBe('rejected')
    const twice: Decision[] = [
      { decision: 'reject', edit: 'filler-100' },
      { decision: 'accept', edit: 'filler-100' },
    ]
    expect(statuses(twice)['filler-100']).toBe('applied')
  })

  test('moves the edges of an edit, which keeps its name', () => {
    const edit = decide([
      { decision: 'adjust', edit: 'flubber-1000', startSeconds: 1.5, endSeconds: 2.25 },
    ]).edits.find(({ id }) => id === 'flubber-1000')
    expect(edit).toMatchObject({
      status: 'applied',
      startSample: 1500,
      endSample: 2250,
      reason: 'Found. Its edges were moved by hand.',
    })
  })

  test('leaves nothing of those before it: the way to it is not seen', () => {
    const move = { decision: 'adjust', edit: 'filler-100', startSeconds: 0.1, endSeconds: 0.25 } as const
    const [accept, reject] = (['accept', 'reject'] as const).map((decision) => ({
      decision,
      edit: 'flubber-1000',
    }))
    const way: Decision[] = [{ ...move, endSeconds: 0.3 }, accept!, reject!, accept!, reject!, move]
    expect(decide(way)).toEqual(decide([reject!, move]))
  })

  test('answers a question; accepting one without an answer leaves it open', () => {
    expect(statuses([{ decision: 'answer', edit: 'intern-5000', text: 'Old.' }])['intern-5000']).toBe(
      'applied',
    )
    expect(statuses([{ decision: 'accept', edit: 'intern-5000' }])['intern-5000']).toBe('pending')
  })

  test('cuts by hand, up to the end of the recording', () => {
    const cuts = decide([{ decision: 'cut', startSeconds: 9, endSeconds: 99 }]).edits.filter(
      ({ kind }) => kind === 'cut',
    )
    expect(cuts).toEqual([
      expect.objectContaining({
        id: 'cut-9000',
        status: 'applied',
        startSample: 9000,
        endSample: 10_000,
        reason: 'Cut by hand.',
      }),
    ])
  })

  test('about an edit that is no longer proposed changes nothing', () => {
    expect(statuses([{ decision: 'reject', edit: 'filler-999' }])).toEqual(statuses())
  })
})

describe('A decisions file', () => {
  const parse = (decisions: unknown) =>
    parseDecisions(JSON.stringify({ version: 1, decisions }), 'mine.json', list, 10_000)

  test.each([
    [[{ decision: 'accept', edit: 'filler-1' }], /mine\.json, decision 1: there is no edit "filler-1"/],
    [[{ decision: 'answer', edit: 'filler-100', text: 'x' }], /filler-100 asks nothing/],
    [[{ decision: 'cut', startSeconds: 1, endSeconds: 1.01 }], /shorter than 0\.02 s/],
    [
      [{ decision: 'cut', startSeconds: 11, endSeconds: 12 }],
      /starts after the end of the recording, which is 10\.00 s/,
    ],
    [[{ decision: 'cut', startSeconds: 5, endSeconds: 50 }], /ends after the recording, which is 10\.00 s/],
    [
      [
        { decision: 'accept', edit: 'filler-100' },
        { decision: 'reject', edit: 'filler-100' },
      ],
      /says both "accept" and "reject" of filler-100/,
    ],
    [[{ decision: 'maybe', edit: 'filler-100' }], /decisions #1/],
    [[{ decision: 'accept', edit: 'filler-100', why: 'x' }], /why/],
  ])('that holds %j is refused with the reason', (decisions, message) => {
    expect(() => parse(decisions)).toThrow(
      expect.objectContaining({ code: 'bad_decisions', message: expect.stringMatching(message) as unknown }),
    )
  })

  test.each([
    [undefined, ['rejected', 'pending', 'pending']],
    ['reject', ['rejected', 'rejected', 'rejected']],
    ['accept', ['rejected', 'applied', 'pending']], // a question cannot be answered by nothing
    ['leave', ['rejected', 'pending', 'pending']],
  ] as const)('with the rest %j leaves edits %j', (rest, left) => {
    const file = { version: 1, decisions: [{ decision: 'reject', edit: 'filler-100' }], rest }
    const read = parseDecisionsFile(JSON.stringify(file), 'mine.json', list, 10_000)
    const edits = decide(withRest(read, decide(), 10_000)).edits
    expect([read.rest, edits.map(({ status }) => status)]).toEqual([rest, left])
  })

  test('what is left undone is not waited for any more, until it is decided on', () => {
    const left = withRest({ decisions: [], rest: 'leave' }, decide(), 10_000)
    const waiting = (decisions: readonly Decision[]) =>
      waitsForReview(decide(decisions), policy).map(({ id }) => id)
    expect([waiting([]), waiting(left)]).toEqual([['flubber-1000', 'intern-5000'], []])
    const accepted = decide([...left, { decision: 'accept', edit: 'flubber-1000' }]).edits[1]
    expect(accepted).toEqual({ ...decide().edits[1], status: 'applied', accepted: true })
    expect(lostDecisions(left, { ...list, edits: [] })).toBe(0)
  })

  test('what was left undone before is decided on with the rest; what is left in the same file is not', () => {
    const left = decide(withRest({ decisions: [], rest: 'leave' }, decide(), 10_000))
    const named = (decided: Parameters<typeof withRest>[0]) =>
      withRest(decided, left, 10_000).map((one) => ('edit' in one ? `${one.decision} ${one.edit}` : ''))
    expect(named({ decisions: [], rest: 'reject' })).toEqual(['reject flubber-1000', 'reject intern-5000'])
    expect(named({ decisions: [], rest: 'leave' })).toEqual([])
    const leave = { decision: 'leave', edit: 'flubber-1000' } as const
    expect(named({ decisions: [leave], rest: 'reject' })).toEqual([
      'leave flubber-1000',
      'reject intern-5000',
    ])
  })

  test('that is empty decides on nothing, the rest neither', () => {
    const read = parseDecisionsFile('{"version":1,"decisions":[]}', 'mine.json', list, 10_000)
    expect([read.rest, withRest(read, decide(), 10_000)]).toEqual([undefined, []])
  })

  test('that is not JSON is refused', () => {
    expect(() => parseDecisions('accept all', 'mine.json', list, 10_000)).toThrow(/mine\.json is not JSON/)
  })
})
