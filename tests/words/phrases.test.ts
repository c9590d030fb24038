// Phrases: what counts as having said one.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { findPhrases, likeness, soundOf } from '../../shared/words/phrases.ts'
import { sampleRate, saying } from '../support/saying.ts'

const found = (text: string, phrases: readonly string[], matchScore = 0.8) => {
  const { words } = saying(text)
  return findPhrases(words, phrases, sampleRate, matchScore).map(({ first, last }) =>
    words
      .slice(first, last + 1)
      .map((word) => word.text)
      .join(' '),
  )
}
const mistake = ['that was a mistake']

describe('A phrase is found', () => {
  test('whatever its case, punctuation, accents and stretched letters', () => {
    expect(found('so. THAT, was — a Mistaaake! then', mistake)).toEqual(['THAT, was — a Mistaaake!'])
    const spoken = 'alors c’était une erreur voilà'
    expect(found(spoken, ["c'etait une erreur"])).toEqual(['c’était une erreur'])
  })

  test('when the recogniser joined or split its words, or misheard a letter', () => {
    expect(found('that was a miss take then', mistake)).toEqual(['that was a miss take'])
    expect(found('okay thatwas amistake then', mistake)).toEqual(['thatwas amistake'])
    expect(found('ask the assistants, what', ['ask the assistant'])).toEqual(['ask the assistants,'])
  })

  test('with a hesitation or a stammer inside', () => {
    expect(found('ask the um assistant', ['ask the assistant'])).toEqual(['ask the um assistant'])
    expect(found('ask the the assistant', ['ask the assistant'])).toEqual(['ask the the assistant'])
  })

  test('the longest of several first, and none inside another', () => {
    expect(found('go stop intern stop', ['stop', 'stop intern'])).toEqual(['stop intern', 'stop'])
  })

  test('as often as it is said', () => {
    expect(found('that was a mistake that was a mistake', mistake)).toHaveLength(2)
  })

  test('in as many words as it has, not in more that sound no better', () => {
    expect(found('a stop a', ['stop'])).toEqual(['stop'])
  })
})

describe('A phrase is not found', () => {
  test('when a word is said that turns its meaning round', () => {
    expect(found('that was not a mistake', mistake)).toEqual([])
    expect(found('that was no mistake', mistake)).toEqual([])
  })

  test('across a change of speaker, or a silence of more than a second and a half', () => {
    expect(found('Ada: that was Ben: a mistake', mistake)).toEqual([])
    expect(found('that was [1600] a mistake', mistake)).toEqual([])
    expect(found('that was [1500] a mistake', mistake)).toHaveLength(1)
  })

  test('when what was said is less like it than asked', () => {
    expect(found('that is a mystery', mistake)).toEqual([])
    expect(found('that was a misty lake', mistake, 0.95)).toEqual([])
  })

  test('in half a short word, however little is asked', () => {
    expect(found('so to the top', ['stop'], 0.5)).toEqual(['top'])
    expect(found('so it is', ['stop'], 0.5)).toEqual([])
  })

  test('when it is nothing but punctuation, or there is nothing to look in', () => {
    expect(found('so … it', ['…', ''])).toEqual([])
    expect(findPhrases([], mistake, sampleRate, 0.8)).toEqual([])
  })
})

describe('Likeness', () => {
  const spelt = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })

  test('is 1 for the same, the same both ways, and never outside 0 to 1', () => {
    fc.assert(
      fc.property(spelt, spelt, (a, b) => {
        expect(likeness(a, a)).toBe(1)
        expect(likeness(a, b)).toBe(likeness(b, a))
        expect(likeness(a, b)).toBeGreaterThanOrEqual(0)
        expect(likeness(a, b)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('that is asked for is given exactly, and what is less counts for nothing', () => {
    fc.assert(
      fc.property(spelt, spelt, fc.double({ min: 0.5, max: 0.95, noNaN: true }), (a, b, atLeast) => {
        const all = likeness(a, b)
        expect(likeness(a, b, atLeast)).toBeCloseTo(all >= atLeast - 1e-9 ? all : 0)
      }),
    )
  })

  test('falls by each letter changed, and the threshold itself is enough', () => {
    expect(likeness('stop', 'stops', 0.8)).toBe(0.8)
    expect(likeness(soundOf('Müll-Café'), soundOf('mulcafe'))).toBe(1)
  })
})

test('Whatever is said, phrases that are found lie in order and apart', () => {
  const word = fc.constantFrom(
    'that',
    'was',
    'a',
    'mistake',
    'stop',
    'intern',
    'uh',
    'thatwas',
    'miss',
    'take',
    '—',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (texts) => {
      const said = findPhrases(
        saying(`so ${texts.join(' ')}`).words,
        ['that was a mistake', 'stop', 'stop intern'],
        sampleRate,
        0.8,
      )
      said.forEach(({ first, last, score }, i) => {
        expect(last).toBeGreaterThanOrEqual(first)
        expect(first).toBeGreaterThan(said[i - 1]?.last ?? -1)
        expect(score).toBeGreaterThanOrEqual(0.8)
      })
    }),
  )
})
