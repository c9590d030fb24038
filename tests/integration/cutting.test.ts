import { beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { analyser, type Analysis } from '../../shared/audio/analysis.ts'
import { keepAllBut, keptShare, type Ledger } from '../../shared/audio/ledger.ts'
import { appliedCuts, toEditList } from '../../shared/transcript/edits.ts'
import { detectFillers } from '../../shared/transcript/fillers.ts'
import { detectPauses } from '../../shared/transcript/pauses.ts'
import { checkTiming, withoutLag } from '../../shared/transcript/timing.ts'
import { parseWords, type Transcript, type Word } from '../../shared/transcript/words.ts'

const samples = path.join(import.meta.dirname, '../../samples')
const sampleRate = 48_000
const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const

interface SuppliedWord {
  start: number
  end: number
}

let analysis: Analysis
let truth: Transcript
const supplied = readFileSync(path.join(samples, 'conversation.words.json'), 'utf8')

beforeAll(() => {
  const pcm = execFileSync('ffmpeg', ['-v', 'error', '-i', path.join(samples, 'conversation.flac'), '-f', 's16le', '-'], { maxBuffer: 2 ** 28 })
  const gather = analyser(format)
  for (let at = 0; at < pcm.length; at += gather.blockBytes) gather.add(Buffer.from(pcm.subarray(at, at + gather.blockBytes)))
  analysis = gather.finish()
  truth = parseWords(supplied, 'words', { sampleRate, totalSamples: analysis.totalSamples })
})

/** What is kept when the recogniser had said the words at the times that `wrong` gives. */
function cutWith(wrong: (seconds: number) => number): Ledger {
  const file = JSON.parse(supplied) as { words: SuppliedWord[] }
  for (const word of file.words) {
    word.start = Math.max(0, wrong(word.start))
    word.end = Math.max(word.start + 0.02, wrong(word.end))
  }
  const reported = parseWords(JSON.stringify(file), 'words', { sampleRate, totalSamples: analysis.totalSamples })
  const transcript = withoutLag(reported, checkTiming(reported, analysis), analysis.totalSamples)
  const fillers = detectFillers(transcript, analysis, checkTiming(transcript, analysis), { enabled: true })
  const applied = fillers.filter(({ status }) => status !== 'pending')
  const pauses = detectPauses(analysis, transcript, applied, { enabled: true, maxPauseSeconds: 1.5, targetPauseSeconds: 0.5 })
  return keepAllBut(appliedCuts(toEditList([...fillers, ...pauses], sampleRate)), analysis.totalSamples, 0, () => 1440)
}

const isFiller = ({ text }: Word): boolean => /^(um|uh|er|hmm)[,.]?$/i.test(text)
/** A hundredth of a second at either edge is within what the true times are off by. */
const kept = (ledger: Ledger, { startSample, endSample }: Word): number =>
  keptShare(ledger, { startSample: startSample + 480, endSample: endSample - 480 })
const harmed = (ledger: Ledger): string[] => truth.words.filter((word) => !isFiller(word) && kept(ledger, word) < 0.97).map(({ text }) => text)
const audible = (ledger: Ledger): string[] => truth.words.filter((word) => isFiller(word) && kept(ledger, word) > 0.25).map(({ text }) => text)

/** A small generator of one's own: the same errors every time. */
function errors(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return (state / 2_147_483_648) * 2 - 1
  }
}

describe('with true times', () => {
  test('every filler goes and no other word is touched', () => {
    const ledger = cutWith((seconds) => seconds)
    expect([harmed(ledger), audible(ledger)]).toEqual([[], []])
  })
})

describe.each([0.15, 0.1, -0.1, -0.15])('with times wrong by %d s throughout', (lag) => {
  test('the lag is found, every filler goes and no other word is touched', () => {
    const ledger = cutWith((seconds) => seconds + lag)
    expect([harmed(ledger), audible(ledger)]).toEqual([[], []])
  })
})

describe.each([0.08, 0.15])('with every edge wrong by up to %d s', (jitter) => {
  test('a filler is rather left than a word harmed: of thousands of words at most one in a thousand loses anything', () => {
    const random = errors(1)
    let count = 0
    const runs = 20
    for (let run = 0; run < runs; run++) count += harmed(cutWith((seconds) => seconds + random() * jitter)).length
    expect(count / (runs * truth.words.length)).toBeLessThan(0.001)
  })
})
