// Fuzzed words, chapters, templates and letters: each is read or refused with a reason, within seconds.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { readMarks } from '../../shared/feed/chapter-files.ts'
import { repairMarks } from '../../shared/feed/chapter-marks.ts'
import { readLetter } from '../../shared/mail/letter.ts'
import { UnreadableMail } from '../../shared/mail/slim.ts'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import { parseWords } from '../../shared/words/supplied.ts'
import { dice, mutateJson, mutateText, type Dice } from './mutate.ts'
import { failure, type Verdict } from './verdict.ts'

const samples = path.join(import.meta.dirname, '../../samples')
const json = (file: string): unknown => JSON.parse(readFileSync(path.join(samples, file), 'utf8'))
const recording = { sampleRate: 48_000, totalSamples: 60 * 48_000 }

const srt = Array.from(
  { length: 20 },
  (_, i) =>
    `${i + 1}\n00:00:${String(2 * i).padStart(2, '0')},000 --> 00:00:${String(2 * i + 1).padStart(2, '0')},500\nline ${i} of it\n`,
).join('\n')
const vtt = `WEBVTT\nKind: captions\n\n${srt.replaceAll(/(\d),(\d{3})/g, '$1.$2')}`
const youtube =
  'WEBVTT\nLanguage: de\n\n00:00:00.799 --> 00:00:02.869 align:start\n \nhallo<00:00:01.040><c> alle</c>\n\n' +
  '00:00:02.869 --> 00:00:02.879\nhallo alle\n \n\n00:00:02.879 --> 00:00:04.070\nhallo alle\nheute<00:00:03.360><c> es</c>\n'
const whisper = {
  language: 'en',
  segments: [0, 2, 4].map((start) => ({
    start,
    end: start + 1,
    text: ' one two',
    words: [
      { word: ' one', start, end: start + 0.5, probability: 0.9 },
      { word: ' two', start: start + 0.5, end: start + 1 },
    ],
  })),
}
const chapterForms = [
  '00:00:00 One\n00:01:30.500 Two <https://example.com>\n02:00 Three',
  'CHAPTER01=00:00:00.000\nCHAPTER01NAME=Hello\nCHAPTER02=00:01:02.500\nCHAPTER02NAME=Two',
  '<?xml version="1.0"?>\n<psc:chapters version="1.2" xmlns:psc="http://podlove.org/simple-chapters">\n<psc:chapter start="0" title="A"/>\n</psc:chapters>',
  ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=9\ntitle=One',
  'FILE "a" MP3\nTRACK 01 AUDIO\nTITLE "One"\nINDEX 01 00:00:00',
  '0.0\t0.0\tOne\n90.5\t90.5\tTwo',
  vtt,
]
const letters = [
  'From: Ada <ada@mail.test>\nSubject: =?UTF-8?Q?J=C3=BC?=\nDate: Sun, 22 Nov 2026 10:00:00 +0100\nContent-Type: text/plain; charset=utf-8\n\nDear show,\n\nhello.\n\nOn Sun, Nov 22, 2026, Bob <b@x.test> wrote:\n> hi\n-- \nAda',
  'From: a@b.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<p>J=FCrgen</p>\n--x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--x--\n',
]

/** Reads one input; what it returns is asked nothing but that it is in order. */
type Reader = (roll: Dice) => unknown

function readWords(text: string, roll: Dice): void {
  const encoding = roll.oneOf(['utf8', 'utf8', 'utf16le', 'latin1'] as const)
  let from = 0
  for (const { startSample, endSample } of parseWords(Buffer.from(text, encoding), 'words', recording)
    .transcript.words) {
    if (startSample < from || endSample < startSample || endSample > recording.totalSamples)
      throw new Error('the words are out of order, or outside of the recording')
    from = endSample
  }
}

function readChapters(text: string): void {
  let from = -1
  for (const { startSample, title } of repairMarks(
    readMarks(readText(Buffer.from(text)).text, 'chapters'),
    recording,
  ).marks) {
    if (startSample <= from || startSample >= recording.totalSamples || title === '')
      throw new Error('the marks are out of order, outside of the recording, or without a title')
    from = startSample
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a byte stream is asynchronous
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const readers: Readonly<Record<string, Reader>> = {
  captions: (roll) => readWords(mutateText(roll.oneOf([srt, vtt, youtube]), roll), roll),
  words: (roll) => readWords(mutateJson(roll.oneOf([json('conversation.words.json'), whisper]), roll), roll),
  chapters: (roll) => readChapters(mutateText(roll.oneOf(chapterForms), roll)),
  template: (roll) => parseTemplate(mutateJson(json('template.json'), roll), 'template.json'),
  podcast: (roll) => parsePodcast(mutateJson(json('podcast.json'), roll), 'podcast.json'),
  episode: (roll) => parseEpisode(mutateJson(json('episode.json'), roll), 'episode.json'),
  letter: (roll) =>
    readLetter(inPieces(Buffer.from(mutateText(roll.oneOf(letters), roll)), 1 + roll.below(5000))),
}

/** No text of this size takes as long, however slow the machine. */
const hangs = 60_000

export async function readFuzzedText(seed: number): Promise<Verdict> {
  const roll = dice(seed)
  const kind = roll.oneOf(Object.keys(readers))
  const began = performance.now()
  try {
    await readers[kind]!(roll)
    const spent = performance.now() - began
    return spent < hangs ? { what: kind, outcome: 'read' } : failure(kind, `it took ${spent} ms`)
  } catch (error) {
    const isReason = error instanceof Permanent || error instanceof UnreadableMail
    return isReason && error.message.length < 5000 ? { what: kind, outcome: 'refused' } : failure(kind, error)
  }
}
