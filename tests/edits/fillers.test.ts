// Fillers: which words are, and how a cut around one spares its neighbours.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Analysis } from '../../shared/audio/analysis.ts'
import type { AlignedTranscript } from '../../shared/alignment/alignment.ts'
import { detectFillers } from '../../shared/edits/fillers.ts'
import type { Transcript, Word } from '../../shared/words/words.ts'

const sampleRate = 1000
const frame = 10
const on = { enabled: true, risky: false }
/** Times as exact as they come; nothing is doubtful. */
const exact = { lagSamples: 0, errorSamples: 0 }

/** Silence wherever no word is said; the words' own middles are loudest. */
function analysisOf(words: readonly Word[], totalSamples = 20_000): Analysis {
  const levels = new Int16Array(totalSamples / frame).fill(-6000)
  for (const { startSample, endSample } of words)
    levels.fill(-2000, Math.floor(startSample / frame), Math.ceil(endSample / frame))
  return {
    levels,
    format: { sampleRate, channels: 1, sampleFormat: 's16le' },
    totalSamples,
    quietBelowDb: -45,
  } as unknown as Analysis
}

/** Words of 300 ms with 100 ms between them. */
const said = (text: string, language = 'en', exactTimes = true): Transcript => ({
  language,
  exactTimes,
  words: text.split(' ').map((word, i) => ({
    text: word,
    startSample: 1000 + i * 400,
    endSample: 1300 + i * 400,
    speaker: null,
    confidence: null,
  })),
})

const found = (transcript: Transcript, words?: string[]) =>
  detectFillers(transcript, analysisOf(transcript.words), exact, words ? { ...on, words } : on).map(
    ({ text }) => text,
  )

describe('A filler', () => {
  test('is told by its sound, not by case, punctuation or how long it was drawn out', () => {
    expect(found(said('So, Um, I uhhhh think ERM… that hmmmm - yes'))).toEqual([
      'Um,',
      'uhhhh',
      'ERM…',
      'hmmmm',
    ])
  })

  test('is one however long the speaker draws it out, in any language', () => {
    expect(found(said('Ummmm errrr ahhhh well'))).toEqual(['Ummmm', 'errrr', 'ahhhh'])
    expect(found(said('Also äääähm das öhhhh ist', 'de'))).toEqual(['äääähm', 'öhhhh'])
    expect(found(said('alors euhhhh oui', 'fr-FR'))).toEqual(['euhhhh'])
  })

  test('in one language is a word in another: German "um" stays', () => {
    expect(found(said('ähm um acht Uhr', 'de-at'))).toEqual(['ähm'])
    expect(found(said('um acht Uhr', 'de'))).toEqual([])
  })

  test('is unknown in a language without a list', () => {
    expect(found(said('um uh', 'nl'))).toEqual([])
  })

  test('is what the producer says when there is a list of their own, longest phrase first', () => {
    expect(
      found(said('you know what I mean you know, um sort of'), [
        'you know',
        'you know what I mean',
        'sort of',
      ]),
    ).toEqual(['you know what I mean', 'you know,', 'sort of'])
  })

  test('is not found where it would run past the last word or from one speaker to the next', () => {
    expect(found(said('that is you'), ['you know'])).toEqual([])
    const { words, ...rest } = said('you know')
    expect(
      found({ ...rest, words: words.map((word, i) => ({ ...word, speaker: `${i}` })) }, ['you know']),
    ).toEqual([])
  })

  test('is a whole word: not part of one, and not punctuation', () => {
    expect(found(said('umbrella drum — … um'), ['um', '...'])).toEqual(['um'])
  })

  test('that is often more than one is left alone, unless the producer asks for it', () => {
    const transcript = said('So it is, like, you know, um sort of good')
    const risky = detectFillers(transcript, analysisOf(transcript.words), exact, { ...on, risky: true })
    expect(found(transcript)).toEqual(['um'])
    expect(risky.map(({ text }) => text)).toEqual(['So', 'like,', 'you know,', 'um', 'sort of'])
    expect(
      detectFillers(said('tipo né', 'pt-BR'), analysisOf([]), exact, { ...on, risky: true }),
    ).toHaveLength(2)
  })

  test('is left alone when switched off, and when times come from captions', () => {
    const transcript = said('um yes')
    expect(
      detectFillers(transcript, analysisOf(transcript.words), exact, { enabled: false, risky: false }),
    ).toEqual([])
    expect(found(said('um yes', 'en', false))).toEqual([])
  })
})

describe('A cut', () => {
  test('goes to the quiet on both sides of the filler', () => {
    const transcript = said('I um think')
    const [cut] = detectFillers(transcript, analysisOf(transcript.words), exact, on)
    expect(cut!.startSample).toBeGreaterThanOrEqual(1340)
    expect(cut!.startSample).toBeLessThanOrEqual(1400)
    expect(cut!.endSample).toBeGreaterThanOrEqual(1700)
    expect(cut!.endSample).toBeLessThanOrEqual(1760)
    expect(cut).toMatchObject({ kind: 'filler', text: 'um', detector: 'fillers', score: 1 })
    expect(cut!.reason).toMatch(/start moved -?\d+ ms.*end -?\d+ ms/)
  })

  test('waits for a decision when it runs into its neighbours and the times are unreliable', () => {
    const transcript = said('I um think')
    const loud = { ...analysisOf(transcript.words), levels: new Int16Array(2000).fill(-2000) }
    const statusAt = (errorSamples: number) =>
      detectFillers(transcript, loud, { lagSamples: 0, errorSamples }, on).map(({ status }) => status)
    expect(statusAt(0.05 * sampleRate)).toEqual([undefined])
    expect(statusAt(0.2 * sampleRate)).toEqual(['pending'])
    expect(statusAt(Infinity)).toEqual(['pending'])
  })

  test('never enters a neighbour that sounds where it was said to be, however the words lie', () => {
    const gaps = fc.array(
      fc.record({ gap: fc.nat(120), length: fc.integer({ min: 0, max: 400 }), filler: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 15,
      },
    )
    fc.assert(
      fc.property(gaps, fc.infiniteStream(fc.integer({ min: -9000, max: -1000 })), (pieces, noise) => {
        let at = 0
        const words = pieces.map(({ gap, length, filler }): Word => {
          const startSample = at + gap
          at = startSample + length
          return { text: filler ? 'um' : 'word', startSample, endSample: at, speaker: null, confidence: 0.5 }
        })
        const neighbours = words.filter(({ text }) => text === 'word')
        const levels = Int16Array.from({ length: 900 }, () => noise.next().value as number)
        for (const { startSample, endSample } of words.slice(0, 4))
          levels.fill(-3000, Math.floor(startSample / frame), Math.ceil(endSample / frame))
        for (const { startSample, endSample } of neighbours)
          levels.fill(-2000, Math.floor(startSample / frame), Math.ceil(endSample / frame))
        const cuts = detectFillers(
          { language: 'en', exactTimes: true, words },
          { ...analysisOf(words, 9000), levels },
          exact,
          on,
        )
        expect(cuts.length).toBe(words.length - neighbours.length)
        for (const cut of cuts) {
          for (const { startSample, endSample } of neighbours) {
            if (endSample > startSample)
              expect(
                Math.min(cut.endSample, endSample) - Math.max(cut.startSample, startSample),
              ).toBeLessThanOrEqual(0)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('A filler that was found in the sound', () => {
  /** "the um word", run together, with times that were found and how sure they are. */
  const found = (doubt: number, more: { gap?: number; isCredible?: boolean } = {}): AlignedTranscript => {
    const { gap = 0, isCredible = true } = more
    const edges = { startMoved: 40, endMoved: -30, startDoubt: doubt, endDoubt: doubt, isCredible }
    const word = (text: string, startSample: number, endSample: number) => ({
      text,
      startSample,
      endSample,
      speaker: null,
      confidence: null,
      edges,
    })
    return {
      language: 'en',
      exactTimes: true,
      words: [
        word('the', 1000, 1200),
        word('um', 1200 + gap, 1500 + gap),
        word('word', 1500 + 2 * gap, 1800 + 2 * gap),
      ],
    }
  }
  const cutOf = (transcript: AlignedTranscript, analysis = analysisOf(transcript.words)) =>
    detectFillers(transcript, analysis, unsure, on)[0]!
  /** Nobody would cut by the reported times. */
  const unsure = { lagSamples: 0, errorSamples: Infinity }

  test('is cut though it runs into its neighbours, further inside the less sure its edges are', () => {
    const [sure, less] = [cutOf(found(10)), cutOf(found(20))]
    expect([sure.status, less.status]).toEqual([undefined, undefined])
    expect([sure.startSample, sure.endSample]).toEqual([1215, 1485])
    expect([less.startSample, less.endSample]).toEqual([1223, 1477])
    expect(sure.reason).toBe('A filler word; its start moved 55 ms and its end -45 ms to where it was heard.')
  })

  test('waits for its owner when its edges are too unsure, or are not where it was said to be', () => {
    expect(cutOf(found(60)).status).toBe('pending')
    expect(cutOf(found(10, { isCredible: false })).status).toBe('pending')
  })

  test('leaves a short gap to its neighbours: it may be the closure of a "t"', () => {
    const { startSample, endSample } = cutOf(found(10, { gap: 60 }))
    expect([startSample, endSample]).toEqual([1260, 1560])
  })

  test('goes with the breath before it and the hum after it where there is a pause', () => {
    const transcript = found(10, { gap: 200 })
    const analysis = analysisOf(transcript.words)
    analysis.levels.fill(-3000, 136, 140)
    analysis.levels.fill(-3000, 170, 176)
    const { startSample, endSample } = cutOf(transcript, analysis)
    expect(startSample).toBeLessThanOrEqual(1360)
    expect(startSample).toBeGreaterThan(1300)
    expect(endSample).toBeGreaterThanOrEqual(1760)
    expect(endSample).toBeLessThan(1800)
  })

  test('never includes any of an aligned neighbour, and is cut from front to back', () => {
    const place = fc.record({
      gap: fc.nat(300),
      length: fc.integer({ min: 20, max: 500 }),
      doubt: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(
        fc.array(place, { minLength: 3, maxLength: 3 }),
        fc.infiniteStream(fc.integer({ min: -9000, max: -1000 })),
        (places, noise) => {
          let at = 500
          const words = places.map(({ gap, length, doubt }, i) => {
            const startSample = at + gap
            at = startSample + length
            const edges = { startMoved: 0, endMoved: 0, startDoubt: doubt, endDoubt: doubt, isCredible: true }
            return {
              text: i === 1 ? 'um' : 'word',
              startSample,
              endSample: at,
              speaker: null,
              confidence: null,
              edges,
            }
          })
          const levels = Int16Array.from({ length: 300 }, () => noise.next().value as number)
          const cut = cutOf(
            { language: 'en', exactTimes: true, words },
            { ...analysisOf(words, 3000), levels },
          )
          expect(cut.endSample).toBeGreaterThan(cut.startSample)
          expect(cut.startSample).toBeGreaterThanOrEqual(words[0]!.endSample)
          expect(cut.endSample).toBeLessThanOrEqual(words[2]!.startSample)
        },
      ),
    )
  })
})
