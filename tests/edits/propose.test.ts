// All detectors together: what they must know of one another.
import { describe, expect, test } from '@jest/globals'
import type { Span } from '../../shared/audio/analysis.ts'
import { toEditList, splicesOf } from '../../shared/edits/edits.ts'
import { alignForEdits, proposeEdits } from '../../shared/edits/propose.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { sampleRate, saying, soundingIn } from '../support/saying.ts'

const { cleaning } = defaultTemplate()

function proposed(text: string, settings = cleaning) {
  const transcript = saying(text)
  const edits = proposeEdits(transcript, soundingIn(transcript.words), settings)
  return toEditList(edits, sampleRate)
}
const kinds = (text: string) => proposed(text).edits.map((edit) => `${edit.kind}: ${edit.text}`)

describe('Everything that is proposed', () => {
  test('is there at once, each a kind of its own', () => {
    expect(
      kinds(
        'this is um good. Clay is paper. That was a mistake. Ask the assistant how high it is, stop. ' +
          'So there.',
      ),
    ).toEqual([
      'filler: um',
      'flubber: Clay is paper. That was a mistake.',
      'intern: Ask the assistant how high it is, stop.',
      'pause: ',
    ])
  })

  test('is pauses alone when nobody transcribed, and cuts by hand when somebody asked for them', () => {
    const analysis = soundingIn(saying('one [3000] two').words)
    const edits = proposeEdits(undefined, analysis, {
      ...cleaning,
      cuts: [{ startSeconds: 0.5, endSeconds: 0.9 }],
    })
    expect(edits.map(({ kind }) => kind)).toEqual(['cut', 'pause', 'pause'])
  })
})

describe('A pause', () => {
  test('is measured as it will sound when what is cut beside it is gone', () => {
    expect(kinds('one two. [1000] Clay is paper. That was a mistake. [1000] Three four')).toContain('pause: ')
    const { edits } = proposed('one two. [1000] Clay is paper. That was a mistake. [1000] Three four')
    const pauses = edits.filter(
      ({ kind, startSample, endSample }) => kind === 'pause' && startSample > 0 && endSample < 7000,
    )
    expect(
      2000 - pauses.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0),
    ).toBeCloseTo(500, -2)
  })

  test('does not run through an answer that is put in', () => {
    const { edits } = proposed('one two. [1000] Ask the assistant how high it is, stop. [1000] Three four')
    expect(
      edits.filter(
        ({ kind, startSample, endSample }) => kind === 'pause' && startSample > 1000 && endSample < 7000,
      ),
    ).toEqual([])
  })

  test('inside a longer edit is proposed too, for the case that somebody switches that one off', () => {
    const list = proposed('one two. Clay is [1900] paper. That was a mistake. Three four')
    const [flubber, pause] = ['flubber', 'pause'].map((kind) =>
      list.edits.find((edit) => edit.kind === kind && edit.startSample > 1000)!,
    )
    expect(pause!.startSample).toBeGreaterThan(flubber!.startSample)
    expect(pause!.endSample).toBeLessThan(flubber!.endSample)
    expect(splicesOf(list).filter(({ edit }) => edit === pause)).toEqual([])
  })
})

describe('Before anything is proposed, words are looked for in the sound', () => {
  const text =
    `${'one two three four. '.repeat(15)} Clay is paper. That was a mistake. ` +
    `${'five six seven um eight. '.repeat(2)} ${'nine ten eleven. '.repeat(15)}`
  const transcript = saying(text)
  const analysis = soundingIn(transcript.words)

  test('where they will be cut', async () => {
    const heard: Span[] = []
    const listen = (span: Span) => {
      heard.push(span)
      return Promise.resolve(new Float32Array(span.endSample - span.startSample).fill(0.1))
    }
    await alignForEdits(transcript, analysis, cleaning, listen)
    const edges = proposeEdits(transcript, analysis, cleaning)
      .filter(({ kind }) => kind !== 'pause')
      .flatMap(({ startSample, endSample }) => [startSample, endSample])
    expect(edges).toHaveLength(6)
    for (const edge of edges)
      expect(heard.some(({ startSample, endSample }) => startSample <= edge && edge <= endSample)).toBe(true)
  })

  test('not when the times are those of captions', async () => {
    const captions = saying(text, 'en', false)
    expect(
      await alignForEdits(captions, analysis, cleaning, () => Promise.reject(new Error('Nobody listens.'))),
    ).toBe(captions)
  })
})
