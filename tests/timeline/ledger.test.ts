// The one map between recording and output, over a thousand random lists of cuts.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Span } from '../../shared/audio/analysis.ts'
import {
  keepAllBut,
  keptShare,
  outputEnd,
  overlapBefore,
  splice,
  toOutput,
  toSource,
  type Ledger,
} from '../../shared/timeline/ledger.ts'
import { mixSlice } from '../../shared/mastering/mixer.ts'
import { clipsOf, type Timeline } from '../../shared/timeline/timeline.ts'
import { random, readOnlyStore, toPcm } from '../support/audio.ts'

interface Cut extends Span {
  readonly crossfade: number
}

/** Cuts in order and apart, each with the crossfade wished at its join. */
const someCuts = (totalSamples: number, mostCrossfade: number): fc.Arbitrary<Cut[]> =>
  fc.array(fc.tuple(fc.nat(totalSamples), fc.nat(mostCrossfade)), { maxLength: 40 }).map((points) => {
    const ordered = [...points].sort(([a], [b]) => a - b)
    return ordered.flatMap(([startSample, crossfade], i) => {
      const endSample = ordered[i + 1]?.[0] ?? totalSamples
      return i % 2 === 0 && endSample > startSample ? [{ startSample, endSample, crossfade }] : []
    })
  })

const totalSamples = 100_000
const anyEdit = fc.record({
  cuts: someCuts(totalSamples, 2000),
  outputStart: fc.nat(50_000),
  probes: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 }),
})
const ledgerOf = (cuts: readonly Cut[], outputStart: number): Ledger =>
  keepAllBut(cuts, totalSamples, outputStart, ({ crossfade }) => crossfade)
const removedBy = (cuts: readonly Cut[], sample: number) =>
  cuts.some(({ startSample, endSample }) => startSample <= sample && sample < endSample)
const runs = { numRuns: 1000 }

test('every output sample is heard again at itself', () => {
  fc.assert(
    fc.property(anyEdit, ({ cuts, outputStart, probes }) => {
      const ledger = ledgerOf(cuts, outputStart)
      if (ledger.length === 0) return
      const length = outputEnd(ledger.at(-1)!) - outputStart
      const joins = ledger.flatMap(({ outputStart: at }, i) => [
        at,
        at + Math.ceil(overlapBefore(ledger, i) / 2),
        at + overlapBefore(ledger, i),
      ])
      for (const output of [
        ...probes.map((share) => outputStart + Math.floor(share * (length - 1))),
        ...joins.filter((at) => at < outputStart + length),
      ]) {
        const source = toSource(ledger, output)
        expect(removedBy(cuts, source)).toBe(false)
        expect(toOutput(ledger, source)).toBe(output)
      }
    }),
    runs,
  )
})

test('output and source run the same way', () => {
  fc.assert(
    fc.property(anyEdit, ({ cuts, outputStart, probes }) => {
      const ledger = ledgerOf(cuts, outputStart)
      if (ledger.length === 0) return
      const length = outputEnd(ledger.at(-1)!) - outputStart
      const outputs = probes
        .map((share) => outputStart + Math.floor(share * (length - 1)))
        .sort((a, b) => a - b)
      const sources = outputs.map((output) => toSource(ledger, output))
      expect(sources).toEqual([...sources].sort((a, b) => a - b))
      const widest = ledger.reduce((most, _, i) => Math.max(most, overlapBefore(ledger, i)), 0)
      const heard = probes
        .map((share) => Math.floor(share * totalSamples))
        .sort((a, b) => a - b)
        .map((source) => toOutput(ledger, source))
      heard.forEach((output, i) =>
        expect(output).toBeGreaterThanOrEqual((heard[i - 1] ?? -Infinity) - widest),
      ) // two sides of a crossfade sound at once
    }),
    runs,
  )
})

test('spans cover what the cuts leave, and their lengths add up', () => {
  fc.assert(
    fc.property(anyEdit, ({ cuts, outputStart }) => {
      const ledger = ledgerOf(cuts, outputStart)
      const removed = cuts.reduce((sum, { startSample, endSample }) => sum + endSample - startSample, 0)
      const kept = ledger.reduce((sum, { sourceStart, sourceEnd }) => sum + sourceEnd - sourceStart, 0)
      expect(kept).toBe(totalSamples - removed)
      expect(
        ledger.every(
          ({ sourceStart, sourceEnd }) =>
            sourceStart < sourceEnd && !removedBy(cuts, sourceStart) && !removedBy(cuts, sourceEnd - 1),
        ),
      ).toBe(true)
      if (ledger.length === 0) return
      const overlaps = ledger.map((_, i) => overlapBefore(ledger, i))
      expect(ledger[0]!.outputStart).toBe(outputStart)
      expect(outputEnd(ledger.at(-1)!)).toBe(outputStart + kept - overlaps.reduce((a, b) => a + b, 0))
      overlaps.forEach((overlap, i) => {
        expect(overlap).toBeGreaterThanOrEqual(0)
        const shorter = Math.min(
          ...ledger
            .slice(Math.max(0, i - 1), i + 1)
            .map(({ sourceStart, sourceEnd }) => sourceEnd - sourceStart),
        )
        expect(overlap).toBeLessThanOrEqual(shorter / 2)
      })
    }),
    runs,
  )
})

test('a removed sample maps to the join that took its place', () => {
  fc.assert(
    fc.property(anyEdit, ({ cuts, outputStart }) => {
      const ledger = ledgerOf(cuts, outputStart)
      for (const { startSample, endSample } of cuts) {
        const after = ledger.findIndex(({ sourceStart }) => sourceStart >= endSample)
        const join =
          after < 0
            ? ledger.length > 0
              ? outputEnd(ledger.at(-1)!)
              : 0
            : ledger[after]!.outputStart + Math.ceil(overlapBefore(ledger, after) / 2)
        for (const sample of [startSample, Math.floor((startSample + endSample) / 2), endSample - 1])
          expect(toOutput(ledger, sample)).toBe(join)
      }
    }),
    runs,
  )
})

test('the kept share of a span is what a count of its samples finds', () => {
  const short = 400
  fc.assert(
    fc.property(someCuts(short, 20), fc.nat(short), fc.nat(short), (cuts, a, b) => {
      const [startSample, endSample] = [Math.min(a, b), Math.max(a, b)]
      const ledger = keepAllBut(cuts, short, 0, ({ crossfade }) => crossfade)
      const samples = Array.from({ length: endSample - startSample }, (_, i) => startSample + i)
      const kept = samples.filter((sample) => !removedBy(cuts, sample)).length
      expect(keptShare(ledger, { startSample, endSample })).toBeCloseTo(
        samples.length === 0 ? 1 : kept / samples.length,
        12,
      )
    }),
    runs,
  )
})

test('nothing is left of a recording that is cut whole', () => {
  const ledger = ledgerOf([{ startSample: 0, endSample: totalSamples, crossfade: 100 }], 7)
  expect(ledger).toEqual([])
  expect(keptShare(ledger, { startSample: 10, endSample: 20 })).toBe(0)
  expect(toOutput(ledger, 10)).toBe(0)
})

describe('Sound and ledger', () => {
  const length = 6000
  /** Impulses at known samples, each of a height of its own, too far apart for two to meet in a crossfade. */
  const markers = Array.from({ length: 40 }, (_, i) => ({ sample: 70 + i * 147, height: 0.2 + i / 64 }))
  const sound = new Float32Array(length)
  for (const { sample, height } of markers) sound[sample] = height
  const storage = readOnlyStore({ recording: toPcm([sound], 'f32le') })
  const format = { sampleRate: 48000, channels: 1, sampleFormat: 'f32le' } as const

  const render = (ledger: Ledger): Promise<Float32Array[]> => {
    const end = ledger.length > 0 ? outputEnd(ledger.at(-1)!) : 0
    const sources = [{ object: 'recording', format, totalSamples: length }]
    const timeline: Timeline = {
      version: 1,
      sampleRate: 48000,
      outputChannels: 1,
      totalSamples: end,
      chunkStarts: [0],
      sources,
      clips: clipsOf(ledger, 0, 0),
      segments: [],
      ledger,
      inserted: [],
      answers: {},
    }
    return mixSlice(timeline, storage, 'work', 0, end)
  }

  test('never drift: after a thousand random edits every marker is where the ledger says', async () => {
    const next = random(11)
    for (let edit = 0; edit < 1000; edit++) {
      const points = Array.from({ length: 2 * Math.floor(next() * 12) }, () =>
        Math.floor(next() * length),
      ).sort((a, b) => a - b)
      const cuts = points.flatMap((startSample, i) =>
        i % 2 === 0 ? [{ startSample, endSample: points[i + 1]!, crossfade: Math.floor(next() * 120) }] : [],
      )
      const ledger = keepAllBut(cuts, length, 0, ({ crossfade }) => crossfade)
      const [heard] = await render(ledger)
      const expected = markers
        .filter(({ sample }) => !removedBy(cuts, sample))
        .map(({ sample, height }) => ({ at: toOutput(ledger, sample), height }))
      const inCrossfade = (at: number) =>
        ledger.some(({ outputStart }, i) => at >= outputStart && at < outputStart + overlapBefore(ledger, i))
      const found = [...heard!.entries()].filter(([, sample]) => sample !== 0)
      expect(found.map(([at]) => at)).toEqual(
        [...new Set(expected.map(({ at }) => at))].sort((a, b) => a - b),
      )
      for (const { at, height } of expected) if (!inCrossfade(at)) expect(heard![at]).toBeCloseTo(height, 6)
    }
  })
})

describe('What is put in', () => {
  const join = (startSample: number, endSample: number, insertedSamples: number, crossfadeSamples = 40) => ({
    startSample,
    endSample,
    insertedSamples,
    crossfadeSamples,
  })

  test('makes room of its own length, without a crossfade, wherever it stands', () => {
    const { ledger, insertedAt, endSample } = splice(
      [join(0, 100, 50), join(300, 300, 7), join(900, 1000, 20)],
      1000,
      10,
    )
    expect(insertedAt).toEqual([10, 260, 867])
    expect(endSample).toBe(887)
    expect(ledger).toEqual([
      { sourceStart: 100, sourceEnd: 300, outputStart: 60 },
      { sourceStart: 300, sourceEnd: 900, outputStart: 267 },
    ])
  })

  test('one after the other at one place, both are given room', () => {
    const { insertedAt, endSample } = splice(
      [join(200, 300, 50), join(300, 300, 60), join(300, 400, 0)],
      1000,
      0,
    )
    expect([insertedAt, endSample]).toEqual([[200, 250, 310], 910])
  })

  test('loses no sample: what is kept and put in, less the crossfades, is the whole', () => {
    const piece = fc.record({
      kept: fc.integer({ min: 0, max: 400 }),
      cut: fc.integer({ min: 0, max: 300 }),
      put: fc.nat(200),
      fade: fc.nat(60),
    })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), fc.nat(500), (pieces, rest) => {
        let at = 0
        const joins = pieces.map(({ kept, cut, put, fade }) => {
          const startSample = at + kept
          at = startSample + cut
          return join(startSample, at, put, fade)
        })
        const { ledger, insertedAt, endSample } = splice(joins, at + rest, 0)
        const overlaps = ledger.reduce((sum, _, i) => sum + overlapBefore(ledger, i), 0)
        const kept = ledger.reduce((sum, { sourceStart, sourceEnd }) => sum + sourceEnd - sourceStart, 0)
        const put = joins.reduce((sum, { insertedSamples }) => sum + insertedSamples, 0)
        expect(endSample).toBe(kept + put - overlaps)
        insertedAt.forEach((start, i) => {
          const end = start + joins[i]!.insertedSamples
          if (end > start)
            for (const span of ledger)
              expect(Math.min(end, outputEnd(span)) - Math.max(start, span.outputStart)).toBeLessThanOrEqual(
                0,
              )
        })
      }),
    )
  })
})
