/**
 * `spool read-mail`: uploads a mailbox of listener mail, waits until it is read, and prints how many letters
 * were kept.
 */
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { withDatabase } from '../../shared/db/connect.ts'
import { countLeftOut, countOutcomes, failureReasons } from '../../shared/db/mail-messages.ts'
import { findRunOfMailbox } from '../../shared/db/run-progress.ts'
import { mailName, mailSettingsFile } from '../../shared/objects.ts'
import { connect } from '../../shared/storage-client.ts'
import { watchRun, type Watcher } from './assemble.ts'
import { userId } from './user.ts'
import type { Attached } from '../host/attach.ts'

export interface MailReport {
  readonly runId: string
  readonly status: string
  readonly stopReason: string | null
  readonly message: string | null
  readonly total: number
  readonly processed: number
  readonly letters: number
  readonly duplicates: number
  readonly own: number
  readonly failed: number
  readonly seconds: number
}

/** Enough to see what is wrong with a mailbox. */
const reasonsShown = 8

export interface ReadMailbox {
  readonly report: MailReport
  /** Letters that came with files, which are left out, and letters whose end is. */
  readonly leftOut: { readonly withAttachments: number; readonly cut: number }
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
}

/** Reads the mailbox to its end, or until it fails or the signal aborts; a failure is in the report. */
export async function readMailbox(
  cloud: Attached,
  mailbox: string,
  own: readonly string[],
  watch: Watcher,
  signal: AbortSignal,
): Promise<ReadMailbox> {
  const storage = await connect({
    endpoint: cloud.env['STORAGE_ENDPOINT'],
    projectId: cloud.env['PROJECT_ID']!,
  })
  const bucket = storage.bucket('uploads')
  // what was said once counts for the next mailbox too
  if (own.length > 0) await bucket.file(mailName(userId, mailSettingsFile)).save(JSON.stringify({ own }))
  const base = path.basename(mailbox)
  const file = bucket.file(mailName(userId, base === mailSettingsFile ? `mailbox-${base}` : base))
  await pipeline(createReadStream(mailbox), file.createWriteStream({ resumable: true }))
  const [{ generation }] = await file.getMetadata()
  const run = await watchRun(
    cloud,
    (db) => findRunOfMailbox(db, file.name, String(generation)),
    watch,
    signal,
  )
  const { counts, leftOut, reasons } = await withDatabase(cloud.env['DATABASE_URL']!, async (db) => ({
    counts: await countOutcomes(db, run.runId),
    leftOut: await countLeftOut(db, run.runId),
    reasons: await failureReasons(db, run.runId, reasonsShown),
  }))
  const { runId, status, stopReason, errorMessage: message, total, processed, elapsedSeconds } = run
  const report = {
    runId,
    status,
    stopReason,
    message,
    total,
    processed,
    letters: counts.letter,
    duplicates: counts.duplicate,
    own: counts.own,
    failed: counts.failed,
    seconds: Math.round(elapsedSeconds * 100) / 100,
  }
  return { report, leftOut, reasons }
}

export function summariseMail({ report, leftOut, reasons }: ReadMailbox): string {
  const { status, total, processed, letters, duplicates, own, failed, seconds } = report
  const remarks = [
    [leftOut.withAttachments, 'The letter came with files, which are left out.'],
    [leftOut.cut, 'The letter is longer than what is kept; its end is left out.'],
  ] as const
  const lines = [
    `Mailbox   ${status}: ${processed} of ${total} messages in ${seconds.toFixed(1)} s`,
    `Letters   ${letters} kept, ${duplicates} there already, ${own} of the show itself, ${failed} refused`,
    ...remarks.flatMap(([count, remark]) => (count > 0 ? [`Note      ${count} ×  ${remark}`] : [])),
    ...reasons.map(({ reason, count }) => `Note      ${count} ×  ${reason}`),
  ]
  return `${lines.join('\n')}\n`
}
