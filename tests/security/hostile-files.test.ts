// Texts and pictures that attack: each is a megabyte of what makes a careless reader take time by the square of it, or
// memory by the thousandfold. Read or refused, each is done at once; where it were not, this file would never end.
import { describe, expect, test } from '@jest/globals'
import { Permanent } from '../../shared/errors.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { fitCover, fitPicture } from '../../shared/feed/cover.ts'
import { cleanNotes, notesAsText } from '../../shared/feed/show-notes.ts'
import { readLetter } from '../../shared/mail/letter.ts'
import { UnreadableMail } from '../../shared/mail/slim.ts'
import { readShow } from '../../shared/publishing/import-feed.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { parseWords } from '../../shared/words/supplied.ts'
import { hugePng } from '../support/media.ts'

const recording = { sampleRate: 1000, totalSamples: 60_000 }

async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text))
}
const page = 'From: ada@x.example\nContent-Type: text/html\n\n<p>Hello there</p>'
const cueSheet = 'TRACK 01 AUDIO\nINDEX 01 00:00:00\n'
const feedOf = (description: string) =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>A</title><description>${description}</description></channel></rss>`

/** Readers, each with what is repeated, and between what. */
const readers: readonly (readonly [string, (text: string) => unknown, string, string?, string?])[] = [
  ['a letter', (text) => readLetter(bytesOf(text)), '<a href="', page],
  ['a letter', (text) => readLetter(bytesOf(text)), '<!--', page],
  ['a letter', (text) => readLetter(bytesOf(text)), '\n> ', 'From: ada@x.example\n\nHello'],
  ['chapters', (text) => readMarks(text, 'c'), '\n', '00:00 One\n'],
  ['chapters', (text) => readMarks(text, 'c'), ' ', '00:00 One', 'x'],
  ['chapters', (text) => readMarks(text, 'c'), '<', 'WEBVTT\n\n00:00.000 --> 00:05.000\n'],
  ['a cue sheet', (text) => readMarks(text, 'c'), ' ', `${cueSheet}TITLE "`, 'x"'],
  [
    'a cue of words',
    (text) => parseWords(text, 'w', recording),
    'word ',
    'WEBVTT\n\n00:00.000 --> 00:50.000\n',
  ],
  ['words', (text) => parseWords(text, 'w', recording), '['],
  ['show notes', async (text) => notesAsText((await cleanNotes(text)).html, 4000), '<c>'],
  ['a feed', (text) => readShow(feedOf(text)), '<a>'],
  ['settings', (text) => parsePodcast(text, 'p'), '{"a":'],
]

describe('A megabyte', () => {
  test.each(
    readers.map(
      ([what, read, piece, before = '', behind = '']) => [what, piece, read, before, behind] as const,
    ),
  )('for %s, of %j, is read or refused', async (_what, piece, read, before, behind) => {
    const text = before + piece.repeat(Math.ceil(1e6 / piece.length)) + behind
    try {
      expect(await read(text)).not.toBeNull()
    } catch (error) {
      expect([Permanent, UnreadableMail].some((kind) => error instanceof kind)).toBe(true)
    }
  })
})

describe('Entities that make gigabytes of a few letters are refused', () => {
  const bomb =
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' +
    Array.from('bcdefghij', (name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]!};`.repeat(10)}">`).join(
      '',
    ) +
    ']>'
  test.each([
    ['in a feed', (): unknown => readShow(feedOf('&j;').replace('<rss', `${bomb}<rss`))],
    [
      'in chapters',
      (): unknown => readMarks(`${bomb}<chapters><chapter start="0" title="&j;"/></chapters>`, 'c'),
    ],
  ])('%s', async (_where, read) => {
    await expect(Promise.resolve().then(read)).rejects.toThrow(/document type|DOCTYPE/i)
  })
})

describe('A picture of more pixels than anybody looks at is refused', () => {
  test.each([
    ['as a cover', fitCover],
    ['as a chapter’s', fitPicture],
  ])('%s', async (_what, fit) => {
    await expect(fit(hugePng(12_000), 'a.png')).rejects.toThrow(/more than 50 million pixels/)
  })

  test('and so is one that is drawn by a program, with what it names', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
    for (const fit of [fitCover, fitPicture])
      await expect(fit(Buffer.from(svg), 'a.svg')).rejects.toThrow(/it is svg|is svg/)
  })
})
