// The arranged show: where segments and cuts come to lie, and which chunks an edit changes.
import { describe, expect, test } from '@jest/globals'
import { arrangeShow, chunkContents, type ArrangedSource, type Show } from '../../shared/audio/arrange.ts'
import { toOutput } from '../../shared/audio/ledger.ts'
import { samplesPerChunk } from '../../shared/audio/timeline.ts'
import { toEditList, type ProposedEdit } from '../../shared/transcript/edits.ts'

const sampleRate = 44100

const source = (file: string, seconds: number, integratedLufs: number | null): ArrangedSource => ({
  file,
  object: `w/${file}`,
  format: { sampleRate, channels: 1, sampleFormat: 's16le' },
  totalSamples: seconds * sampleRate,
  integratedLufs,
})
const cut = (kind: ProposedEdit['kind'], from: number, to: number): ProposedEdit => ({
  ...{ kind, text: '', detector: 'test', score: 1, reason: '' },
  startSample: Math.round(from * sampleRate),
  endSample: Math.round(to * sampleRate),
})
const arranged = (edits: readonly ProposedEdit[], more: Partial<Show> = {}) =>
  arrangeShow({
    recording: source('talk.wav', 300, -20),
    assets: [],
    segments: [{ type: 'content' }],
    edits: toEditList(edits, sampleRate),
    outputChannels: 2,
    ...more,
  })

describe('A show', () => {
  test('has its segments end to end, the content before the outro when the template forgot it', () => {
    const { segments, totalSamples } = arranged([cut('pause', 10, 20)], {
      assets: [source('in.wav', 5, -20), source('out.wav', 7, null)],
      segments: [
        { type: 'intro', title: 'Hello', source: { kind: 'static', file: 'in.wav' } },
        { type: 'outro', source: { kind: 'static', file: 'out.wav' } },
      ],
    })
    const contentEnd = 295 * sampleRate - Math.round(0.09 * sampleRate)
    expect(segments).toEqual([
      { type: 'intro', title: 'Hello', startSample: 0, endSample: 5 * sampleRate },
      { type: 'content', title: null, startSample: 5 * sampleRate, endSample: contentEnd },
      { type: 'outro', title: null, startSample: contentEnd, endSample: contentEnd + 7 * sampleRate },
    ])
    expect(totalSamples).toBe(contentEnd + 7 * sampleRate)
  })

  test('brings an asset to the loudness of the recording, by no more than 20 dB either way, and a silent one not at all', () => {
    const files = [source('loud.wav', 1, -14.25), source('faint.wav', 1, -55), source('silent.wav', 1, null)]
    const segments = files.map(({ file }) => ({ type: 'transition' as const, source: { kind: 'static' as const, file } }))
    const { clips } = arranged([], { assets: files, segments })
    expect(clips.map(({ gainDb }) => gainDb)).toEqual([-5.75, 20, 0, 0])
  })

  test('says where a sample of the recording is heard', () => {
    const { ledger } = arranged([cut('filler', 1, 2), cut('pause', 10, 20)])
    expect(toOutput(ledger, 0.5 * sampleRate)).toBe(0.5 * sampleRate)
    expect(toOutput(ledger, 5 * sampleRate)).toBe(4 * sampleRate - 1323)
    expect(toOutput(ledger, 30 * sampleRate)).toBe(19 * sampleRate - 1323 - 3969)
  })
})

describe("A chunk's content", () => {
  const edge = (2 * samplesPerChunk) / sampleRate
  /** A cut of a tenth of a second at each of these times. */
  const cutAt = (...times: readonly number[]) => chunkContents(arranged(times.map((at) => cut('filler', at, at + 0.1))))

  test('is the same when an edit far behind it changes', () => {
    const [before, after] = [cutAt(50, 100, 200, 280), cutAt(50, 100, 200, 281)]
    expect(after.map((text, chunk) => text === before[chunk])).toEqual([true, true, true, true, false])
  })

  test('changes with everything its render looks at, which begins 2.7 s before its start', () => {
    const near = (at: number) => cutAt(100, edge - 4.5, at, edge - 2.2, 250)[2]
    expect(near(edge - 2.45)).not.toBe(near(edge - 2.46))
    const far = (at: number) => cutAt(100, at, edge - 3.5, edge - 2.2, 250)[2]
    expect(far(edge - 4.5)).toBe(far(edge - 4.6))
  })
})
