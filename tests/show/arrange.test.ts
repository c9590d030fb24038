// The arranged show: where segments and cuts come to lie, and which chunks an edit changes.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { samplesPerFrame } from '../../shared/audio/mp3-frames.ts'
import { arrangeShow } from '../../shared/show/arrange.ts'
import type { ArrangedSource, Show } from '../../shared/show/layout.ts'
import { chunkContents } from '../../shared/show/chunk-contents.ts'
import { overlapBefore, toOutput, toSource } from '../../shared/timeline/ledger.ts'
import { chunkSpan, longestUsualChunkSamples, type Timeline } from '../../shared/timeline/timeline.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import type { Segment } from '../../shared/settings/segments.ts'
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
    const outroStart = Math.ceil(contentEnd / samplesPerFrame) * samplesPerFrame
    expect(segments).toEqual([
      { type: 'intro', title: 'Hello', startSample: 0, endSample: 5 * sampleRate, isChapter: true },
      { type: 'content', title: null, startSample: 5 * sampleRate, endSample: contentEnd, isChapter: true },
      {
        type: 'outro',
        title: null,
        startSample: outroStart,
        endSample: outroStart + 7 * sampleRate,
        isChapter: true,
      },
    ])
    expect(totalSamples).toBe(outroStart + 7 * sampleRate)
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

/** 300 seconds with a pause of half a second about every four. */
const talk = (): ArrangedSource => {
  const pauses = Array.from({ length: 70 }, (_, i) => {
    const startSample = Math.round((4.1 * (i + 1) + 0.3 * Math.sin(i)) * sampleRate)
    return { startSample, endSample: startSample + Math.round((0.4 + 0.01 * (i % 7)) * sampleRate) }
  })
  return { ...source('talk.wav', 300, -20), pauses }
}
const spoken = (edits: readonly ProposedEdit[], more: Partial<Show> = {}) =>
  arranged(edits, { recording: talk(), ...more })
const outro = {
  assets: [source('out.wav', 20, -20)],
  segments: segmentsOf({ type: 'content' }, { type: 'outro', source: { kind: 'static', file: 'out.wav' } }),
}
const introOf = (seconds: number) => ({
  assets: [source('in.wav', seconds, -20)],
  segments: segmentsOf({ type: 'intro', source: { kind: 'static', file: 'in.wav' } }, { type: 'content' }),
})

describe('The chunks of a show', () => {
  /** Fillers anywhere, also in the pauses where it would be divided. */
  const someEdits = fc
    .uniqueArray(fc.integer({ min: 2, max: 2980 }), { maxLength: 60, selector: (at) => Math.floor(at / 6) })
    .map((tenths) =>
      [...tenths].sort((a, b) => a - b).map((at) => cut('filler', at / 10, at / 10 + 0.1 + (at % 5) / 50)),
    )

  test('lie end to end from the first sample to the last, and begin with frames', () => {
    fc.assert(
      fc.property(
        someEdits,
        fc.constantFrom({}, outro, introOf(15), introOf(70), introOf(200)),
        (edits, more) => {
          const timeline = spoken(edits, more)
          const { chunkStarts, totalSamples } = timeline
          expect(chunkStarts[0]).toBe(0)
          expect(chunkStarts.filter((start) => start % samplesPerFrame !== 0)).toEqual([])
          const spans = chunkStarts.map((_, chunk) => chunkSpan(timeline, chunk))
          expect(spans.at(-1)!.end).toBe(totalSamples)
          for (const { start, end } of spans) {
            expect(end - start).toBeGreaterThanOrEqual(8 * sampleRate)
            expect(end - start).toBeLessThanOrEqual(longestUsualChunkSamples)
          }
        },
      ),
    )
  })

  test('are what they were but for at most three, when one edit is made or undone', () => {
    fc.assert(
      fc.property(
        someEdits.filter(({ length }) => length > 0),
        fc.nat(),
        (edits, pick) => {
          const without = edits.toSpliced(pick % edits.length, 1)
          const [all, fewer] = [edits, without].map((each) => chunkContents(spoken(each, outro))) as [
            string[],
            string[],
          ]
          expect(all.filter((text) => !fewer.includes(text)).length).toBeLessThanOrEqual(3)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('are the same after fifty edits made and undone in any order: nothing of the way is left', () => {
    fc.assert(
      fc.property(someEdits, fc.array(fc.nat(), { minLength: 50, maxLength: 50 }), (edits, picks) => {
        let made = edits
        const undone: ProposedEdit[] = []
        for (const pick of picks) {
          const isMade = pick % 2 === 0 && undone.length > 0
          if (isMade) made = [...made, undone.pop()!]
          else if (made.length > 0) {
            undone.push(made[pick % made.length]!)
            made = made.toSpliced(pick % made.length, 1)
          }
        }
        const inOrder = [...made, ...undone].sort((a, b) => a.startSample - b.startSample)
        expect(spoken(inOrder)).toEqual(spoken(edits))
      }),
      { numRuns: 30 },
    )
  })

  test('drift by no sample: every kept sample lies where the ledger says, a thousand times over', () => {
    fc.assert(
      fc.property(someEdits, fc.integer({ min: 0, max: 299 }), (edits, second) => {
        const { ledger, totalSamples } = spoken(edits)
        const last = ledger.at(-1)!
        expect(last.outputStart + last.sourceEnd - last.sourceStart).toBe(totalSamples)
        const output = Math.min(totalSamples - 1, second * sampleRate)
        expect(toOutput(ledger, toSource(ledger, output))).toBe(output)
      }),
      { numRuns: 1000 },
    )
  })

  test('take away at most 29 ms at a place in a pause, and nothing of anything else', () => {
    const { ledger, totalSamples } = spoken([])
    const joins = ledger.slice(1).map(({ sourceStart }, i) => ({
      at: sourceStart,
      overlap: overlapBefore(ledger, i + 1),
    }))
    expect(joins).toHaveLength(5)
    for (const { at, overlap } of joins) {
      expect(
        talk().pauses!.some((pause) => pause.startSample < at - overlap && at + overlap < pause.endSample),
      ).toBe(true)
      expect(overlap / sampleRate).toBeLessThan(0.032)
    }
    expect(totalSamples).toBe(300 * sampleRate - joins.reduce((sum, { overlap }) => sum + overlap, 0))
  })

  test('without a pause are divided all the same, and what is behind an edit is another', () => {
    const [before, after] = [[cut('filler', 20, 20.1)], []].map((edits) => arranged(edits)) as [
      Timeline,
      Timeline,
    ]
    expect(before.chunkStarts).toHaveLength(6)
    expect(before.ledger).toHaveLength(2)
    const known = chunkContents(after)
    expect(chunkContents(before).filter((text) => known.includes(text))).toEqual([])
  })

  test('know everything that their render looks at, which begins 3 s before them', () => {
    const start = spoken([]).chunkStarts[2]! / sampleRate
    const at = (seconds: number) => chunkContents(spoken([cut('filler', seconds, seconds + 0.05)]))[2]
    expect(at(start - 2)).not.toBe(at(start - 2.01))
  })
})
