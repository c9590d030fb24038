// Chapters: marks as they are supplied, what is left of them when cuts are made, and the forms they are
// written in.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keepAllBut } from '../../shared/timeline/ledger.ts'
import { Permanent } from '../../shared/errors.ts'
import type { TimelineSegment } from '../../shared/timeline/timeline.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { mostMarks, repairMarks, type Mark } from '../../shared/feed/chapter-marks.ts'
import {
  chapterLines,
  chaptersOf,
  listedChapters,
  toChaptersJson,
  withLinesBelow,
} from '../../shared/feed/chapters.ts'

const sampleRate = 1000
const tenMinutes = { sampleRate, totalSamples: 600 * sampleRate }
const psc = (chapters: string) =>
  '<?xml version="1.0"?><psc:chapters version="1.2" ' +
  `xmlns:psc="http://podlove.org/simple-chapters">${chapters}</psc:chapters>`

describe('Supplied marks', () => {
  const two = [
    { startSeconds: 0, title: 'Hello' },
    { startSeconds: 62.5, title: 'Bits & <bobs>', url: 'https://example.com/b?x=1&y' },
  ]
  test.each([
    [
      'Podcasting 2.0 JSON',
      JSON.stringify({
        version: '1.2.0',
        chapters: [
          { startTime: 0, title: 'Hello' },
          { startTime: 62.5, title: 'Bits & <bobs>', url: two[1]!.url },
        ],
      }),
    ],
    [
      'Podlove Simple Chapters',
      psc(
        '<psc:chapter start="0" title="Hello"/><psc:chapter start="00:01:02.500" title="Bits &amp; ' +
          '&lt;bobs>" href="https://example.com/b?x=1&amp;y"/>',
      ),
    ],
    ['plain text', `00:00:00.000 Hello\r\n\r\n00:01:02.500 Bits & <bobs> <${two[1]!.url}>\r\n`],
    [
      'MP4Chaps',
      '# a remark\nCHAPTER01=00:00:00.000\nCHAPTER01NAME=Hello\nCHAPTER02=00:01:02.500\n' +
        'CHAPTER02NAME=Bits & <bobs>',
    ],
    [
      'WebVTT',
      'WEBVTT - chapters\n\nNOTE of no use\n\n1\n00:00.000 --> 01:02.500\nHello\n\n' +
        '00:01:02.500 --> 00:09:00.000\nBits &amp; &lt;bobs&gt;\n',
    ],
  ])('are read as %s', (form, text) => {
    const found = readMarks(`\uFEFF${text}`, 'chapters.txt')
    expect(found.map(({ startSeconds, title }) => ({ startSeconds, title }))).toEqual(
      two.map(({ startSeconds, title }) => ({ startSeconds, title })),
    )
    if (form !== 'WebVTT' && form !== 'MP4Chaps') expect(found[1]!.url).toBe(two[1]!.url)
  })

  test.each([
    [
      'W14',
      'numbers in strings, and nulls',
      '{"version":"1.2.0","chapters":[{"startTime":"0","title":"One","img":null,"url":null,"toc":null},{"startTime":"90.5","title":"Two"}]}',
    ],
    ['W15', 'Audacity labels', '0.000000\t0.000000\tOne\n\\\t1.0\t2.0\n90.500000\t90.500000\tTwo\n'],
    ['W15', 'times in square brackets', '[00:00:00] One\n[00:01:30.5] Two'],
    ['W15', 'times in round brackets', '(0:00) One\n(01:30.5) Two'],
    ['W15', 'times before a dash', '00:00 - One\n01:30.5 – Two'],
    ['W15', 'a list with bullets', '- 00:00 One\n* 01:30.5 Two'],
    [
      'W15',
      'FFMETADATA',
      ';FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=90500\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=90500\nEND=99000\ntitle=Two\n',
    ],
    [
      'W15',
      'a cue sheet',
      'TITLE "Show"\nFILE "a.mp3" MP3\n  TRACK 01 AUDIO\n    TITLE "One"\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    TITLE "Two"\n    INDEX 00 01:28:00\n    INDEX 01 01:30:37\n',
    ],
  ])('%s are read as %s', (_id, _form, text) => {
    const found = readMarks(text, 'chapters.txt').map(({ startSeconds, title }) => [
      Math.round(startSeconds * 10) / 10,
      title,
    ])
    expect(found).toEqual([
      [0, 'One'],
      [90.5, 'Two'],
    ])
  })

  test('bring pictures, and marks that are for machines only', () => {
    const text = JSON.stringify({
      version: '1.2.0',
      chapters: [{ startTime: 3, img: 'https://example.com/i.png', toc: false }],
    })
    expect(readMarks(text, 'chapters.json')).toMatchObject([
      { startSeconds: 3, image: 'https://example.com/i.png', isHidden: true },
    ])
  })

  test('are read with every letter, however it is written', () => {
    expect(
      readMarks(psc('<psc:chapter start="0" title="K&#228;se &#x1F600; &quot;007&quot;"/>'), 'chapters.psc'),
    ).toMatchObject([{ title: 'Käse 😀 "007"' }])
  })

  test('are found in the item of a feed', () => {
    const feed =
      '<rss xmlns:p="http://podlove.org/simple-chapters"><channel><item><p:chapters><p:chapter ' +
      'start="3:07" title="One"/></p:chapters></item></channel></rss>'
    expect(readMarks(feed, 'chapters.xml')).toMatchObject([{ startSeconds: 187, title: 'One' }])
  })

  test.each([
    ['nothing', ' \n', /is empty.*00:01:30/],
    ['broken JSON', '{"chapters":[', /is not JSON/],
    [
      'a time that is text',
      '{"version":"1.2.0","chapters":[{"startTime":0},{"startTime":"soon"}]}',
      /chapters\.1\.startTime/,
    ],
    ['JSON of something else', '{"words":[]}', /chapters: /],
    ['a line without a time', '00:00 Hello\nand then\n', /line 2: "and then"/],
    ['minutes that are none', '00:61:00 Hello', /line 1/],
    ['broken XML', '<psc:chapters>\n<psc:chapter start="0" title="One">\n</psc:chapters>', /line \d/],
    ['XML of something else', '<html></html>', /psc:chapters/],
    [
      'a chapter without a start',
      psc('<psc:chapter start="0" title="One"/><psc:chapter title="Two"/>'),
      /psc:chapter 2.*start.*missing/,
    ],
    [
      'XML with entities of its own',
      '<!DOCTYPE x [<!ENTITY a "b">]><psc:chapters><psc:chapter start="0" title="&a;"/></psc:chapters>',
      /DOCTYPE/,
    ],
    ['XML without a bottom', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`, /cannot be used/],
    ['a cue without a time', 'WEBVTT\n\nHello\nyou\n', /line 3/],
    ['a cue with a strange time', 'WEBVTT\n\n1\nnow --> then\nHello\n', /line 4.*now/],
  ])('that are %s are refused, saying where', (_what, text, where) => {
    expect(() => readMarks(text, 'chapters.x')).toThrow(where)
    expect(() => readMarks(text, 'chapters.x')).toThrow(Permanent)
  })

  test('are read or refused, whatever they are, and never crash', () => {
    const start = fc.constantFrom('', '{', '[', '<', 'WEBVTT\n\n', 'CHAPTER01=', '00:00 ', '{"chapters":[')
    fc.assert(
      fc.property(start, fc.string({ unit: 'binary', maxLength: 80 }), (head, rest) => {
        try {
          repairMarks(readMarks(head + rest, 'chapters.txt'), tenMinutes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_chapters' })
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('Repaired marks', () => {
  test('are in order, apart, inside the recording and titled, and what was done is said', () => {
    const { marks, remarks } = repairMarks(
      [
        { startSeconds: 20, title: ' Second\n part ', url: 'javascript:alert(1)' },
        { startSeconds: 10, title: 'First', url: 'https://example.com' },
        { startSeconds: 10.0001, title: 'Again' },
        { startSeconds: 30, title: '\0' },
        { startSeconds: 600, title: 'Late' },
        { startSeconds: -1, title: 'Early' },
      ],
      tenMinutes,
    )
    expect(marks).toEqual([
      { startSample: 10_000, title: 'First', url: 'https://example.com/' },
      { startSample: 20_000, title: 'Second part' },
      { startSample: 30_000, title: 'Chapter 3' },
    ])
    expect(remarks).toEqual([
      '2 marks outside of the recording, left out',
      'the marks were not in order',
      '1 mark at the time of another, left out',
      '1 mark without a title, numbered',
    ])
  })

  test('that need no repair are left as they are, without a word', () => {
    const supplied = [0, 10, 20].map((startSeconds) => ({ startSeconds, title: `At ${startSeconds}` }))
    expect(repairMarks(supplied, tenMinutes)).toEqual({
      marks: supplied.map(({ startSeconds, title }) => ({ startSample: 1000 * startSeconds, title })),
      remarks: [],
    })
  })

  test('are never more than a tag can list, and a title is never endless', () => {
    const { marks, remarks } = repairMarks(
      Array.from({ length: 500 }, (_, i) => ({ startSeconds: i, title: '👩‍🚀'.repeat(200) })),
      tenMinutes,
    )
    expect(marks.length).toBe(mostMarks)
    expect(remarks).toEqual([`${500 - mostMarks} marks beyond the limit of ${mostMarks}, left out`])
    expect(marks[0]!.title).toBe('👩‍🚀'.repeat(51))
  })
})

const segment = (
  type: string,
  startSample: number,
  endSample: number,
  change: Partial<TimelineSegment> = {},
): TimelineSegment => ({
  type,
  title: null,
  startSample,
  endSample,
  isChapter: true,
  ...change,
})
const mark = (startSample: number, title: string): Mark => ({ startSample, title })

/** A recording of 60 s with cuts, from the fifth second on, between an intro and an outro. */
function aShow(
  cuts: readonly (readonly [number, number])[],
  segments?: (contentEnd: number) => TimelineSegment[],
) {
  const ledger = keepAllBut(
    cuts.map(([startSample, endSample]) => ({ startSample, endSample })),
    60_000,
    5000,
    () => 30,
  )
  const last = ledger.at(-1)!
  const end = last.outputStart + last.sourceEnd - last.sourceStart
  const usual = [segment('intro', 0, 5000), segment('content', 5000, end), segment('outro', end, end + 3000)]
  const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const
  return {
    segments: segments?.(end) ?? usual,
    ledger,
    sampleRate,
    sources: [{ object: '', format, totalSamples: 60_000 }],
    totalSamples: end + 3000,
    end,
  }
}
const starts = (chapters: readonly { title: string; startMs: number }[]) =>
  chapters.map(({ title, startMs }) => [title, startMs])

describe('Chapters', () => {
  test('are the segments where there are no marks, without those that are none', () => {
    const show = aShow([], (end) => [
      segment('intro', 0, 5000),
      segment('commercial', 5000, 5000 + 10, { isChapter: false }),
      segment('content', 5010, end),
    ])
    expect(starts(chaptersOf(show, 'One'))).toEqual([
      ['Intro', 0],
      ['One', 5010],
    ])
  })

  test('inside the content begin where their marks are heard', () => {
    const show = aShow([[10_000, 12_000]])
    const chapters = chaptersOf(show, 'One', [mark(3000, 'A'), mark(11_000, 'B'), mark(20_000, 'C')])
    expect(starts(chapters)).toEqual([
      ['Intro', 0],
      ['One', 5000],
      ['A', 8000],
      ['B', 15_000 - 15], // in the cut: at the middle of its crossfade
      ['C', 25_000 - 2000 - 30],
      ['Outro', show.end],
    ])
    chapters.slice(1).forEach(({ startMs }, i) => expect(chapters[i]!.endMs).toBe(startMs))
  })

  test('that were cut away are none, and neither is the little that a cut leaves of one', () => {
    const show = aShow([[10_000, 30_000]])
    const marks = [
      mark(0, 'A'),
      mark(9900, 'hardly'),
      mark(12_000, 'gone'),
      mark(20_000, 'B'),
      mark(40_000, 'C'),
    ]
    expect(starts(chaptersOf(show, 'One', marks)).map(([title]) => title)).toEqual([
      'Intro',
      'A',
      'B',
      'C',
      'Outro',
    ])
    const short = [mark(0, 'A'), mark(1000, 'short but whole'), mark(1100, 'B')]
    expect(starts(chaptersOf(aShow([]), 'One', short)).map(([title]) => title)).toContain('short but whole')
  })

  test('leave less than a second before the first mark to the first mark', () => {
    expect(starts(chaptersOf(aShow([]), 'One', [mark(999, 'A')]))).toEqual([
      ['Intro', 0],
      ['A', 5000],
      ['Outro', 65_000],
    ])
    const show = aShow([], (end) => [segment('content', 5000, end, { title: 'Talk' })])
    expect(starts(chaptersOf(show, 'One', [mark(1000, 'A')]))).toEqual([
      ['Talk', 0],
      ['A', 6000],
    ])
  })

  test('of a recording whose every mark was cut away are the recording', () => {
    expect(starts(chaptersOf(aShow([[10_000, 60_000]]), 'One', [mark(20_000, 'gone')]))[1]).toEqual([
      'One',
      5000,
    ])
  })

  test('are in order where two marks stand in one crossfade, the later heard before the earlier', () => {
    const show = aShow([[11, 31]])
    const marks = [mark(0, 'a'), mark(10, 'b'), mark(11, 'c')]
    expect(starts(chaptersOf(show, 'One', marks)).map(([title]) => title)).toEqual([
      'Intro',
      'a',
      'c',
      'Outro',
    ])
  })

  test.each([
    ['less than a second in', 48_000, [19_200, 61.0005 * 48_000, 90 * 48_000]],
    ['at odd samples', 44_100, [0, 1_000_001, 2_000_003]],
    ['right before the end', 44_100, [0, 44_100 * 100, 44_100 * 120 - 13_230]],
  ])('begin at the same milliseconds in every form, %s', (_what, rate, places) => {
    const totalSamples = 120 * rate - 7
    const format = { sampleRate: rate, channels: 1, sampleFormat: 's16le' } as const
    const show = {
      segments: [segment('content', 0, totalSamples)],
      ledger: keepAllBut([], totalSamples, 0, () => 30),
      sampleRate: rate,
      sources: [{ object: '', format, totalSamples }],
      totalSamples,
    }
    const [first, second, third] = places
    const marks = [
      mark(first!, 'A'),
      { ...mark(10 * rate, 'hidden'), isHidden: true },
      mark(second!, 'B'),
      mark(third!, 'C'),
    ]
    const chapters = chaptersOf(show, 'One', marks)
    const shown = chapters.filter(({ isHidden }) => !isHidden)
    const starts = shown.map(({ startMs }) => startMs)
    const json = JSON.parse(toChaptersJson(chapters)) as { chapters: { startTime: number; toc?: false }[] }
    const inJson = json.chapters.filter(({ toc }) => toc !== false)
    expect(inJson.map(({ startTime }) => Math.round(1000 * startTime))).toEqual(starts)
    expect(json.chapters.length).toBe(4)
    expect(listedChapters(chapters).map(({ startMs }) => startMs)).toEqual(starts)
    expect([starts[0], starts.every(Number.isInteger)]).toEqual([0, true])
    expect(shown.map(({ endMs }) => endMs)).toEqual([
      ...starts.slice(1),
      Math.floor((1000 * totalSamples) / rate),
    ])
  })

  test('are in order, apart and inside the episode, whatever is cut and marked', () => {
    const cut = fc.tuple(fc.nat(59_000), fc.integer({ min: 20, max: 9000 }))
    fc.assert(
      fc.property(
        fc.array(cut, { maxLength: 8 }),
        fc.array(fc.nat(60_500), { maxLength: 12 }),
        (pieces, places) => {
          const cuts: [number, number][] = []
          for (const [at, length] of pieces.toSorted((a, b) => a[0] - b[0]))
            if (at > (cuts.at(-1)?.[1] ?? 0)) cuts.push([at, Math.min(59_999, at + length)])
          const show = aShow(cuts.filter(([from, to]) => to > from))
          const { marks } = repairMarks(
            places.map((place) => ({ startSeconds: place / 1000, title: String(place) })),
            { sampleRate, totalSamples: 60_000 },
          )
          const chapters = chaptersOf(show, 'One', marks)
          chapters.forEach(({ startMs, endMs }, i) => {
            expect(endMs).toBeGreaterThan(startMs)
            expect(startMs).toBe(chapters[i - 1]?.endMs ?? 0)
          })
          expect(chapters.at(-1)!.endMs).toBe(show.end + 3000)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('Written chapters', () => {
  const chapters = [
    { startMs: 0, endMs: 63_500, title: 'One', url: 'https://example.com/' },
    { startMs: 62_999, endMs: 63_500, title: 'silent', isHidden: true },
    { startMs: 63_500, endMs: 3_723_000, title: 'Two', image: 'https://example.com/i.png' },
    { startMs: 3_723_000, endMs: 3_800_000, title: 'Three' },
  ]

  test('are Podcasting 2.0 JSON', () => {
    expect(JSON.parse(toChaptersJson(chapters))).toEqual({
      version: '1.2.0',
      chapters: [
        { startTime: 0, title: 'One', url: 'https://example.com/' },
        { startTime: 62.999, title: 'silent', toc: false },
        { startTime: 63.5, title: 'Two', img: 'https://example.com/i.png' },
        { startTime: 3723, title: 'Three' },
      ],
    })
  })

  test('are lines below the description, the first at the very start', () => {
    const listed = listedChapters(chapters)
    expect(chapterLines(listed)).toBe('00:00:00 One\n00:01:03 Two\n01:02:03 Three')
    expect(withLinesBelow('On cheese.', null, listed)).toBe(
      'On cheese.\n\n00:00:00 One\n00:01:03 Two\n01:02:03 Three',
    )
  })

  test('are not listed when there is only one', () => {
    expect([listedChapters(chapters.slice(0, 2)), withLinesBelow('On cheese.', null, [])]).toEqual([
      [],
      'On cheese.',
    ])
  })
})
