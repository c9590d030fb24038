// Mailboxes for tests and the bench: any number of messages, the same every time, some of them sent twice,
// some of them broken.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { random } from './audio.ts'

export interface Mailbox {
  readonly messages: number
  readonly letters: number
  readonly duplicates: number
  readonly own: number
  readonly failed: number
}

export const ownAddress = 'show@spool.test'

const topics = [
  'the moon',
  'your last episode',
  'tape loops',
  'why servers sleep',
  'microphones',
  'the jokes that were cut',
]

export const message = (id: string, from: string, subject: string, body: string, more = ''): string =>
  `Message-ID: <${id}@mail.test>\nFrom: ${from}\nTo: ${ownAddress}\nSubject: ${subject}\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n${more}\n${body}\n`

/**
 * An mbox as pieces of text. One message in ten was sent before, one in fifty cannot be read, one in a
 * hundred is the show's own.
 */
export function* generateMbox(messages: number, seed = 1): Generator<string, Mailbox> {
  const next = random(seed)
  const sent: string[] = []
  const counts = { letters: 0, duplicates: 0, own: 0, failed: 0 }
  for (let i = 0; i < messages; i++) {
    const pick = next()
    let text: string
    if (pick < 0.1 && sent.length > 0) {
      text = sent[Math.floor(next() * sent.length)]!
      counts.duplicates++
    } else if (pick < 0.12) {
      text = `Message-ID: <broken-${i}@mail.test>\nSubject: nobody sent this\n\nNo sender.\n`
      counts.failed++
    } else if (pick < 0.13) {
      text = message(
        `own-${i}`,
        `The Show <${ownAddress}>`,
        'Re: hello',
        `Dear listener number ${i}, thank you for writing.`,
      )
      counts.own++
    } else {
      const topic = topics[Math.floor(next() * topics.length)]!
      text = message(
        `m-${i}`,
        `Listener ${i} <listener-${i}@mail.test>`,
        `About ${topic}`,
        `Hello there!\n\nI am listener number ${i}, and I want to say something about ${topic}.\n\n>From the heart\n-- \nSent from my phone`,
      )
      if (sent.length < 2000) sent.push(text)
      counts.letters++
    }
    yield `From MAILER-DAEMON Sun Nov 22 10:00:00 2026\n${text}\n`
  }
  return { messages, ...counts }
}

/** Writes it to a file and says what is in it. */
export async function writeMbox(file: string, messages: number, seed = 1): Promise<Mailbox> {
  const out = createWriteStream(file)
  const pieces = generateMbox(messages, seed)
  for (let piece = pieces.next(); ; piece = pieces.next()) {
    if (piece.done) {
      out.end()
      await once(out, 'finish')
      return piece.value
    }
    if (!out.write(piece.value)) await once(out, 'drain')
  }
}
