// One message: what of it is a letter, and how little a hostile one can do.
import { describe, expect, test } from '@jest/globals'
import { readLetter, type Letter } from '../../shared/mail/letter.ts'
import { slimMessage, UnreadableMail } from '../../shared/mail/slim.ts'

// eslint-disable-next-line @typescript-eslint/require-await -- a byte stream is asynchronous
async function* inBlocks(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text)
const read = (text: string | Buffer, blockBytes?: number): Promise<Letter> =>
  readLetter(inBlocks(bytesOf(text), blockBytes))
const reasonOf = async (text: string | Buffer): Promise<string> => {
  const error: unknown = await read(text).catch((thrown: unknown) => thrown)
  if (!(error instanceof UnreadableMail)) throw new Error('It was read.', { cause: error })
  return error.message
}

const head =
  'From: Ada Lovelace <Ada@Mail.test>\nSubject: Hello\nMessage-ID: <1@mail.test>\n' +
  'Date: Sun, 22 Nov 2026 10:00:00 +0100\n'
const plain = (body: string, more = '') => `${head}${more}\n${body}`
const html = (body: string) => plain(body, 'Content-Type: text/html; charset=utf-8\n')

describe('A letter', () => {
  test('says who wrote what and when, whatever the line ends and however it is cut into blocks', async () => {
    const text = plain('I have a thing or two to say about the show that you made last week.\n')
    const letter = await read(text)
    expect(letter).toMatchObject({
      messageId: '<1@mail.test>',
      senderName: 'Ada Lovelace',
      senderAddress: 'ada@mail.test',
      subject: 'Hello',
      text: 'I have a thing or two to say about the show that you made last week.',
      language: 'en',
      sentAt: new Date('2026-11-22T09:00:00Z'),
    })
    expect(await read(text.replaceAll('\n', '\r\n'), 1)).toEqual(letter)
  })

  test.each([
    ['a quote', 'My own.\n> theirs\n>> and before\nMine again.', 'My own.\nMine again.'],
    ['a signature', 'My own.\n-- \nAda\nSent from my phone', 'My own.'],
    [
      'the history below',
      'My own.\n\nOn Sun, Nov 22, 2026 at 10:00, The Show <show@x.test> wrote:\n\ntheirs, unmarked',
      'My own.',
    ],
    [
      'the history below a broken line',
      'My own.\n\nOn Sun, Nov 22, 2026 at 10:00 AM The Show <show@x.test>\nwrote:\n\n> theirs',
      'My own.',
    ],
    [
      'the history above',
      'On Sun, Nov 22, 2026 at 10:00, The Show <show@x.test> wrote:\n> theirs\n\nMy own.',
      'My own.',
    ],
    ['an announced quote in the middle', 'Hi!\nOn Sunday you wrote:\n> theirs\nMy own.', 'Hi!\nMy own.'],
    ['eine Ankündigung', 'Mein Wort.\n\nAm 22.11.2026 um 10:00 schrieb Die Sendung:\n\nihres', 'Mein Wort.'],
    ['a forwarded mail', 'See below.\n-----Original Message-----\nFrom: x', 'See below.'],
  ])('is its own words, without %s', async (_what, body, own) =>
    expect((await read(plain(body))).text).toBe(own),
  )

  test('that tells of what somebody wrote keeps it', async () => {
    const body = 'On the moon they wrote:\nnothing at all'
    expect((await read(plain(body))).text).toMatch(/nothing at all/)
  })

  test('in HTML alone is read, its entities and its umlauts with it', async () => {
    const body =
      '<html><head><style>p { color: red }</style></head><body><p>Fish &amp; chips, caf&eacute; &#8211; ' +
      'gr&uuml;n, ü</p><script>no()</script><p>Two</p></body></html>'
    expect((await read(html(body))).text).toBe('Fish & chips, café – grün, ü\n\nTwo')
  })

  test('in both is read as text', async () => {
    const both =
      'Content-Type: multipart/alternative; boundary="=b--"\n\nto old programs\n--=b--\n\nThe text.\n' +
      '--=b--\nContent-Type: text/html\n\n<p>The page.</p>\n--=b----\n'
    expect((await read(head + both)).text).toBe('The text.')
  })

  test.each<[string, Buffer, string]>([
    ['koi8-r', Buffer.from([0xf0, 0xf2, 0xe9, 0xf7, 0xe5, 0xf4]), 'ПРИВЕТ'],
    ['shift_jis', Buffer.from([0x82, 0xb1, 0x82, 0xf1]), 'こん'],
    ['gb18030', Buffer.from([0xc4, 0xe3, 0xba, 0xc3]), '你好'],
    ['utf-7', Buffer.from('Hi Mom'), 'Hi Mom'],
    ['x-unheard-of', Buffer.from('hello'), 'hello'],
    ['utf-8', Buffer.from([0x68, 0xff, 0x69]), 'hÿi'],
  ])('in %s is read', async (charset, body, text) => {
    expect(
      (
        await read(
          Buffer.concat([Buffer.from(plain('', `Content-Type: text/plain; charset=${charset}\n`)), body]),
        )
      ).text,
    ).toBe(text)
  })

  test('has its name and subject decoded', async () => {
    const letter = await read(
      'From: =?koi8-r?B?8PLp9+X0?= <a@b.c>\nSubject: =?utf-8?Q?caf=C3=A9?= =?utf-8?B?4pyT?=\n\nHello',
    )
    expect([letter.senderName, letter.subject]).toEqual(['ПРИВЕТ', 'café✓'])
  })

  test('is clean of what no database takes, also where it is cut', async () => {
    const long = `${'x'.repeat(499)}😀`
    const body = `a\0b\u0007c ${'y'.repeat(29_993)}😀`
    const letter = await read(plain(body, 'X-A: b\n').replace('Subject: Hello', `Subject: ${long}`))
    expect(letter.text.startsWith('abc yyy')).toBe(true)
    expect([letter.text, letter.subject, letter.senderName].filter((text) => !text.isWellFormed())).toEqual(
      [],
    )
    expect(letter.subject).toBe('x'.repeat(499))
  })

  test.each([
    ['Fri, 31 Dec 99999 10:00:00 +0000', null],
    ['yesterday', null],
    ['', null],
    ['Thu, 1 Jan 1970 00:00:00 +0000', new Date(0)],
  ])('of the date "%s" says no more than it knows', async (date, sentAt) => {
    expect((await read(`From: a@b.c\nDate: ${date}\n\nHello`)).sentAt).toEqual(sentAt)
  })

  test.each([
    ['Ich habe die letzte Folge mit großem Vergnügen gehört und möchte mehr davon.', '', 'de'],
    ['Hi!', '', null],
    ['Hi!', 'Content-Language: fr-CA\n', 'fr'],
  ])('%s is in its language', async (text, more, language) =>
    expect((await read(plain(text, more))).language).toBe(language),
  )
})

describe('A message is no letter, and says why,', () => {
  test.each<[string, string, RegExp]>([
    ['when it is empty', '', /no end of them, or nothing/],
    ['when its headers never end', `${head}X: ${'y'.repeat(100)}`, /no end/],
    ['when its headers are huge', `${head}X: ${'y '.repeat(200_000)}\n\nHello`, /headers have more than/],
    ['when nobody sent it', 'Subject: x\n\nHello', /who sent it/],
    ['when it has no text', plain('  \n\n'), /no text/],
    ['when all of it is quoted', plain('> theirs\n> all of it'), /no text/],
    ['when it is only an attachment', plain('x', 'Content-Type: application/pdf\n'), /no text/],
    [
      'when its multipart has no boundary',
      plain('--x\n\nHello', 'Content-Type: multipart/mixed\n'),
      /no text/,
    ],
    [
      'when it is 10,000 parts deep',
      head +
        Array.from(
          { length: 10_000 },
          (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
        ).join(''),
      /nested more than 20 deep/,
    ],
  ])('%s', async (_what, text, why) => expect(await reasonOf(text)).toMatch(why))
})

describe('What is kept of a message', () => {
  const mixed = 'Content-Type: multipart/mixed; boundary=cut\n\n--cut\n\nThe letter.\n--cut\n'

  test('is its text when 200 MB are attached, and none of their blocks', async () => {
    const line = Buffer.from(`${'QUJD'.repeat(19)}\n`)
    const block = Buffer.concat(Array.from({ length: 13_000 }, () => line))
    let passed = 0
    // eslint-disable-next-line @typescript-eslint/require-await -- a byte stream is asynchronous
    async function* message() {
      yield Buffer.from(`${head}${mixed}Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n`)
      for (; passed < 200e6; passed += block.length) yield block
      yield Buffer.from('\n--cut--\n')
    }
    const kept = await slimMessage(message())
    expect([passed >= 200e6, kept.attachments, kept.texts]).toEqual([
      true,
      1,
      [{ kind: 'plain', text: 'The letter.\n', format: '' }],
    ])
  })

  test('ends where its multipart is not ended', async () => {
    expect((await read(`${head}${mixed}Content-Type: image/png\n\n${'QUJD'.repeat(100)}`)).text).toBe(
      'The letter.',
    )
  })

  test('is bounded, however long its lines and however many its parts', async () => {
    const oneLine = await slimMessage(inBlocks(Buffer.from(plain('z'.repeat(3_000_000))), 3_100_000))
    expect([oneLine.texts[0]!.text.length, oneLine.isCut]).toEqual([512 * 1024, true])
    const parts = await slimMessage(
      inBlocks(Buffer.from(`${head}${mixed}${`\n${'w '.repeat(500)}\n--cut\n`.repeat(10_000)}`)),
    )
    expect(parts.texts.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(1024 * 1024)
    expect([parts.texts.length <= 2000, parts.isCut]).toEqual([true, true])
    expect((await read(`${head}${mixed}${'\nAgain.\n--cut\n'.repeat(1000)}`)).text).toMatch(
      /^The letter\.\s+Again\./,
    )
  })
})
