// Flubbers: how far back a mistake reaches.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { splicesOf, toEditList } from '../../shared/edits/edits.ts'
import { detectFlubbers } from '../../shared/edits/flubber.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { sampleRate, saying, soundingIn } from '../support/saying.ts'

const settings = { flubber: { enabled: true, phrases: ['that was a mistake'] }, matchScore: 0.8 }
const proposed = (transcript: Transcript, own = settings) =>
  detectFlubbers(transcript, soundingIn(transcript.words), own)
const gone = (text: string) => proposed(saying(text)).map((edit) => edit.text)

describe('What goes is the command and', () => {
  test('the sentence before it', () => {
    expect(gone('This is good. Clay is a kind of paper. That was a mistake. Clay is mud.')).toEqual([
      'Clay is a kind of paper. That was a mistake.',
    ])
  })

  test('the sentence that it breaks off', () => {
    expect(gone('This is good. Clay is a that was a mistake. Mud is what it is.')).toEqual([
      'Clay is a that was a mistake.',
    ])
  })

  test('without full stops, what was said since the last silence', () => {
    expect(gone('this is good [700] clay is paper that was a mistake mud is good')).toEqual([
      'clay is paper that was a mistake',
    ])
  })

  test('with full stops, not less for a silence to think in, but for a long one', () => {
    expect(gone('Good. Clay is [900] a kind of paper. That was a mistake.')).toEqual([
      'Clay is [900] a kind of paper. That was a mistake.'.replace('[900] ', ''),
    ])
    expect(gone('Good. Clay is [2100] a kind of paper. That was a mistake.')).toEqual([
      'a kind of paper. That was a mistake.',
    ])
  })

  test('nothing of what somebody else said', () => {
    expect(gone('Ada: is that so Ben: clay is paper that was a mistake')).toEqual([
      'clay is paper that was a mistake',
    ])
  })

  test('nothing of what was said more than 45 s ago', () => {
    const [cut] = gone(`${'word '.repeat(200)} that was a mistake`)
    expect(cut!.split(' ').length).toBeLessThan(118)
  })

  test('nothing else when nothing was said before it', () => {
    expect(gone('that was a mistake clay is mud')).toEqual(['that was a mistake'])
  })
})

describe('When the same words follow again, the first take goes', () => {
  test('from where it began, however many sentences ago', () => {
    expect(
      gone('Good. The kiln was built in Rome. It was hot. That was a mistake. The kiln was built in Greece.'),
    ).toEqual(['The kiln was built in Rome. It was hot. That was a mistake.'])
  })

  test('from the middle of a sentence', () => {
    expect(gone('Good. In those days the kiln was cold, that was a mistake, the kiln was hot.')).toEqual([
      'the kiln was cold, that was a mistake,',
    ])
  })

  test('and the latest of several takes is the botched one', () => {
    expect(gone('The kiln was hot. The kiln was cold. That was a mistake. The kiln was wet.')).toEqual([
      'The kiln was cold. That was a mistake.',
    ])
  })

  test('though a word of it was changed or misheard', () => {
    expect(
      gone('Good. The old kilns were cold. It rained. That was a mistake. The old kiln was hot.'),
    ).toEqual(['The old kilns were cold. It rained. That was a mistake.'])
  })

  test('but two common words far back are no retake', () => {
    expect(gone('And then there was mud. Clay is paper. That was a mistake. And then it rained.')).toEqual([
      'Clay is paper. That was a mistake.',
    ])
  })

  test('and what somebody else said is no take of theirs', () => {
    expect(
      gone('Ada: the kiln was cold Ben: no. Clay was paper. That was a mistake. The kiln was cold.'),
    ).toEqual(['Clay was paper. That was a mistake.'])
  })

  test('and the reason says so', () => {
    const [retake] = proposed(saying('The kiln was cold. That was a mistake. The kiln was hot.'))
    expect(retake!.reason).toBe(
      '"that was a mistake" was said, and then the same words again from the beginning: ' +
        'the first take goes, together with the command.',
    )
    const [sentence] = proposed(saying('The kiln was cold. That was a mistake. Mud is good.'))
    expect(sentence!.reason).toBe(
      '"that was a mistake" was said: the sentence before it goes, together with the command.',
    )
  })
})

describe('Two in a row are one cut', () => {
  test('with nothing between them', () => {
    expect(gone('Good. Clay is paper. That was a mistake. That was a mistake. Mud.')).toEqual([
      'Clay is paper. That was a mistake. That was a mistake.',
    ])
  })

  test('with another botched take between them', () => {
    const cuts = proposed(
      saying(
        'Good. The kiln was cold. That was a mistake. The kiln was wet. That was a mistake. ' +
          'The kiln was hot.',
      ),
    )
    expect(cuts.map(({ text }) => text)).toEqual([
      'The kiln was cold. That was a mistake. The kiln was wet. That was a mistake.',
    ])
    expect(cuts[0]!.reason).toContain('was said twice')
  })

  test('but not with a good sentence between them', () => {
    expect(
      gone('Clay is paper. That was a mistake. Clay is mud. Mud is gold. That was a mistake. Good.'),
    ).toHaveLength(2)
  })
})

describe('A flubber', () => {
  test('is not looked for when switched off or when times come from captions', () => {
    const text = 'Clay is paper. That was a mistake.'
    expect(proposed(saying(text), { ...settings, flubber: { ...settings.flubber, enabled: false } })).toEqual(
      [],
    )
    expect(proposed(saying(text, 'en', false))).toEqual([])
  })

  test('never cuts into a word that stays, and never overlaps another', () => {
    const word = fc.constantFrom(
      'clay',
      'is',
      'paper.',
      'kiln',
      'that was a mistake',
      'mud.',
      '[700]',
      '[3000]',
      'Ada:',
      'Ben:',
    )
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 40 }),
        fc.infiniteStream(fc.integer({ min: -9000, max: -1000 })),
        (pieces, noise) => {
          const { words } = saying(`well ${pieces.join(' ')}`)
          const analysis = soundingIn(words)
          analysis.levels.forEach(
            (level, i) => (analysis.levels[i] = level === -6000 ? (noise.next().value as number) : level),
          )
          const cuts = detectFlubbers({ language: 'en', exactTimes: true, words }, analysis, settings)
          for (const cut of cuts) {
            expect(cut.endSample).toBeGreaterThan(cut.startSample)
            for (const { startSample, endSample } of words) {
              const shared = Math.min(cut.endSample, endSample) - Math.max(cut.startSample, startSample)
              expect(shared <= 0 || shared >= 0.6 * (endSample - startSample)).toBe(true)
            }
          }
          expect(splicesOf(toEditList(cuts, sampleRate))).toHaveLength(cuts.length)
        },
      ),
      { numRuns: 200 },
    )
  })
})
