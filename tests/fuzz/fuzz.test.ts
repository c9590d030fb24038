// The first seeds of `./spool fuzz`: no crash, no hang, nothing lost without a word.
import { beforeAll, expect, test } from '@jest/globals'
import { mediaFuzzer } from './media.ts'
import { readFuzzedText } from './texts.ts'
import type { Verdict } from './verdict.ts'

const files = 24
const texts = 1500

let readMedia: (seed: number) => Promise<Verdict>
beforeAll(async () => {
  readMedia = await mediaFuzzer()
})

const failures = async (read: (seed: number) => Promise<Verdict>, count: number): Promise<object[]> => {
  const found: object[] = []
  for (let seed = 1; seed <= count; seed++) {
    const verdict = await read(seed)
    if (verdict.outcome === 'failed') found.push({ seed, ...verdict })
  }
  return found
}

test('fuzzed recordings are heard, warned of or refused with a reason', async () => {
  expect(await failures(readMedia, files)).toEqual([])
})

test('fuzzed words, chapters, templates and letters are read or refused with a reason', async () => {
  expect(await failures(readFuzzedText, texts)).toEqual([])
})
