// Pauses: what is one by sound and words, and what of it is cut.
import { describe, expect, test } from '@jest/globals'
import { analyser, type Analysis, type Span } from '../../shared/audio/analysis.ts'
import { detectPauses } from '../../shared/edits/pauses.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { add, noise, speechLike, toPcm } from '../support/audio.ts'

const sampleRate = 1000
const settings = { enabled: true, maxPauseSeconds: 1.5, targetPauseSeconds: 0.5 }
const span = (startSample: number, endSample: number): Span => ({ startSample, endSample })

/** Somebody speaks in the given spans of twenty seconds; elsewhere it is quiet. */
function heard(speech: readonly Span[], totalSamples = 20_000): Analysis {
  const levels = new Int16Array(totalSamples / 10).fill(-6000)
  for (const { startSample, endSample } of speech) levels.fill(-2000, startSample / 10, endSample / 10)
  return {
    levels,
    speech,
    format: { sampleRate, channels: 1, sampleFormat: 's16le' },
    totalSamples,
    quietBelowDb: -45,
  } as unknown as Analysis
}

const words = (...spans: readonly Span[]): Transcript => ({
  language: 'en',
  exactTimes: true,
  words: spans.map((at) => ({ text: 'word', speaker: null, confidence: null, ...at })),
})
const cuts = (analysis: Analysis, transcript?: Transcript, removed: readonly Span[] = []) =>
  detectPauses(analysis, transcript, removed, settings).map(({ startSample, endSample }) => [
    startSample,
    endSample,
  ])

describe('A pause', () => {
  test('over the limit is cut in its middle to the target, leaving more after speech than before it', () => {
    expect(cuts(heard([span(0, 5000), span(8000, 20_000)]))).toEqual([[5275, 7775]])
  })

  test('up to the limit stays', () => {
    expect(cuts(heard([span(0, 5000), span(6500, 20_000)]))).toEqual([])
  })

  test('at the start or the end keeps its target on the side of the speech', () => {
    expect(cuts(heard([span(3000, 16_000)]))).toEqual([
      [0, 2500],
      [16_500, 20_000],
    ])
  })

  test('is not cut when switched off', () => {
    expect(detectPauses(heard([span(3000, 16_000)]), undefined, [], { ...settings, enabled: false })).toEqual(
      [],
    )
  })

  test('tells how long it was, and by what it was found', () => {
    const analysis = heard([span(0, 5000), span(8000, 20_000)])
    expect(detectPauses(analysis, undefined, [], settings)[0]).toMatchObject({
      kind: 'pause',
      text: '',
      detector: 'pauses from sound',
      reason: 'A pause of 3.00 s, shortened to 0.5 s.',
    })
    expect(detectPauses(analysis, words(), [], settings)[0]).toMatchObject({
      detector: 'pauses from sound and words',
    })
  })
})

describe('Sound and words together', () => {
  test('a loud gap without words is applause or music, not a pause', () => {
    expect(cuts(heard([span(0, 20_000)]), words(span(0, 5000), span(12_000, 20_000)))).toEqual([])
  })

  test('a soft word that only the recogniser heard is no pause', () => {
    const analysis = heard([span(0, 5000), span(8000, 20_000)])
    analysis.levels.fill(-4000, 640, 660)
    expect(cuts(analysis, words(span(6400, 6600)))).toEqual([])
  })

  test('a word reported where there is nothing but background does not keep a pause alive', () => {
    expect(cuts(heard([span(0, 5000), span(8000, 20_000)]), words(span(6400, 6600)))).toEqual([[5275, 7775]])
  })
})

describe('Round a filler that is cut', () => {
  test('what is cut on either side is said to be a part of the pause: it is shorter than that', () => {
    const analysis = heard([span(0, 5000), span(6000, 6300), span(9000, 20_000)])
    const proposed = detectPauses(analysis, undefined, [span(6000, 6300)], settings)
    expect(new Set(proposed.map(({ reason }) => reason))).toEqual(
      new Set(['One of 2 parts of a pause of 3.70 s, shortened to 0.5 s.']),
    )
  })

  test('two short pauses are one long one', () => {
    const analysis = heard([span(0, 5000), span(6000, 6300), span(7300, 20_000)])
    expect(cuts(analysis)).toEqual([])
    const removed = [span(5950, 6350)]
    const proposed = cuts(analysis, words(span(6000, 6300)), removed)
    expect(proposed).toEqual([
      [5275, 5950],
      [6350, 7075],
    ])
    const left = 2300 - 400 - proposed.reduce((sum, [from, to]) => sum + to! - from!, 0)
    expect(left).toBe(500)
  })

  test('a sliver that the cut left of it does not part them', () => {
    const analysis = heard([span(0, 5000), span(6000, 6300), span(7300, 20_000)])
    expect(cuts(analysis, words(span(6000, 6300)), [span(6060, 6350)])).toEqual([
      [5275, 6060],
      [6350, 7075],
    ])
  })

  test('a pause that the cut itself fills is not counted', () => {
    const analysis = heard([span(0, 5000), span(7000, 20_000)])
    expect(cuts(analysis, undefined, [span(5100, 6900)])).toEqual([])
  })
})

describe('Where something is put in', () => {
  test('a pause ends: what stands before it and after it are two', () => {
    const analysis = heard([span(0, 5000), span(7000, 20_000)])
    const around = (filled: Span) =>
      detectPauses(analysis, undefined, [], settings, [filled]).map(({ startSample, endSample }) => [
        startSample,
        endSample,
      ])
    expect(around(span(6000, 6000))).toEqual([])
    expect(around(span(5100, 5100))).toEqual([[5375, 6775]])
    expect(around(span(5000, 6900))).toEqual([])
  })
})

describe('A word that ends in a hiss of 200 ms, before three seconds of silence', () => {
  const rate = 48_000
  const wordEnd = 2 * rate
  const hissEnd = wordEnd + 0.2 * rate
  const nextWord = hissEnd + 3 * rate
  const hissed = (hissDb: number, backgroundDb: number): Analysis => {
    const sound = new Float32Array(nextWord + 2 * rate)
    sound.set(speechLike(rate, 2, 3, -24), 0)
    sound.set(noise(0.2 * rate, hissDb, 4), wordEnd)
    sound.set(speechLike(rate, 2, 5, -24), nextWord)
    const background = noise(sound.length, backgroundDb, 6)
    const format = { sampleRate: rate, channels: 1, sampleFormat: 'f32le' } as const
    const gather = analyser(format)
    const bytes = toPcm([add(sound, background)], 'f32le')
    for (let at = 0; at < bytes.length; at += gather.blockBytes)
      gather.add(bytes.subarray(at, at + gather.blockBytes))
    return gather.finish()
  }
  /** Its words say that it ended 150 ms before it did. */
  const early: Transcript = {
    language: 'en',
    exactTimes: true,
    words: [
      { text: 'yes', startSample: 0, endSample: hissEnd - 0.15 * rate, speaker: null, confidence: null },
      { text: 'so', startSample: nextWord, endSample: nextWord + rate, speaker: null, confidence: null },
    ],
  }

  test.each([
    ['at −45 dB in a quiet room', -45, -75, undefined],
    ['at −45 dB, with words that end early', -45, -75, early],
    ['at −45 dB in a room of −60 dB', -45, -60, undefined],
    ['at −35 dB in a room of −50 dB', -35, -50, early],
  ])('loses nothing of it to the cut: %s', (_what, hissDb, backgroundDb, transcript) => {
    for (const targetPauseSeconds of [0.5, 0.3, 0.1]) {
      const pauses = detectPauses(hissed(hissDb, backgroundDb), transcript, [], {
        ...settings,
        targetPauseSeconds,
      })
      const cut = pauses.find(({ endSample }) => endSample > hissEnd && endSample < nextWord)
      expect([targetPauseSeconds, cut && cut.startSample >= hissEnd]).toEqual([targetPauseSeconds, true])
    }
  })
})
