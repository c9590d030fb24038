// Captions that say who speaks before what is said.
import { expect, test } from '@jest/globals'
import { parseWords } from '../../shared/words/supplied.ts'

const minute = { sampleRate: 1000, totalSamples: 60_000 }
const read = (...cues: string[]): string => {
  const body = cues.map((text, i) => `00:00:${10 + 3 * i}.000 --> 00:00:${12 + 3 * i}.000\n${text}\n`)
  const { transcript } = parseWords(['WEBVTT\n', ...body].join('\n'), 'talk.vtt', minute)
  return transcript.words.map(({ text, speaker }) => `${speaker ?? '–'}/${text}`).join(' ')
}

test.each([
  [
    ['Anna: Good evening.', 'It is late.', '- Dr. Ben L.: Is it?'],
    'Anna/Good Anna/evening. Anna/It Anna/is Anna/late. Dr. Ben L./Is Dr. Ben L./it?',
  ],
  [['SPEAKER 1: Yes.', 'SPEAKER 2: No.'], 'SPEAKER 1/Yes. SPEAKER 2/No.'],
  [['Hello.', 'Anna: Hi.', 'Ben: Oh.'], '–/Hello. Anna/Hi. Ben/Oh.'],
  [['Warning: it is hot.', 'I said so.'], '–/Warning: –/it –/is –/hot. –/I –/said –/so.'],
  [['<v Anna>Note: one.', '<v Ben>Note: two.'], 'Anna/Note: Anna/one. Ben/Note: Ben/two.'],
  [['at 10:30 we go', 'see http://a.example'], '–/at –/10:30 –/we –/go –/see –/http://a.example'],
])('%j', (cues, expected) => {
  expect(read(...cues)).toBe(expected)
})

test('a name takes no time: what is said begins with its cue', () => {
  const { transcript } = parseWords(
    'WEBVTT\n\n00:00:10.000 --> 00:00:12.000\nAnna: Hello.\n\n00:00:13.000 --> 00:00:14.000\nBen: Hi.\n',
    'talk.vtt',
    minute,
  )
  expect(transcript.words.map(({ startSample }) => startSample)).toEqual([10_000, 13_000])
})
