/**
 * The benchmark of listener mail: messages a second and memory, against the mail parser alone. Hides the
 * mailboxes and the local cloud they are read on.
 */
import path from 'node:path'
import PostalMime from 'postal-mime'
import { readMailbox, type MailReport } from '../local/cli/read-mail.ts'
import { generateMbox, ownAddress, writeMbox } from '../tests/support/mailboxes.ts'
import { startWatchedCloud, workersOf } from './cloud.ts'

export interface MailFigures {
  readonly messages: number
  readonly perSecond: number
  /** Wall time against the parser alone on one core. */
  readonly timesParserAlone: number
  readonly peakMegabytes: number
  /** Peak memory against a tenth of the messages. */
  readonly memoryGrowth: number
}

export async function benchMail(dir: string, workers: number, messages = 10_000): Promise<MailFigures> {
  const few = await readOn(dir, workers, messages / 10)
  const many = await readOn(dir, workers, messages)
  return {
    messages,
    perSecond: messages / many.report.seconds,
    timesParserAlone: many.report.seconds / (await parserAlone(messages)),
    peakMegabytes: many.peakMegabytes,
    memoryGrowth: many.peakMegabytes / few.peakMegabytes,
  }
}

async function readOn(
  dir: string,
  workers: number,
  messages: number,
): Promise<{ report: MailReport; peakMegabytes: number }> {
  const mailbox = path.join(dir, `mail-${messages}.mbox`)
  await writeMbox(mailbox, messages)
  const cloud = await startWatchedCloud(dir, workers)
  const { report } = await readMailbox(
    cloud,
    mailbox,
    [ownAddress],
    () => undefined,
    new AbortController().signal,
  )
  const { peakMegabytes } = workersOf(cloud.costs())
  await cloud.stop()
  if (report.status !== 'finished' || report.processed !== messages)
    throw new Error(`The mailbox was not read: ${JSON.stringify(report)}`)
  return { report, peakMegabytes }
}

/** Seconds. */
async function parserAlone(messages: number): Promise<number> {
  const all = [...generateMbox(messages)].map((text) => text.slice(text.indexOf('\n') + 1))
  const started = performance.now()
  for (const text of all) await PostalMime.parse(text)
  return (performance.now() - started) / 1000
}
