// Messages as people's programs really write them, found in public issue threads: each row is the smallest
// that went wrong somewhere, and what is right.
import { describe, expect, test } from '@jest/globals'
import { readLetter, type Letter } from '../../shared/mail/letter.ts'
import { UnreadableMail } from '../../shared/mail/slim.ts'

// eslint-disable-next-line @typescript-eslint/require-await -- a byte stream is asynchronous
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
const read = (message: string | Buffer): Promise<Letter> =>
  readLetter(once(typeof message === 'string' ? Buffer.from(message) : message))
const reasonOf = async (message: string): Promise<string> => {
  const error: unknown = await read(message).catch((thrown: unknown) => thrown)
  if (!(error instanceof UnreadableMail)) throw new Error('It was read.', { cause: error })
  return error.message
}
const withHead = (body: string, more = ''): string =>
  `From: Ann <ann@mail.test>\nSubject: Hi\n${more}\n${body}`
const inCharset = (charset: string, ...bytes: number[]): Buffer =>
  Buffer.concat([
    Buffer.from(withHead('', `Content-Type: text/plain${charset}\nContent-Transfer-Encoding: 8bit\n`)),
    Buffer.from(bytes),
  ])
const hoge = [...Buffer.from('ほげほげ')]
const multipart = (kind: string, ...parts: string[]): string =>
  withHead(
    `${parts.map((part) => `--cut\n${part}\n`).join('')}--cut--\n`,
    `Content-Type: multipart/${kind}; boundary=cut\n`,
  )
const show = 'The Show <show@x.test>'

describe('History', () => {
  const block = (...labels: string[]) =>
    `${labels[0]}: ${show}\n${labels[1]}: Montag, 5. Januar 2026 09:00\n${labels[2]}: ann@mail.test\n${labels[3]}: Re: Hi\n\ntheirs`
  test.each<[string, string]>([
    ['a block of Outlook', block('From', 'Sent', 'To', 'Subject')],
    ['a block of Outlook in bold', block('*From*', '*Sent*', '*To*', '*Subject*')],
    [
      'a block of Outlook below a rule',
      `________________________________\n${block('From', 'Sent', 'To', 'Subject')}`,
    ],
    ['ein Block von Outlook', block('Von', 'Gesendet', 'An', 'Betreff')],
    ["un bloc d'Outlook", block('De', 'Envoyé', 'À', 'Objet')],
    [
      'an announcement over three lines',
      'On Mon, Jan 5, 2026 at 9:00 AM The Show of\nwonders and more\n<show@x.test> wrote:\n\ntheirs',
    ],
    ['a Japanese announcement', '2026年1月2日(金) 9:00 Show <show@x.test>:\n\ntheirs'],
    ['a Chinese announcement', 'Show <show@x.test> 于2026年1月2日周五 09:00写道：\n\ntheirs'],
    ['a Korean announcement', '2026년 1월 2일 (금) 오전 9:00, Show <show@x.test>님이 작성:\n\ntheirs'],
    ['a Dutch announcement', 'Op ma 5 jan 2026 om 09:00 schreef Show <show@x.test>:\n\ntheirs'],
    ['a Swedish announcement', 'Den mån 5 jan. 2026 kl 09:00 skrev Show <show@x.test>:\n\ntheirs'],
    ['a Russian announcement', 'пн, 5 янв. 2026 г. в 09:00, Show <show@x.test>:\n\ntheirs'],
    ['a French announcement', 'Le lun. 5 janv. 2026 à 09:00, Show <show@x.test> a\nécrit :\n\ntheirs'],
    ['a name alone', 'Show <show@x.test> wrote:\n\ntheirs'],
    ['a forwarded mail', `---------- Forwarded message ---------\nFrom: ${show}\n\ntheirs`],
    ['eine Weitergeleitete', `-------- Weitergeleitete Nachricht --------\nVon: ${show}\n\nihres`],
  ])('below %s is left out', async (_what, history) =>
    expect((await read(withHead(`My own.\n\n${history}`))).text).toBe('My own.'),
  )

  test.each<[string, string]>([
    [
      'an announcement that is the letter’s own',
      'Dear hosts,\n\nOn Tuesday my grandmother heard your show and wrote a poem about it:\n\nRoses are red,\nviolets are blue',
    ],
    ['one in the first line', 'On the bus to work I wrote this down:\n\nRoses are red'],
    ['one that names a verb last', 'On Tuesday my grandmother wrote:\n\nRoses are red'],
    ['a rule of underscores', 'First.\n____________________________\nSecond.'],
    ['a form that says who wrote', 'From: Ann\nDate: 2026-01-05\nSubject: Hi\n\nMessage:\nI love it.'],
    ['labels in a sentence or two', 'I am\nfrom: Berlin\nand go\nto: Rome'],
    ['a "begin" that begins no file', 'begin 644 things at once\nand end none'],
  ])('is not %s', async (_what, body) => expect((await read(withHead(body))).text).toBe(body))
})

describe('Headers', () => {
  test.each<[string, string, Partial<Letter>]>([
    [
      'blanks before the colon',
      'From  : Ann <ann@mail.test>\nSubject\t: Hi\n\nText',
      { senderName: 'Ann', subject: 'Hi' },
    ],
    [
      'a stray blank line among them',
      'To: show@x.test\n\nSubject: Hi\nFrom: ann@mail.test\nContent-Type: text/plain\n\nText',
      { senderAddress: 'ann@mail.test', subject: 'Hi', text: 'Text' },
    ],
    [
      'a stray blank line before the technical ones',
      'From: ann@mail.test\nSubject: Hi\n\nMIME-Version: 1.0\nContent-Type: text/plain\n\nText',
      { subject: 'Hi', text: 'Text' },
    ],
    [
      'a label that begins the text',
      'From: ann@mail.test\n\nTo: all of you\nSubject: love',
      { text: 'To: all of you\nSubject: love' },
    ],
    [
      'a banner above',
      'Microsoft Mail Internet Headers Version 2.0\nFrom: ann@mail.test\n\nText',
      { text: 'Text' },
    ],
    ['a marked separator above', '>From ann Mon Jan 5 2026\nFrom: ann@mail.test\n\nText', { text: 'Text' }],
    ['a byte order mark above', '\uFEFFFrom: ann@mail.test\n\nText', { text: 'Text' }],
    ['blank lines above', '\n\nFrom: ann@mail.test\n\nText', { text: 'Text' }],
    [
      'carriage returns alone',
      'From: ann@mail.test\rSubject: Hi\r\rText\rMore',
      { subject: 'Hi', text: 'Text\nMore' },
    ],
    [
      'two carriage returns a line',
      'From: ann@mail.test\r\r\nSubject: Hi\r\r\n\r\r\nText',
      { subject: 'Hi', text: 'Text' },
    ],
    [
      'comments in the address',
      'From: Ann (they) Lee <ann(home)@mail.test>\n\nText',
      { senderName: 'Ann Lee', senderAddress: 'ann@mail.test' },
    ],
    [
      'a name as a comment',
      'From: ann@mail.test (Ann (the 1st) Lee)\n\nText',
      { senderName: 'Ann (the 1st) Lee', senderAddress: 'ann@mail.test' },
    ],
    ['parentheses in quotes', 'From: "Ann (Lee)" <ann@mail.test>\n\nText', { senderName: 'Ann (Lee)' }],
    [
      'a parenthesis that never ends',
      'From: Ann :( <ann@mail.test>\n\nText',
      { senderAddress: 'ann@mail.test' },
    ],
    [
      'a name with a comma in an encoded word',
      'From: =?utf-8?Q?Lee=2C_Ann?= <ann@mail.test>\n\nText',
      { senderName: 'Lee, Ann' },
    ],
    [
      'a character split over two words',
      'From: ann@mail.test\nSubject: =?UTF-8?Q?pasi=C5=BEad=C4?= =?UTF-8?Q?=97jim=C5=B3?=\n\nText',
      { subject: 'pasižadėjimų' },
    ],
    [
      'padding in the middle',
      'From: ann@mail.test\nSubject: =?UTF-8?B?w6Q=?= =?UTF-8?B?w7w=?=\n\nText',
      { subject: 'äü' },
    ],
    [
      'blanks in an encoded word',
      'From: =? ISO-8859-1? Q? J=FCrgen?= <ann@mail.test>\n\nText',
      { senderName: 'Jürgen' },
    ],
    [
      'an encoded word that lies',
      'From: ann@mail.test\nSubject: =?us-ascii?Q?Gr=C3=BC=C3=9Fe?=\n\nText',
      { subject: 'Grüße' },
    ],
  ])('with %s are read', async (_what, message, expected) =>
    expect(await read(message)).toMatchObject(expected),
  )

  test.each<[string, Buffer, string]>([
    ['UTF-8', Buffer.from('Grüße'), 'Grüße'],
    ['Windows-1252', Buffer.from('Grüße', 'latin1'), 'Grüße'],
    ['the charset of the text', Buffer.from([0xf0, 0xf2, 0xe9]), 'ПРИ'],
  ])('with raw bytes in %s are read', async (what, bytes, subject) => {
    const charset = what.startsWith('the') ? 'koi8-r' : 'us-ascii'
    const message = Buffer.concat([
      Buffer.from(`From: ann@mail.test\nContent-Type: text/plain; charset=${charset}\nSubject: `),
      bytes,
      Buffer.from('\n\nText'),
    ])
    expect((await read(message)).subject).toBe(subject)
  })
})

describe('Text', () => {
  test.each<[string, Buffer, string]>([
    ['a charset that it is not in', inCharset('; charset=iso-2022-jp', ...hoge), 'ほげほげ'],
    ['us-ascii and in UTF-8', inCharset('; charset=us-ascii', ...hoge), 'ほげほげ'],
    ['Latin-1 and in UTF-8', inCharset('; charset=iso-8859-1', ...hoge), 'ほげほげ'],
    ['an unknown charset and in UTF-8', inCharset('; charset=x-unknown', ...hoge), 'ほげほげ'],
    ['UTF-8 and in Windows-1252', inCharset('; charset=utf-8', 0x47, 0x72, 0xfc, 0xdf, 0x65), 'Grüße'],
    ['nothing', inCharset('', 0x47, 0x72, 0xfc, 0xdf, 0x65), 'Grüße'],
    ['a DOS code page', inCharset('; charset=cp-850', 0x47, 0x72, 0x81, 0xe1, 0x65), 'Grüße'],
    [
      'ISO-2022-JP rightly',
      inCharset('; charset=iso-2022-jp', 0x1b, 0x24, 0x42, 0x24, 0x5b, 0x1b, 0x28, 0x42),
      'ほ',
    ],
    [
      'UTF-8 with one byte spoilt',
      inCharset('; charset=utf-8', ...Buffer.from('äöüäöüäöüäöüäöü'), 0xff),
      'äöüäöüäöüäöüäöü\uFFFD',
    ],
  ])('that says it is in %s is read', async (_what, message, text) =>
    expect((await read(message)).text).toBe(text),
  )

  test.each<[string, string, Partial<Letter>]>([
    [
      'between which a picture stands is read in order',
      multipart(
        'mixed',
        'Content-Type: text/plain\n\nOne.',
        'Content-Type: image/jpeg\nContent-Disposition: inline; filename=a.jpg\n\nAAAA',
        'Content-Type: text/plain\n\nTwo.',
      ),
      { text: 'One.\n\nTwo.', attachments: 1 },
    ],
    [
      'beside a digest is read without the messages in it',
      multipart(
        'mixed',
        '\nMine.',
        'Content-Type: multipart/digest; boundary=in\n\n--in\n\nFrom: x@y.test\nSubject: s\n\ntheirs\n--in--',
      ),
      { text: 'Mine.' },
    ],
    [
      'with a file’s name is a file',
      multipart('mixed', '\nMine.', 'Content-Type: text/plain; name=Makefile\n\nall: spool'),
      { text: 'Mine.', attachments: 1 },
    ],
    [
      'with a file written as text loses that',
      withHead('Mine.\n\nbegin 644 a.txt\n#0V%T\n`\nend\nMore.'),
      { text: 'Mine.\n\nMore.', attachments: 1 },
    ],
    [
      'of a page with pictures has no attachments',
      multipart(
        'related',
        'Content-Type: text/html\n\n<p>Mine.</p>',
        'Content-Type: image/png; name=logo.png\n\nAAAA',
      ),
      { text: 'Mine.', attachments: 0 },
    ],
    [
      'that flows is joined, its quotes dropped',
      withHead('> quoted \n> words\nOne \nline.\n-- \nAnn', 'Content-Type: text/plain; format=flowed\n'),
      { text: 'One line.' },
    ],
    [
      'that flows with delsp is joined without blanks',
      withHead('One \nline.', 'Content-Type: text/plain; format=flowed; delsp=yes\n'),
      { text: 'Oneline.' },
    ],
    [
      'in quoted-printable is read, soft breaks and all',
      withHead(
        'Gr=C3=BC=\n=C3=9Fe=20',
        'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n',
      ),
      { text: 'Grüße' },
    ],
    ['within the limit is whole', withHead('x'.repeat(30_000)), { isCut: false }],
    ['over the limit is cut', withHead('x'.repeat(30_001)), { isCut: true }],
  ])('%s', async (_what, message, expected) => expect(await read(message)).toMatchObject(expected))
})

describe('Refused, with what it is:', () => {
  const report = (type: string) =>
    `From: Mail <mailer@x.test>\nContent-Type: multipart/report; report-type=${type}; boundary=cut\n\n--cut\n\nSorry.\n--cut--\n`
  test.each<[string, string, RegExp]>([
    ['a delivery failure', report('delivery-status'), /failed or late delivery/],
    ['a read receipt', report('disposition-notification'), /read receipt/],
    ['another report', report('tlsrpt'), /report of a program/],
    ['a message of MAILER-DAEMON', 'From: MAILER-DAEMON@x.test (Mail)\n\nSorry.', /MAILER-DAEMON/],
    [
      'an automatic reply',
      withHead('I am away.', 'Auto-Submitted: auto-replied (vacation)\n'),
      /automatic reply/,
    ],
    ['an automatic reply of old', withHead('I am away.', 'Precedence: auto_reply\n'), /automatic reply/],
    ['a program’s message', withHead('Disk full.', 'Auto-Submitted: auto-generated\n'), /program sent it/],
    ['spam, as its filter says', withHead('Pills.', 'X-Spam-Flag: YES\n'), /took it for spam/],
    ['spam by its status', withHead('Pills.', 'X-Spam-Status: Yes, score=9.1\n'), /took it for spam/],
    [
      'a calendar alone',
      withHead('BEGIN:VCALENDAR', 'Content-Type: text/calendar\n'),
      /invitation for a calendar/,
    ],
    [
      'an invitation in words',
      multipart(
        'alternative',
        '\nYou are invited.',
        'Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR',
      ),
      /invitation, or an answer/,
    ],
    [
      'Outlook’s winmail.dat',
      multipart('mixed', '\n \n', 'Content-Type: application/ms-tnef\n\nAAAA'),
      /winmail\.dat/,
    ],
    [
      'winmail.dat by its name',
      multipart('mixed', '\n', 'Content-Type: application/octet-stream; name=winmail.dat\n\nAAAA'),
      /winmail\.dat/,
    ],
    ['a digest', multipart('digest', '\nFrom: x@y.test\n\ntheirs'), /only other messages/],
    ['files alone', multipart('mixed', 'Content-Type: audio/mpeg\n\nAAAA'), /only attachments/],
    [
      'an encrypted message',
      multipart('encrypted', 'Content-Type: application/pgp-encrypted\n\nVersion: 1'),
      /encrypted/,
    ],
    [
      'a mail passed on',
      withHead(`From: ${show}\nSent: 5 Jan 2026\nTo: ann\nSubject: x\n\ntheirs`),
      /quoted or forwarded/,
    ],
  ])('%s', async (_what, message, why) => expect(await reasonOf(message)).toMatch(why))

  test('"Auto-Submitted: no" is a letter', async () =>
    expect((await read(withHead('Hello.', 'Auto-Submitted: no\n'))).text).toBe('Hello.'))
})
