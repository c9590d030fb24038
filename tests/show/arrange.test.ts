// The arranged show: where segments and cuts come to lie, and which chunks an edit changes.
import { describe, expect, test } from '@jest/globals'
import { arrangeShow, type ArrangedSource, type Show } from '../../shared/show/arrange.ts'
import { chunkContents } from '../../shared/show/chunk-contents.ts'
import { toOutput } from '../../shared/timeline/ledger.ts'
import { samplesPerChunk, type Timeline } from '../../shared/timeline/timeline.ts'
import { parseTemplate, type Segment } from '../../shared/settings/settings.ts'
import { toEditList, type Insertion, type ProposedEdit } from '../../shared/edits/edits.ts'

const sampleRate = 44100

const source = (file: string, seconds: number, integratedLufs: number | null): ArrangedSource => ({
  file,
  object: `w/${file}`,
  format: { sampleRate, channels: 1, sampleFormat: 's16le' },
  totalSamples: seconds * sampleRate,
  integratedLufs,
  speech: [],
})
const cut = (kind: ProposedEdit['kind'], from: number, to: number): ProposedEdit => ({
  kind,
  text: '',
  detector: 'test',
  score: 1,
  reason: '',
  startSample: Math.round(from * sampleRate),
  endSample: Math.round(to * sampleRate),
})
/** Segments with every default filled in. */
const segmentsOf = (...segments: readonly object[]): Segment[] =>
  parseTemplate(JSON.stringify({ segments }), 'template').segments
const arranged = (edits: readonly ProposedEdit[], more: Partial<Show> = {}) =>
  arrangeShow({
    recording: source('talk.wav', 300, -20),
    assets: [],
    spoken: new Map(),
    segments: [],
    music: [],
    edits: toEditList(edits, sampleRate),
    outputChannels: 2,
    ...more,
  })

describe('A show', () => {
  test('has its segments end to end, the content before the outro when the template forgot it', () => {
    const { segments, totalSamples } = arranged([cut('pause', 10, 20)], {
      assets: [source('in.wav', 5, -20), source('out.wav', 7, null)],
      segments: segmentsOf(
        { type: 'intro', title: 'Hello', source: { kind: 'static', file: 'in.wav' } },
        { type: 'outro', source: { kind: 'static', file: 'out.wav' } },
      ),
    })
    const contentEnd = 295 * sampleRate - Math.round(0.09 * sampleRate)
    expect(segments).toEqual([
      { type: 'intro', title: 'Hello', startSample: 0, endSample: 5 * sampleRate, isChapter: true },
      { type: 'content', title: null, startSample: 5 * sampleRate, endSample: contentEnd, isChapter: true },
      {
        type: 'outro',
        title: null,
        startSample: contentEnd,
        endSample: contentEnd + 7 * sampleRate,
        isChapter: true,
      },
    ])
    expect(totalSamples).toBe(contentEnd + 7 * sampleRate)
  })

  test('brings an asset to the loudness of the recording, by at most 20 dB, and a silent one not', () => {
    const files = [source('loud.wav', 1, -14.25), source('faint.wav', 1, -55), source('silent.wav', 1, null)]
    const segments = segmentsOf(
      ...files.map(({ file }) => ({ type: 'transition', source: { kind: 'static', file } })),
    )
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

describe('What is put in', () => {
  const put = (kind: ProposedEdit['kind'], from: number, to: number, insert: Insertion) => ({
    ...cut(kind, from, to),
    insert,
  })
  const heardAt = (seconds: number, { clips, sources }: Timeline, object: string) =>
    clips.find(({ source: index, outputStart, length }) => {
      const at = seconds * sampleRate
      return sources[index]!.object === object && outputStart <= at && at < outputStart + length
    })

  test('a bleep is as long as its word and moves nothing after it', () => {
    const tone = source('tone', 1, -20)
    const timeline = arranged([put('censor', 10, 10.4, { sound: 'tone', hz: 1000, text: '[bleep]' })], {
      tone,
    })
    expect(timeline.totalSamples).toBe(300 * sampleRate)
    expect(toOutput(timeline.ledger, 20 * sampleRate)).toBe(20 * sampleRate)
    expect(heardAt(10.2, timeline, 'w/tone')).toMatchObject({
      outputStart: 10 * sampleRate,
      length: Math.round(0.4 * sampleRate),
    })
    expect(heardAt(10.2, timeline, 'w/talk.wav')).toBeUndefined()
    expect(timeline.inserted).toEqual([
      {
        text: '[bleep]',
        speaker: null,
        startSample: 10 * sampleRate,
        endSample: Math.round(10.4 * sampleRate),
      },
    ])
  })

  test('an answer replaces its question, with half a second of silence on either side and its words', () => {
    const answer = {
      ...source('answer', 3, -30),
      speaker: 'Assistant',
      words: [{ text: 'Yes.', startSample: 100, endSample: 20_000 }],
    }
    const edits = [put('intern', 50, 60, { sound: 'speech', text: 'Yes.' })]
    const timeline = arranged(edits, { spoken: new Map([[`intern-${50 * sampleRate}`, answer]]) })
    const start = 50.5 * sampleRate
    expect(timeline.totalSamples).toBe((300 - 10 + 3 + 1) * sampleRate)
    expect(heardAt(51, timeline, 'w/answer')).toMatchObject({
      outputStart: start,
      length: 3 * sampleRate,
      gainDb: 10,
    })
    expect(toOutput(timeline.ledger, 60 * sampleRate)).toBe(54 * sampleRate)
    expect(timeline.inserted).toEqual([
      { text: 'Yes.', speaker: 'Assistant', startSample: start + 100, endSample: start + 20_000 },
    ])
  })

  test('a sound stands where it was asked for, and what was said goes on after it', () => {
    const bell = source('bell.wav', 2, -20)
    const timeline = arranged([put('sfx', 100, 100, { sound: 'file', file: 'bell.wav', text: '{bell}' })], {
      assets: [bell],
    })
    expect(timeline.totalSamples).toBe(302 * sampleRate)
    expect(heardAt(101, timeline, 'w/bell.wav')).toMatchObject({ outputStart: 100 * sampleRate })
    expect(heardAt(101, timeline, 'w/talk.wav')).toBeUndefined()
    expect(heardAt(102, timeline, 'w/talk.wav')).toMatchObject({ sourceStart: 100 * sampleRate, fadeIn: 221 })
  })
})

describe("A chunk's content", () => {
  const edge = (2 * samplesPerChunk) / sampleRate
  /** A cut of a tenth of a second at each of these times. */
  const cutAt = (...times: readonly number[]) =>
    chunkContents(arranged(times.map((at) => cut('filler', at, at + 0.1))))

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
