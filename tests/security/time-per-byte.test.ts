// Whoever sends text that nobody checked may cost time by its length and no more: each reader, with the texts that are worst for
// it, takes at most two and a half times as long when they are twice as long. CPU time, the best of several: other work on the
// machine does not count.
import { expect, test } from '@jest/globals'
import { Permanent } from '../../shared/errors.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { cleanNotes, notesAsText } from '../../shared/feed/show-notes.ts'
import { readLetter } from '../../shared/mail/letter.ts'
import { mboxMessages } from '../../shared/mail/mbox.ts'
import { ownWords } from '../../shared/mail/own-words.ts'
import { UnreadableMail } from '../../shared/mail/slim.ts'
import { checkFeed } from '../../shared/publishing/check-feed.ts'
import { readShow } from '../../shared/publishing/import-feed.ts'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { fillScript } from '../../shared/settings/script.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import { toPlainText, toSrt, toVtt } from '../../shared/words/captions.ts'
import { cleanModelNotes } from '../../shared/words/model-notes.ts'
import { parseWords } from '../../shared/words/supplied.ts'
import { topicsIn } from '../../shared/words/topics.ts'

type Reader = (text: string) => unknown

async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text))
}
const day = { sampleRate: 1000, totalSamples: 1e12 }
const letter: Reader = (text) => readLetter(bytesOf(text))
const mailbox: Reader = (text) => mboxMessages(bytesOf(text), text.length, 1e6)
const marks: Reader = (text) => readMarks(text, 'c')
const words: Reader = (text) => parseWords(text, 'w', day)
const notes: Reader = async (text) => notesAsText((await cleanNotes(text)).html, 4000)
const template: Reader = (text) => parseTemplate(text, 't')
const captions: Reader = (text) => {
  const said = text
    .split(' ')
    .map((word, i) => ({ text: word, start: i / 1e3, end: (i + 1) / 1e3, speaker: null }))
  return [toSrt(said), toVtt(said), toPlainText(said)]
}

const modelNotes: Reader = (text) =>
  cleanModelNotes({ titles: [], summary: text, notes: [], chapters: [] }, [], { by: 'm', mostTitles: 1 })
const talk: Reader = (text) =>
  topicsIn(
    text.split(' ').map((word, i) => ({ text: word, startSample: 300 * i, endSample: 300 * i + 200 })),
    1000,
  )

const html = 'From: ada@x.example\nContent-Type: text/html\n\n<p>Hello'
const plain = 'From: ada@x.example\n\nHello'
const channel = '<?xml version="1.0"?><rss version="2.0"><channel><title>A</title>'
const rss = '</channel></rss>'
const vtt = 'WEBVTT\n\n00:00.000 --> 50:00.000\n'

/** A reader, what is repeated, and between what. */
const worst: readonly (readonly [string, Reader, string, string?, string?])[] = [
  ['a letter in HTML', letter, '<a href="', html],
  ['a letter in HTML', letter, '<!--', html],
  ['a letter in HTML', letter, '<div>', html],
  ['a letter in HTML', letter, '&#x41', html],
  ['a letter', letter, '\n> ', plain],
  ['a letter', letter, ' =?utf-8?q?a?=', 'Subject:', '\n\nHello'],
  ['a letter', letter, 'Received: from a\n', 'From: ada@x.example\n', '\nHello'],
  ['a letter in quoted-printable', letter, '=\n', 'Content-Transfer-Encoding: quoted-printable\n\n'],
  ['a mailbox', mailbox, 'From ada@x.example Thu Nov 26 10:00:00 2026\nFrom: a\n\n'],
  ['the history of a letter', ownWords, 'On Thursday Ada wrote:\n'],
  ['the history of a letter', ownWords, '\n> >'],
  ['chapters', marks, '\n', '00:00 One\n'],
  ['chapters', marks, ' ', '00:00 One', 'x'],
  ['chapters in WebVTT', marks, '<', 'WEBVTT\n\n00:00.000 --> 00:05.000\n'],
  ['chapters in XML', marks, '<chapter start="1" title="a"/>', '<chapters>', '</chapters>'],
  ['a cue sheet', marks, ' ', 'TRACK 01 AUDIO\nINDEX 01 00:00:00\nTITLE "', 'x"'],
  ['a cue', words, 'word ', vtt],
  ['a cue', words, '<c>', vtt],
  ['a cue', words, '<v ', vtt],
  ['captions', words, '00:00.000 --> 00:01.000\nx\n\n', 'WEBVTT\n\n'],
  ['words', words, '['],
  ['words', words, '{"text":"a","start":1,"end":2},', '{"words":[', '{"text":"a","start":1,"end":2}]}'],
  ['what captions are made of', captions, 'a '],
  ['what captions are made of', captions, 'a'],
  ['what a model wrote', modelNotes, 'a.'],
  ['what a model wrote', modelNotes, '[a]('],
  ['what a model wrote', modelNotes, '<a'],
  ['the subjects of a talk', talk, 'hive '],
  ['show notes', notes, '<c>'],
  ['show notes', notes, '<a href="'],
  ['show notes', notes, '<ul><li>'],
  ['a feed', (text) => readShow(text), '<item><title>a</title></item>', channel, rss],
  ['a feed', (text) => readShow(text), '<a>', `${channel}<description>`, `</description>${rss}`],
  ['a feed that is checked', (text) => checkFeed(text), '<item><title>a</title></item>', channel, rss],
  ['podcast.json', (text) => parsePodcast(text, 'p'), '{"a":'],
  ['podcast.json', (text) => parsePodcast(text, 'p'), 'autor', '{"', '":1}'],
  ['episode.json', (text) => parseEpisode(text, 'e'), '"titel":1,', '{', '"title":"a"}'],
  ['a template', template, '{"type":"intro"},', '{"segments":[', '{"type":"content"}]}'],
  ['a template', template, '\n', '{', '"a"}'],
  ['a script', (text) => fillScript(text, {}, 's'), '{'],
  ['a script', (text) => fillScript(text, { podcast_name: 'a' }, 's'), '{podcast_name}'],
  ['text of an unknown encoding', (text) => readText(Buffer.from(text, 'latin1')), 'é'],
]

/** Less is over before it can be told from nothing. */
const tellableMs = 4
/** More is never read of any of these. */
const mostBytes = 1 << 20
const tries = 8
/** Of one doubling alone caches and the collector make too much or too little. */
const doublings = 3
/** 2.5 a doubling alone; the collector of a process that holds all the tests' modules adds to it. Squares take 4. */
const most = 3 ** doublings

async function costOf(read: Reader, text: string): Promise<number> {
  const start = process.cpuUsage()
  try {
    await read(text)
  } catch (error) {
    if (!(error instanceof Permanent || error instanceof UnreadableMail)) throw error
  }
  return process.cpuUsage(start).user / 1000
}

test.each(
  worst.map(([what, read, piece, before = '', behind = '']) => [what, piece, read, before, behind] as const),
)('%s of twice as many %j takes no more than 3 times as long', async (_what, piece, read, before, behind) => {
  const textOf = (bytes: number) => before + piece.repeat(Math.ceil(bytes / piece.length)) + behind
  const cost = (bytes: number) => costOf(read, textOf(bytes))
  let bytes = 8192
  // a first reading is slow by itself
  while (2 ** doublings * bytes < mostBytes && Math.min(await cost(bytes), await cost(bytes)) < tellableMs)
    bytes *= 2
  let [once, doubled] = [Infinity, Infinity]
  for (let i = 0; i < tries && !(doubled <= most * once && i > 0); i++) {
    once = Math.min(once, Math.max(tellableMs, await cost(bytes)))
    doubled = Math.min(doubled, await cost(2 ** doublings * bytes))
  }
  expect(doubled / once).toBeLessThanOrEqual(most)
})
