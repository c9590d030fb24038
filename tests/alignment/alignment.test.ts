// Alignment: words are found where they sound, in a language in which every letter is a chord of its own.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { analyser, type Analysis, type Span } from '../../shared/audio/analysis.ts'
import { alignWords, type AlignedTranscript } from '../../shared/alignment/alignment.ts'
import type { Transcript, Word } from '../../shared/words/words.ts'
import { noise, random, toPcm } from '../support/audio.ts'

const { PI, round, sin } = Math
const sampleRate = 16_000
const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const
const letterSeconds = 0.07

interface Recording {
  readonly samples: Float32Array
  readonly analysis: Analysis
  readonly transcript: Transcript
}

/** Says the words one after the other; "." is a silence of half a second. */
function say(text: string): Recording {
  const words: Word[] = []
  const pieces: Float32Array[] = [new Float32Array(sampleRate / 2)]
  let at = pieces[0]!.length
  for (const word of text.split(' ')) {
    const piece = word === '.' ? new Float32Array(sampleRate / 2) : spoken(word)
    if (word !== '.')
      words.push({
        text: word,
        startSample: at,
        endSample: at + piece.length,
        speaker: null,
        confidence: null,
      })
    pieces.push(piece)
    at += piece.length
  }
  const samples = noise(at, -62, 1)
  let from = 0
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++) samples[from + i]! += piece[i]!
    from += piece.length
  }
  return { samples, analysis: analysisOf(samples), transcript: { language: 'en', exactTimes: true, words } }
}

/** A unit is two tones; which two says which unit. */
function spoken(word: string): Float32Array {
  const perLetter = round(letterSeconds * sampleRate)
  const out = new Float32Array(word.length * perLetter)
  for (let i = 0; i < out.length; i++) {
    const unit = word.charCodeAt(Math.floor(i / perLetter)) - 97
    const [low, high] = [250 + 110 * (unit % 6), 1200 + 700 * Math.floor(unit / 6)]
    out[i] = 0.1 * sin((2 * PI * low * i) / sampleRate) + 0.05 * sin((2 * PI * high * i) / sampleRate)
  }
  return out
}

function analysisOf(samples: Float32Array): Analysis {
  const gather = analyser(format)
  const pcm = toPcm([samples], 's16le')
  for (let at = 0; at < pcm.length; at += gather.blockBytes)
    gather.add(Buffer.from(pcm.subarray(at, at + gather.blockBytes)))
  return gather.finish()
}

/** As a recogniser would say it: every edge wrong by up to so many seconds, and late besides. */
function reported({ words, ...rest }: Transcript, mostWrong: number, late = 0): Transcript {
  const next = random(5)
  const wrong = (sample: number) => round(sample + (late + (2 * next() - 1) * mostWrong) * sampleRate)
  let latest = 0
  const moved = words.map((word) => {
    latest = Math.max(latest, wrong(word.startSample))
    return { ...word, startSample: latest, endSample: wrong(word.endSample) }
  })
  return {
    ...rest,
    words: moved.map((word, i) => ({
      ...word,
      endSample: Math.max(word.startSample, Math.min(word.endSample, moved[i + 1]?.startSample ?? Infinity)),
    })),
  }
}

const listenTo =
  ({ samples }: Recording) =>
  ({ startSample, endSample }: Span) =>
    Promise.resolve(samples.slice(startSample, endSample))
const nobody = new Set<number>()
const edgesOf = ({ words }: Transcript, places: readonly number[]) =>
  places.flatMap((i) => [words[i]!.startSample, words[i]!.endSample])
const worstOf = (found: AlignedTranscript, truth: Transcript, places: readonly number[]) =>
  Math.max(...edgesOf(found, places).map((edge, i) => Math.abs(edge - edgesOf(truth, places)[i]!))) /
  sampleRate

const sentences =
  'the cat sat on a mat . dogs bark at big trees . no one saw it fly . red fish swim far . ' +
  'you can go home now . we all like to sing'
let recording: Recording
let places: number[]
beforeAll(() => {
  recording = say(`${sentences} . ${sentences.replaceAll('.', 'uh')} . ${sentences}`)
  places = recording.transcript.words.flatMap(({ text }, i) => (text === 'uh' ? [i] : []))
})

describe('A word is found where it sounds', () => {
  test('though all edges were reported wrong by up to 80 ms and it runs into its neighbours', async () => {
    const wrong = reported(recording.transcript, 0.08)
    expect(worstOf(wrong, recording.transcript, places)).toBeGreaterThan(0.06)
    const found = await alignWords(
      wrong,
      recording.analysis,
      { words: places, hesitations: nobody },
      listenTo(recording),
    )
    expect(worstOf(found, recording.transcript, places)).toBeLessThan(0.015)
  })

  test('and the words beside it are, too', async () => {
    const found = await alignWords(
      reported(recording.transcript, 0.08),
      recording.analysis,
      { words: places, hesitations: nobody },
      listenTo(recording),
    )
    const neighbours = places.flatMap((i) => [i - 1, i + 1])
    expect(worstOf(found, recording.transcript, neighbours)).toBeLessThan(0.025)
  })

  test('when the recogniser is late throughout', async () => {
    const wrong = reported(recording.transcript, 0.04, 0.05)
    const found = await alignWords(
      wrong,
      recording.analysis,
      { words: places, hesitations: nobody },
      listenTo(recording),
    )
    expect(worstOf(found, recording.transcript, places)).toBeLessThan(0.015)
  })

  test('and it is said how far that is from where it was reported, and how sure', async () => {
    const wrong = reported(recording.transcript, 0.08)
    const found = await alignWords(
      wrong,
      recording.analysis,
      { words: places, hesitations: nobody },
      listenTo(recording),
    )
    for (const i of places) {
      const { startSample, endSample, edges } = found.words[i]!
      expect(edges).toMatchObject({
        startMoved: startSample - wrong.words[i]!.startSample,
        endMoved: endSample - wrong.words[i]!.endSample,
        isCredible: true,
      })
      expect(edges!.startDoubt / sampleRate).toBeLessThan(0.02)
      expect(edges!.endDoubt / sampleRate).toBeLessThan(0.02)
    }
  })
})

describe('Words stay where they were reported', () => {
  test('when nobody asked for them, or when times come from captions', async () => {
    const found = await alignWords(
      recording.transcript,
      recording.analysis,
      { words: [], hesitations: nobody },
      listenTo(recording),
    )
    expect(found.words).toEqual(recording.transcript.words)
    const captions = { ...recording.transcript, exactTimes: false }
    expect(
      await alignWords(
        captions,
        recording.analysis,
        { words: places, hesitations: nobody },
        listenTo(recording),
      ),
    ).toBe(captions)
  })

  test('where the sound cannot tell: no background, or too few words to learn from', async () => {
    const wanted = { words: [1], hesitations: nobody }
    const loud = { ...recording.analysis, quietBelowDb: -Infinity }
    expect(await alignWords(recording.transcript, loud, wanted, listenTo(recording))).toBe(
      recording.transcript,
    )
    const short = say('the cat sat')
    expect(await alignWords(short.transcript, short.analysis, wanted, listenTo(short))).toBe(short.transcript)
  })

  test('far from any wanted word is not read once there is enough to learn from', async () => {
    const long = say(Array.from({ length: 10 }, () => sentences).join(' . '))
    const wanted = Array.from({ length: 90 }, (_, i) => i)
    const heard: Span[] = []
    const listen = (span: Span) => {
      heard.push(span)
      return listenTo(long)(span)
    }
    const found = await alignWords(
      reported(long.transcript, 0.05),
      long.analysis,
      { words: wanted, hesitations: nobody },
      listen,
    )
    expect(found.words.slice(100).every(({ edges }) => edges === undefined)).toBe(true)
    expect(found.words.slice(0, 90).filter(({ edges }) => edges).length).toBeGreaterThan(80)
    const seconds =
      heard.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0) / sampleRate
    expect(seconds).toBeLessThan(70)
  })
})

test('Aligned words are in order and do not overlap', async () => {
  const found = await alignWords(
    reported(recording.transcript, 0.15),
    recording.analysis,
    { words: places, hesitations: nobody },
    listenTo(recording),
  )
  found.words.forEach(({ startSample, endSample }, i) => {
    expect(endSample).toBeGreaterThanOrEqual(startSample)
    expect(startSample).toBeGreaterThanOrEqual(found.words[i - 1]?.endSample ?? 0)
  })
})

test('The same sound and words are aligned the same every time', async () => {
  const align = () =>
    alignWords(
      reported(recording.transcript, 0.08),
      recording.analysis,
      { words: places, hesitations: nobody },
      listenTo(recording),
    )
  expect(await align()).toEqual(await align())
})
