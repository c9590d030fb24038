// Cuts in the sample conversation: whatever the recogniser's times are off by, words stay whole, fillers go,
// and no pause is left too long.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { analyser, type Analysis } from '../../shared/audio/analysis.ts'
import { keepAllBut, keptShare, type Ledger } from '../../shared/timeline/ledger.ts'
import { listenTo, type Listen } from '../../shared/alignment/listen.ts'
import { defaultTemplate } from '../../shared/settings/settings.ts'
import { splicesOf, toEditList } from '../../shared/edits/edits.ts'
import { alignForEdits, proposeEdits } from '../../shared/edits/propose.ts'
import { checkTiming, withoutLag } from '../../shared/words/timing.ts'
import { parseWords } from '../../shared/words/supplied.ts'
import type { Transcript, Word } from '../../shared/words/words.ts'
import { readOnlyStore } from '../support/audio.ts'

const samples = path.join(import.meta.dirname, '../../samples')
const sampleRate = 48_000
const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const
const { cleaning } = defaultTemplate()

interface SuppliedWord {
  start: number
  end: number
}

let analysis: Analysis
let truth: Transcript
let listen: Listen
const supplied = readFileSync(path.join(samples, 'conversation.words.json'), 'utf8')

beforeAll(() => {
  const pcm = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-i', path.join(samples, 'conversation.flac'), '-f', 's16le', '-'],
    { maxBuffer: 2 ** 28 },
  )
  const gather = analyser(format)
  for (let at = 0; at < pcm.length; at += gather.blockBytes)
    gather.add(Buffer.from(pcm.subarray(at, at + gather.blockBytes)))
  analysis = gather.finish()
  truth = parseWords(supplied, 'words', { sampleRate, totalSamples: analysis.totalSamples }).transcript
  listen = listenTo(readOnlyStore({ pcm }), { bucket: 'work', name: 'pcm' }, format)
})

/** What is kept when the recogniser had said the words at the times that `wrong` gives. */
async function cutWith(wrong: (seconds: number) => number): Promise<Ledger> {
  const file = JSON.parse(supplied) as { words: SuppliedWord[] }
  for (const word of file.words) {
    word.start = Math.max(0, wrong(word.start))
    word.end = Math.max(word.start + 0.02, wrong(word.end))
  }
  const { transcript: reported } = parseWords(JSON.stringify(file), 'words', {
    sampleRate,
    totalSamples: analysis.totalSamples,
  })
  const transcript = withoutLag(reported, checkTiming(reported, analysis), analysis.totalSamples)
  const edits = proposeEdits(await alignForEdits(transcript, analysis, cleaning, listen), analysis, cleaning)
  return keepAllBut(splicesOf(toEditList(edits, sampleRate)), analysis.totalSamples, 0, () => 1440)
}

const isFiller = ({ text }: Word): boolean => /^(um|uh|er|hmm)[,.]?$/i.test(text)
/** A hundredth of a second at either edge is within what the true times are off by. */
const kept = (ledger: Ledger, { startSample, endSample }: Word): number =>
  keptShare(ledger, { startSample: startSample + 480, endSample: endSample - 480 })
const harmed = (ledger: Ledger): string[] =>
  truth.words.filter((word) => !isFiller(word) && kept(ledger, word) < 0.97).map(({ text }) => text)
const audible = (ledger: Ledger): string[] =>
  truth.words.filter((word) => isFiller(word) && kept(ledger, word) > 0.25).map(({ text }) => text)

/**
 * The longest that nothing but background is heard, in seconds. What sounds for less than 40 ms is no speech,
 * and soft edges are 30 ms.
 */
function longestPause(ledger: Ledger): number {
  const frame = sampleRate / 100
  let longest = 0
  let quiet = 0
  for (const { sourceStart, sourceEnd } of ledger) {
    for (let i = Math.ceil(sourceStart / frame); i * frame < sourceEnd; i++) {
      quiet = analysis.levels[i]! > analysis.quietBelowDb * 100 ? 0 : quiet + 1
      longest = Math.max(longest, quiet)
    }
  }
  return longest / 100
}

/** A small generator of one's own: the same errors every time. */
function errors(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return (state / 2_147_483_648) * 2 - 1
  }
}

/** What `runs` recognisers do, each with errors of its own. */
async function cutOften(runs: number, wrong: (seconds: number, random: () => number) => number) {
  const random = errors(1)
  const outcome = { harmed: [] as string[], audible: [] as string[], longestPause: 0 }
  for (let run = 0; run < runs; run++) {
    const ledger = await cutWith((seconds) => wrong(seconds, random))
    outcome.harmed.push(...harmed(ledger))
    outcome.audible.push(...audible(ledger))
    outcome.longestPause = Math.max(outcome.longestPause, longestPause(ledger))
  }
  return outcome
}
const pauseLimit = cleaning.pauses.maxPauseSeconds + 0.06

describe('with true times', () => {
  test('every filler goes and no other word is touched', async () => {
    const ledger = await cutWith((seconds) => seconds)
    expect([harmed(ledger), audible(ledger)]).toEqual([[], []])
  })
})

describe.each([0.15, 0.1, -0.1, -0.15])('with times wrong by %d s throughout', (lag) => {
  test('the lag is found, every filler goes and no other word is touched', async () => {
    const ledger = await cutWith((seconds) => seconds + lag)
    expect([harmed(ledger), audible(ledger)]).toEqual([[], []])
  })
})

describe('with every edge wrong at random', () => {
  test('by up to 80 ms, no word is harmed, 98 fillers in 100 go, and no pause is over the limit', async () => {
    const runs = 20
    const outcome = await cutOften(runs, (seconds, random) => seconds + random() * 0.08)
    expect(outcome.harmed).toEqual([])
    expect(outcome.audible.length).toBeLessThan(0.02 * runs * truth.words.filter(isFiller).length)
    expect(outcome.longestPause).toBeLessThan(pauseLimit)
  })

  test('by up to 150 ms, hardly a word is harmed and 9 fillers in 10 go', async () => {
    const runs = 10
    const outcome = await cutOften(runs, (seconds, random) => seconds + random() * 0.15)
    expect(outcome.harmed.length).toBeLessThan(0.001 * runs * truth.words.length)
    expect(outcome.audible.length).toBeLessThan(0.1 * runs * truth.words.filter(isFiller).length)
    expect(outcome.longestPause).toBeLessThan(pauseLimit)
  })

  test('and late besides, no word is harmed', async () => {
    const runs = 10
    const outcome = await cutOften(runs, (seconds, random) => seconds + 0.07 + random() * 0.08)
    expect(outcome.harmed).toEqual([])
    expect(outcome.audible.length).toBeLessThan(0.05 * runs * truth.words.filter(isFiller).length)
  })
})
