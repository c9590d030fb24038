// The run's context: scalars on their way, lists and records where they are used.
import { expect, test } from '@jest/globals'
import { fanOut, pick, readContext, toScalars } from '../../shared/episode/run-context.ts'
import { Permanent } from '../../shared/errors.ts'

test('what is put in comes out the same, and travels as scalars', () => {
  const values = {
    questions: [{ edit: 'intern-1', question: 'How old is the moon?' }],
    spokenHashes: ['a1', 'b2'],
    providerKeys: { openai: 'v1.sealed' },
    gainDb: -3.5,
  }
  const scalars = toScalars(values)
  expect(scalars).toEqual({
    questions: '[{"edit":"intern-1","question":"How old is the moon?"}]',
    spokenHashes: 'a1 b2',
    providerKeys: '{"openai":"v1.sealed"}',
    gainDb: -3.5,
  })
  expect(readContext(scalars, 'questions', 'spokenHashes', 'providerKeys', 'gainDb')).toEqual(values)
})

test('a run that began before a field was there has its default', () => {
  expect(readContext({}, 'pictures', 'episodeFacts', 'letters', 'unplanned', 'marksObject')).toEqual({
    pictures: [],
    episodeFacts: { speakers: {} },
    letters: [],
    unplanned: false,
    marksObject: null,
  })
})

test('no words are no parts, one word is one', () => {
  const parts = fanOut(['spokenHashes'], ({ spokenHashes }) =>
    spokenHashes.map((spokenHash) => ({ spokenHash })),
  )
  expect(parts({ spokenHashes: '' })).toEqual([])
  expect(parts({ spokenHashes: 'a1' })).toEqual([{ spokenHash: 'a1' }])
})

test.each([
  ['a field that is missing', {}],
  ['text that is not JSON', { questions: 'what?' }],
  ['JSON of another shape', { questions: '[{"edit":1}]' }],
])('%s is named', (_, context) => {
  expect(() => readContext(context, 'questions')).toThrow(expect.objectContaining({ code: 'bad_context' }))
  expect(() => readContext(context, 'questions')).toThrow(/questions/)
  expect(() => readContext(context, 'questions')).toThrow(Permanent)
})

test('a step is given only the fields it names', () => {
  expect(pick('gainDb').parse({ gainDb: 1, sampleRate: 48000 })).toEqual({ gainDb: 1 })
})
