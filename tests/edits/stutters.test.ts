// Stutters and restarts: which repeats are accidents, which may be, and which are meant.
import { describe, expect, test } from '@jest/globals'
import { detectStutters, findStutters } from '../../shared/edits/stutters.ts'
import { repeatedWords } from '../../shared/edits/repeated-words.ts'
import { proposeEdits } from '../../shared/edits/propose.ts'
import { cleaningSettings } from '../../shared/settings/cleaning.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { sampleRate, saying, soundingIn } from '../support/saying.ts'

const exact = { lagSamples: 0, errorSamples: 0 }

/** What would be cut, "?" behind what is only proposed. */
const foundIn = (transcript: Transcript) =>
  findStutters(transcript, sampleRate).map(
    ({ first, last, isCertain }) =>
      transcript.words
        .slice(first, last + 1)
        .map(({ text }) => text)
        .join(' ') + (isCertain ? '' : ' ?'),
  )
const found = (text: string, language = 'en') => foundIn(saying(text, language))

describe('A stutter is', () => {
  test.each([
    ['so I I think', ['I']],
    ['so I, I I think', ['I, I']],
    ['and the, and the house', ['and the,']],
    ['he said the— the house', ['the—']],
    ["it's it's late", ["it's"]],
    ['in the in the morning', ['in the']],
    ['A a house', ['A']],
    ['wh- where is it', ['wh-']],
    ['t- t- talk to me', ['t- t-']],
    ['th— the house', ['th—']],
    ['I- I’m here', ['I-']],
  ])('"%s"', (text, expected) => expect(found(text)).toEqual(expected))

  test.each([
    ['de', 'und und ich ich gehe', ['und', 'ich']],
    ['fr-FR', 'je je pense', ['je']],
    ['es', 'y y pero', ['y']],
  ])('one in %s too: "%s"', (language, text, expected) => expect(found(text, language)).toEqual(expected))
})

describe('A repeat that may be meant is left to a person', () => {
  test.each([
    ['I think I think so', ['I think ?']],
    ['what it was was odd', ['was ?']],
    ['come in in May', ['in ?']],
    ['I do not know I do not', []],
    ['go to the go to the door', ['go to the ?']],
    ['that the that the house', ['that the ?']],
  ])('"%s"', (text, expected) => expect(found(text)).toEqual(expected))
})

describe('A repeat that is meant is never proposed', () => {
  const meant =
    'that had very no yes so really is you her now there right okay well bye years again one two hundred'
  test.each(meant.split(' '))('"%s"', (word) => expect(found(`then ${word} ${word} then`)).toEqual([]))

  test.each(['no no no', 'call 5 5 2', 'call 5- 55', 'B B C', 'the A A is', 'bye bye bye bye'])(
    '"%s"',
    (text) => expect(found(text)).toEqual([]),
  )

  test.each([
    ['de', 'die die das sagen'],
    ['fr', 'nous nous voyons'],
    ['es', 'muy muy bien'],
  ])('in %s: "%s"', (language, text) => expect(found(text, language)).toEqual([]))

  test.each(Object.entries(repeatedWords))('and no list of %s says both of a word', (_language, lists) => {
    const certain = [...lists.stumbled, ...lists.restarted]
    expect(certain.filter((word) => lists.meant.has(word))).toEqual([])
  })
})

describe('A repeat is none', () => {
  test.each([
    ['when the thought has ended', 'so did I. I think'],
    ['when another repeats it', 'Ada: so did I Bob: I think'],
    ['when 0.6 s lie between', 'so I [600] I think'],
    ['when the word is broken off into another', 'wh- then'],
    ['when the dash is within a word', 'the well-known well'],
  ])('%s: "%s"', (_why, text) => expect(found(text)).toEqual([]))

  test('in a language without a list, and without exact times', () => {
    expect(found('the the house', 'nl')).toEqual([])
    expect(foundIn(saying('the the house', 'en', false))).toEqual([])
  })

  test('of a word whose place is a guess', () => {
    const transcript = saying('the the house')
    const words = transcript.words.map((word, i) => (i === 0 ? { ...word, isPlaced: true as const } : word))
    expect(foundIn({ ...transcript, words })).toEqual([])
  })
})

test('What is long is certain only where what was meant follows within 0.3 s', () => {
  expect(found('and the [300] and the house')).toEqual(['and the'])
  expect(found('and the [310] and the house')).toEqual(['and the ?'])
  expect(found('the [590] the house')).toEqual(['the'])
})

describe('What is done with a stutter is for the template to say', () => {
  const transcript = saying('so I I think it was was odd')
  const analysis = soundingIn(transcript.words)
  const edits = (stutters: 'off' | 'propose' | 'cut') =>
    detectStutters(transcript, analysis, exact, stutters).map(({ text, status }) => [
      text,
      status ?? 'applied',
    ])

  test('nothing, a proposal, or a cut of what nobody means', () => {
    expect(edits('off')).toEqual([])
    expect(edits('propose')).toEqual([
      ['I', 'pending'],
      ['was', 'pending'],
    ])
    expect(edits('cut')).toEqual([
      ['I', 'applied'],
      ['was', 'pending'],
    ])
  })

  test('the cut takes the first of the two and nothing of the second', () => {
    const [stutter] = detectStutters(transcript, analysis, exact, 'cut')
    expect(stutter).toMatchObject({ kind: 'stutter', detector: 'stutters', reason: 'Said twice.' })
    expect(stutter!.startSample).toBeGreaterThanOrEqual(transcript.words[0]!.endSample)
    expect(stutter!.endSample).toBeLessThanOrEqual(transcript.words[2]!.startSample)
  })

  test('by default it is proposed, and a filler that is said twice is two fillers and no stutter', () => {
    const hesitant = saying('so um um I I think')
    const kinds = proposeEdits(hesitant, soundingIn(hesitant.words), cleaningSettings({}))
      .filter(({ kind }) => kind !== 'pause')
      .map(({ kind, text, status }) => `${kind}: ${text} ${status ?? ''}`.trim())
    expect(kinds).toEqual(['filler: um', 'filler: um', 'stutter: I pending'])
  })
})
