// What came of an episode, in a few lines.
import { describe, expect, test } from '@jest/globals'
import { summariseList } from '../../../local/cli/list.ts'
import { calledLine, sampleJob } from '../../../local/cli/sample.ts'
import { summarisePublication } from '../../../local/cli/publish.ts'
import { summariseUpload } from '../../../local/cli/upload-outcome.ts'
import { stillOpen, summarise, summariseListing } from '../../../local/cli/summary.ts'
import type { Listing } from '../../../local/cli/review.ts'
import type { Report } from '../../../local/cli/assemble.ts'

const report: Report = {
  ...{
    episodeId: 'e1',
    episode: 'show/one',
    runId: 'r1',
    status: 'finished',
    files: { 'episode.mp3': '/x/episode.mp3' },
  },
  ...{ durationSeconds: 20, sourceSeconds: 20, removedSeconds: 0, edits: {}, steps: [], warnings: [] },
  ...{ loudness: { integratedLufs: null, truePeakDbtp: null }, quote: null, receipt: null },
}

test.each([
  ['silent', 'it is too quiet, or too short, to be heard'],
  ['manual', 'it waits for you, as its settings say'],
  ['unheard_of', 'unheard_of'],
])('an episode held as %s is said to be out of the feed, with why and the way in', (heldFor, why) => {
  expect(summarise({ ...report, heldFor })).toContain(
    `Feed      not in it: ${why}. ./spool publish show/one puts it there.`,
  )
})

test('the time at which a finished episode comes out is said', () => {
  const comesOutAt = '2026-12-24T05:00:00.000Z'
  expect(summarise({ ...report, comesOutAt })).toContain(`Feed      not yet: it comes out on ${comesOutAt}\n`)
})

const restoration = {
  ...{ snrBeforeDb: 31.6, snrAfterDb: 46.2, untouched: false, rumble: null, noiseLimitDb: 13.4 },
  hum: [
    { mainsHz: 50, start: 0, end: 60, levelDb: -42, lines: [50] },
    { mainsHz: 50, start: 80, end: 120, levelDb: -44, lines: [50, 100] },
  ],
  levels: { changed: false, targetLufs: -30, spreadDb: 0.5, leastGainDb: 0, mostGainDb: 0 },
  ...{ music: [], musicSeconds: 0, breaths: 0, clicks: 3, clippedShare: 0, unclipped: 0 },
}

test.each([
  [
    {},
    'speech 46 dB over the noise, in the recording 32 dB; hum of 50 Hz mains subtracted; clicks repaired: 3',
  ],
  [{ untouched: true, snrAfterDb: 31.6 }, 'speech 32 dB over the noise; nothing had to be mended'],
  [{ snrBeforeDb: null }, 'silent, or too short to be judged'],
])('what was done to the sound is told in a line (%j)', (found, line) => {
  const told = summarise({ ...report, restoration: { ...restoration, ...found } })
  expect(told).toContain(`Sound     ${line}\n`)
})

const episode = {
  episodeId: 'e1',
  podcast: 'show',
  slug: 'one',
  title: 'One',
  bytes: null,
  lastFailure: null,
}

test('an earlier version that is in the feed is not forgotten', () => {
  expect(summarise({ ...report, heldFor: 'manual', isFormerInFeed: true })).toContain(
    'Feed      the version before is still in it, and this one is not: it waits for you',
  )
  const listed = { ...episode, durationSeconds: 61, publishAt: null, publishedAt: '2026-11-01T00:00:00Z' }
  expect(
    ['processed', 'awaiting_review', 'published'].map(
      (status) => summariseList([{ ...listed, status }], { isUp: true }).split(/ {2,}/)[4],
    ),
  ).toEqual([
    'finished; the version before is in the feed',
    'waits for a decision; the version before is in the feed',
    'published',
  ])
})

test('an upload that was waited for says what is to be known of what came of it', () => {
  const uploaded = { episodeId: 'e1', episode: 'show/one', runId: 'r1', status: 'finished' }
  const warnings = [{ code: 'no_words', message: 'There were no words.' }]
  const feed = { status: 'processed', publishedAt: null, publishAt: null, holdReason: 'manual' }
  expect(summariseUpload({ ...uploaded, warnings, feed }).split('\n')).toEqual([
    'Finished. Get its files with: ./spool download show/one',
    'Feed      not in it: it waits for you, as its settings say. ./spool publish show/one puts it there.',
    'Note      There were no words. (no_words)',
    '',
  ])
  expect(summariseUpload({ ...uploaded, warnings, feed: { ...feed, status: 'published' } })).toContain(
    'Feed      it is in it',
  )
  expect(summariseUpload({ ...uploaded, warnings, isUnchanged: true })).toMatch(
    /^Finished; nothing has changed/,
  )
})

test.each([
  [[20, 0, 20.1], '20.1 s finished = 20.0 s recorded − 0.0 s cut + 0.1 s by rounding'],
  [[20, 2, 17.9], '17.9 s finished = 20.0 s recorded − 2.0 s cut − 0.1 s by rounding'],
  [[20, 2, 25], '25.0 s finished = 20.0 s recorded − 2.0 s cut + 7.0 s of the show'],
])(
  'the lengths %j add up, and a tenth is no segment',
  ([sourceSeconds, removedSeconds, durationSeconds], sum) => {
    expect(
      summarise({
        ...report,
        sourceSeconds: sourceSeconds!,
        removedSeconds: removedSeconds!,
        durationSeconds: durationSeconds!,
      }),
    ).toContain(`Length    ${sum}`)
  },
)

test('edits are called as the review calls them', () => {
  expect(summarise({ ...report, edits: { flubber: 1, filler: 2 } })).toContain(
    'Edits     1 mistake, 2 fillers\n',
  )
})

const published = {
  ...{ episodeId: 'e1', status: 'published', publishedAt: null, publishAt: null, feedUrl: 'f' },
  warnings: [],
}
const said = (state: object, how: object = {}) =>
  summarisePublication({ ...published, ...state }, { episode: 'one', isNew: true, isServed: true, ...how })

test('the time at which an episode comes out that waits is said, and what it waits for', () => {
  const waiting = { status: 'awaiting_review', publishAt: '2026-12-24T05:00:00.000Z' }
  expect(said(waiting, { now: new Date('2026-12-01T00:00:00Z') })).toBe(
    'It waits for a decision, and comes out on 2026-12-24T05:00:00.000Z, once it has been decided on: ./spool review one\n',
  )
  expect(said(waiting, { now: new Date('2026-12-31T00:00:00Z') })).toMatch(/comes out as soon as it has been/)
  expect(said({ ...waiting, publishAt: null })).toMatch(/^Not in the feed; the episode waits/)
})

test('what is to be known of the feed that it is in now is said', () => {
  const warnings = [{ code: 'number_taken', message: '"one" and "two" are both episode 2.' }]
  expect(said({ warnings })).toBe(
    'Published. The feed is f\nNote      "one" and "two" are both episode 2. (number_taken)\n',
  )
})

test('what is so already is said to be', () => {
  expect(said({})).toBe('Published. The feed is f\n')
  expect(said({}, { isNew: false })).toBe('Published already. The feed is f\n')
  expect(said({}, { isServed: false })).toBe('Published. The feed is f (served while ./spool up runs)\n')
  expect(said({ status: 'processed' })).toBe('Not in the feed; the episode is kept.\n')
  expect(said({ status: 'scheduled', publishAt: '2030-01-01T00:00:00Z' })).toMatch(/^Scheduled for 2030/)
})

test('where a time was taken back, it is said what is in the feed', () => {
  expect(said({ status: 'processing', publishAt: null })).toBe(
    'Still being made; it waits until you publish it.\n',
  )
  expect(said({ status: 'processed', publishedAt: '2026-01-01T00:00:00Z' })).toMatch(
    /^The version before stays/,
  )
})

test('taken out of the feed a second time, it is said that it was not in it', () => {
  expect(said({ status: 'processed' })).toBe('Not in the feed; the episode is kept.\n')
  expect(said({ status: 'processed' }, { isNew: false })).toMatch(/^Not in the feed, as before; /)
})

test('of a question that is left when all was accepted it is said that it takes an answer', () => {
  expect(stillOpen(2, undefined, false)).toMatch(
    /; 2 edits are .* --rest accept, reject or leave decides on all that is left\.\n/,
  )
  expect(stillOpen(2, undefined, true)).toMatch(/; but a question is not accepted but answered/)
  const accepted = stillOpen(1, 'accept', true)
  expect(accepted).toMatch(/; 1 edit is .*A question is not accepted but answered: .*"decision": "answer"/)
  expect(accepted).not.toContain('--rest accept')
})

test('episodes are listed under a header, in words that say where each stands', () => {
  const listed = { ...episode, status: 'processed', durationSeconds: 61, publishedAt: null, publishAt: null }
  expect(
    summariseList([listed], { isUp: true })
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['EPISODE', 'STATUS', 'LENGTH', 'TITLE'],
    ['show/one', 'finished, not in the feed', '1:01', 'One'],
    [''],
  ])
  const later = { ...listed, status: 'scheduled', publishAt: '2026-12-24T05:00:00.000Z' }
  expect(summariseList([later], { isUp: true })).toContain('  comes out 2026-12-24 05:00 UTC  ')
  const begun = { ...listed, status: 'processing' }
  expect(summariseList([begun], { isUp: true })).toContain('  being made  ')
  expect(summariseList([{ ...begun, share: 0.409 }], { isUp: true })).toContain('  being made, 40 %  ')
  expect(summariseList([begun], { isUp: false })).toContain('  begun; goes on with ./spool up  ')
  const failed = { ...listed, lastFailure: 'bad_words_file' }
  expect(summariseList([failed], { isUp: true })).toContain(
    '  finished, not in the feed; the last attempt failed (bad_words_file)  ',
  )
  expect(summariseList([{ ...failed, status: 'failed' }], { isUp: true })).toContain(
    '  failed (bad_words_file)  ',
  )
})

test('a failed trial that had another try since is counted, and listed with --all', () => {
  const of = (podcast: string, slug: string, status = 'failed') => ({
    ...{ episodeId: `${podcast}/${slug}`, podcast, slug, title: slug, status },
    ...{ durationSeconds: null, publishedAt: null, publishAt: null, bytes: null, lastFailure: null },
  })
  const newestFirst = [
    of('trial.new', 'new'),
    of('show', 'one', 'processing'),
    of('other', 'one'),
    of('trial.one', 'one'),
  ]
  const rows = (all: boolean) =>
    summariseList(newestFirst, { isUp: true, all }).trimEnd().split('\n').slice(1)
  const firsts = (all: boolean) => rows(all).map((row) => row.split(' ')[0])
  expect(firsts(true)).toEqual(newestFirst.map(({ episodeId }) => episodeId))
  expect(firsts(false)).toEqual(['trial.new/new', 'show/one', 'other/one', '1'])
  expect(rows(false).at(-1)).toBe('1 failed trial is left out that had another try since: ./spool list --all')
})

test('the demo says what its episode is called', () => {
  expect(calledLine(sampleJob('/spool', '/out'))).toMatch(
    /^Called    conversation: .\/spool review conversation /,
  )
})

test('of an episode in the feed nothing is said', () => {
  expect(summarise(report)).not.toContain('Feed ')
})

describe('The review', () => {
  const listing: Listing = {
    ...{ episodeId: 'e1', episode: 'show/one', runId: 'r1', status: 'finished' },
    ...{ folder: 'review/one', waiting: [], undecided: [], decided: [], edits: 3 },
    ...{ proposal: null, speakers: [{ label: 'A', name: 'Ada', sureness: null }], speakersByVoice: false },
  }

  test('says that nothing is waited for and what is only proposed, with length, place and the way to decide on all', () => {
    const filler = { kind: 'filler', text: '', reason: 'A sound.', before: 'b.mp3', after: 'a.mp3' } as const
    const undecided = [61.25, 70].map((startSeconds, i) => ({
      ...{ ...filler, id: `filler-${i}`, startSeconds, endSeconds: startSeconds + 0.4 },
    }))
    const text = summariseListing({ ...listing, undecided })
    expect(text).toMatch(/^Nothing is waited for: .* 2 of them are only proposed/)
    expect(text).toContain('filler, 1:01.3 to 1:01.7, 0.4 s   filler-0')
    expect(text).toContain('--rest reject')
    expect(summariseListing(listing)).toMatch(/^Nothing waits: /)
  })

  test('of a finished episode says what was made and what was not, by the ids that take it back', () => {
    const filler = {
      kind: 'filler',
      text: 'um',
      reason: 'A filler.',
      startSeconds: 61.25,
      endSeconds: 62,
    } as const
    const decided = [
      { ...filler, id: 'filler-1', status: 'applied' } as const,
      { ...filler, id: 'filler-2', status: 'rejected' } as const,
    ]
    const text = summariseListing({ ...listing, decided })
    expect(text).toMatch(/^made +filler +1:01.3 to 1:02.0 +filler-1 +um\nnot made +filler .*filler-2/m)
    expect(text).toMatch(/^Change .*review show\/one --decisions.*\n.*"decision":"reject","edit":"filler-1"/m)
    expect(text).not.toContain('Decide')
  })

  test('says who speaks where voices alone told, and how to name them', () => {
    expect(summariseListing(listing)).not.toContain('Speakers')
    expect(summariseListing({ ...listing, speakersByVoice: true })).toMatch(
      /Speakers {2}A \(Ada\): suggested by voice\n {2}name .*"speakers":\{"A":"NAME"\}/,
    )
  })

  test('shows what is proposed to be said of the episode, with its times in it, and how to take it', () => {
    const nothing = { by: null, titles: [], summary: '', notes: [], chapters: [] }
    expect(summariseListing({ ...listing, proposal: nothing })).not.toContain('Proposed')
    const at = (startSeconds: number) => ({ startSeconds, recordedSeconds: startSeconds + 5 })
    const proposal = {
      ...{ by: 'openai', titles: ['On bees', 'All honey'], summary: 'About bees.' },
      notes: [{ ...at(61), text: 'Honey.' }],
      chapters: [
        { ...at(0), title: 'Bees' },
        { ...at(90), title: 'Trains' },
      ],
    }
    const text = summariseListing({ ...listing, proposal })
    const shown = [
      'by openai',
      'On bees',
      'All honey',
      'About bees.',
      '1:01 Honey.',
      '0:00 Bees',
      '1:30 Trains',
    ]
    expect(shown.filter((part) => !text.includes(part))).toEqual([])
    expect(text).toContain(
      '"chapters":[{"startSeconds":5,"title":"Bees"},{"startSeconds":95,"title":"Trains"}]',
    )
  })
})
