// Words that listeners are spared: which forms of a listed word are meant, and which other words are not.
import { describe, expect, test } from '@jest/globals'
import { detectCensored } from '../../shared/edits/censor.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { sampleRate, saying } from '../support/saying.ts'

const censor = { enabled: true, words: ['fuck', 'shit', 'bite', 'son of a bitch', 'abracadabra'] }
const proposed = (transcript: Transcript, own = censor) =>
  detectCensored(transcript, sampleRate, { censor: own, matchScore: 0.8 })
const covered = (text: string) => proposed(saying(text)).map((edit) => edit.text)

describe('A listed word is covered', () => {
  test('whatever its case, punctuation and how long it is drawn out', () => {
    expect(covered('oh Shit! what the FUCK, shiiiiit')).toEqual(['Shit!', 'FUCK,', 'shiiiiit'])
  })

  test('with the endings that words have', () => {
    expect(covered("shits shitting fucked fucker fuckers fucking fuckin' biting")).toHaveLength(8)
  })

  test('spelt with digits and signs, or masked by the recogniser', () => {
    expect(covered('sh1t $hit f*ck f***ing s***')).toHaveLength(5)
  })

  test('when it is several words', () => {
    expect(covered('that son of a bitch, he')).toEqual(['son of a bitch,'])
  })

  test('when it is long and a letter of it was misheard', () => {
    expect(covered('and abracadabbra abrakadabra')).toHaveLength(2)
  })
})

describe('Another word is not covered', () => {
  test('though it is one letter away, or holds a listed one', () => {
    expect(covered('shift duck sheet ship shut luck truck shirt bit bitter wish it fuchsia mishit')).toEqual(
      [],
    )
  })

  test('for being nothing but asterisks', () => {
    expect(covered('**** * ****ing')).toEqual([])
  })
})

test('The tone lies on exactly the word, and the transcript says so', () => {
  const transcript = saying('oh shit yes')
  const { startSample, endSample } = transcript.words[1]!
  expect(proposed(transcript)).toEqual([
    {
      kind: 'censor',
      startSample,
      endSample,
      text: 'shit',
      detector: 'censor',
      score: 1,
      reason: 'A word on the list, covered by a tone of 1000 Hz.',
      insert: { sound: 'tone', hz: 1000, text: '[bleep]' },
    },
  ])
})

test('Nothing is covered unless asked for, nor when times come from captions', () => {
  expect(proposed(saying('oh shit'), { ...censor, enabled: false })).toEqual([])
  expect(proposed(saying('oh shit', 'en', false))).toEqual([])
})
