// What stands in the way of an episode is found before anything starts: each kind of file, and what must agree.
import { expect, test } from '@jest/globals'
import sharp from 'sharp'
import { podcastProblems } from '../../shared/settings/podcast.ts'
import { toWav } from '../../shared/audio/wav.ts'
import { faultsOf, type Brought, type BroughtFile } from '../../shared/episode/preflight.ts'

const file = (name: string, content: string | Buffer | object): BroughtFile => {
  const bytes = Buffer.isBuffer(content)
    ? content
    : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
  return { name, bytes: bytes.length, head: (length) => Promise.resolve(bytes.subarray(0, length)) }
}
const wav = file('talk.wav', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(5000, 200)]))
const words = { words: [{ text: 'Hello', start: 0.2, end: 0.6 }] }
const look = (brought: Partial<Brought>) =>
  faultsOf({ recordings: [wav], asset: () => Promise.resolve(wav), mostBytes: 1e6, ...brought })

test('a show without an episode lacks no number or guest: its episodes bring them', async () => {
  const script = { type: 'intro', source: { kind: 'spoken', script: 'Number {episode_number}' } }
  const template = file('t.json', { segments: [script, { type: 'content' }] })
  expect(await look({ template })).toMatchObject([{ code: 'missing_variable' }])
  expect(await look({ template, recordings: [] })).toEqual([])
  expect(await look({ template, number: 3 })).toEqual([])
})

test('a script lacks nothing that was said of the episode before, unless that is taken back', async () => {
  const script = { type: 'intro', source: { kind: 'spoken', script: 'With {guest}' } }
  const brought = {
    template: file('t.json', { segments: [script, { type: 'content' }] }),
    before: { guest: 'Ann' },
  }
  expect(await look(brought)).toEqual([])
  expect(await look({ ...brought, episode: file('episode.json', { number: 3 }) })).toEqual([])
  expect(await look({ ...brought, episode: file('episode.json', { guest: null }) })).toMatchObject([
    { code: 'missing_variable' },
  ])
  expect(await look({ ...brought, before: 'unknown' })).toEqual([])
})

test('a time to come out that is past is refused, unless the version that is there was told it', async () => {
  const past = '2025-05-01T06:00:00Z'
  const episode = file('five.json', { publish: past })
  const refused = [
    {
      code: 'bad_episode_file',
      file: 'five.json',
      message: expect.stringMatching(/^five\.json: "publish".*is past/),
    },
  ]
  expect(await look({ episode })).toEqual(refused)
  expect(await look({ episode, publishTold: '2025-05-02T06:00:00Z' })).toEqual(refused)
  expect(await look({ episode, publishTold: past })).toEqual([])
  expect(await look({ episode, before: 'unknown' })).toEqual([])
  expect(await look({ episode: file('five.json', { publish: '2036-05-01T06:00:00Z' }) })).toEqual([])
})

test('what fits together has no faults', async () => {
  const picture = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#123' } })
    .webp()
    .toBuffer()
  expect(
    await look({
      words: file('talk.json', words),
      template: file('show.json', {
        segments: [
          { type: 'intro', source: { kind: 'spoken', script: 'Number {episode_number}' } },
          { type: 'mail', source: { kind: 'mail' } },
          { type: 'content' },
        ],
      }),
      episode: file('episode.json', { number: 3 }),
      cover: file('cover.webp', picture),
      chapters: file('marks.txt', '00:00:00 Hello'),
    }),
  ).toEqual([])
})

const bed = { template: file('show/t.json', { music: [{ file: 'bed.png' }] }) }
const asset = (content: string | Buffer) => () => Promise.resolve(file('show/bed.png', content))

const alone: readonly [string, Partial<Brought>, string, RegExp][] = [
  ['an empty recording', { recordings: [file('a.wav', '')] }, 'empty_file', /a\.wav is empty/],
  [
    'a recording over the limit',
    { mostBytes: 100 },
    'file_too_large',
    /talk\.wav has \d+ bytes; the limit is 100/,
  ],
  ['text', { recordings: [file('notes.mp3', 'Dear all, äöü')] }, 'not_audio', /notes\.mp3 is text/],
  ['a document', { recordings: [file('talk.docx', 'PK\x03\x04\0\0')] }, 'not_audio', /is a ZIP archive/],
  [
    'a recorder’s header that nothing came after',
    { recordings: [file('talk.wav', toWav({ samples: new Float32Array(0), sampleRate: 48000 }))] },
    'not_audio',
    /talk\.wav is a WAV header without any sound/,
  ],
  [
    'words that are none',
    { words: file('w.json', '{"a":1}') },
    'bad_words_file',
    /w\.json .*no list of words/,
  ],
  [
    'words that are a picture',
    { words: file('w.vtt', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 167 + (i >> 4)) % 256))) },
    'bad_words_file',
    /w\.vtt cannot be used: it is no text/,
  ],
  ['a cover that is none', { cover: file('c.png', 'x') }, 'bad_cover', /c\.png cannot be read as a picture/],
  [
    'a cover of the show that is none',
    { showCover: file('my-show/cover.jpg', 'x') },
    'bad_cover',
    /my-show\/cover\.jpg cannot be read as a picture/,
  ],
  ['an empty cover', { showCover: file('cover.jpg', '') }, 'bad_cover', /cover\.jpg is empty/],
  [
    'a template that is no JSON',
    { template: file('t.json', '{\n"a": }') },
    'bad_template',
    /t\.json is not JSON; line 2, column 6/,
  ],
  [
    'a picture for music',
    { ...bed, asset: asset(Buffer.from('\x89PNG', 'latin1')) },
    'not_audio',
    /^show\/t\.json: Music rule 1 needs show\/bed\.png, which is a picture, no sound/,
  ],
  ['nothing for music', { ...bed, asset: asset('') }, 'not_audio', /Music rule 1 .*which is empty/],
  [
    'music for a picture',
    {
      template: file('t.json', { segments: [{ type: 'content', image: 'a.jpg' }] }),
      asset: asset(Buffer.alloc(9)),
    },
    'bad_cover',
    /^t\.json: Segment 1 \(content\) needs .*which cannot be read as a picture: it is of no kind that is known/,
  ],
  ['chapters without times', { chapters: file('ch.txt', 'Hello') }, 'bad_chapters', /ch\.txt/],
  [
    'a show with a misspelt setting',
    { podcast: file('p.json', '{\n  "titel": "x"\n}') },
    'bad_podcast_file',
    /line 2, column 3: there is no setting "titel"; did you mean "title"\?/,
  ],
  [
    'a show of which the file is too large',
    { podcast: file('p.json', Buffer.alloc(1024 * 1024 + 1, ' ')) },
    'bad_podcast_file',
    /^p\.json has 1048577 bytes/,
  ],
  [
    'a kind that there is not',
    { template: file('t.json', { segments: [{ type: 'content' }, { type: 'intr' }] }) },
    'bad_template',
    /segments #2, type: should be one of content, intro, .*, not "intr"; did you mean "intro"\?/,
  ],
  [
    'a script that says what the episode does not have',
    {
      template: file('t.json', {
        segments: [{ type: 'intro', source: { kind: 'spoken', script: '{guest}' } }],
      }),
    },
    'missing_variable',
    /Segment 1 \(intro\) says \{guest\}/,
  ],
  [
    'a template whose music is not there',
    { template: file('t.json', { music: [{ file: 'bed.flac' }] }), asset: () => Promise.resolve(undefined) },
    'missing_asset',
    /Music rule 1 needs bed\.flac/,
  ],
]
test.each(alone)('%s is a fault, and the only one', async (_what, brought, code, message) => {
  expect(await look(brought)).toEqual([
    { code, file: expect.any(String) as unknown, message: expect.stringMatching(message) as unknown },
  ])
})

test('all faults are told at once', async () => {
  const faults = await look({
    recordings: [file('a.wav', '')],
    words: file('w.json', '[]'),
    template: file('t.json', '[]'),
    cover: file('c.png', 'x'),
  })
  expect(faults.map(({ code }) => code)).toEqual([
    'empty_file',
    'bad_words_file',
    'bad_cover',
    'bad_template',
  ])
})

test('of very many mistakes in one document the first are told and the rest is counted', async () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, 'a']))
  const [seasons] = await look({ podcast: file('p.json', { seasons: many(20_000) }) })
  expect(seasons!.code).toBe('bad_podcast_file')
  const problems = podcastProblems(JSON.stringify({ seasons: many(20_000) }))
  expect([problems.length, problems.at(-1)!.message]).toEqual([101, 'and 19900 more'])
  expect(podcastProblems(JSON.stringify(many(20_000)))[0]!.message).toMatch(
    /^there is no setting "x0"[^:]*"x9"; and 19990 more; there are title, [^;]*$/,
  )
})
