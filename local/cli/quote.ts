/**
 * What a job will take, before it begins, and what it took, in a line each. Hides how the length of a file here is found.
 */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { parseConfig } from '../../shared/config.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import type { RunCosts } from '../../shared/db/run-costs.ts'
import { quote, type Quote } from '../../shared/episode/quote.ts'
import { defaultTemplate, parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import type { Attached } from '../host/attach.ts'
import type { Job } from './job-files.ts'
import { userId } from './user.ts'

const longestLookMs = 5000

export async function quoteJob({ env }: Attached, job: Job, signal: AbortSignal): Promise<Quote> {
  const { recordings, tracks = false, words, template } = job
  const sizes = await Promise.all(recordings.map(async (file) => (await stat(file)).size))
  const lengths = await Promise.all(recordings.map((file) => secondsOf(file, signal)))
  const known = lengths.filter((length) => length !== null)
  const seconds =
    known.length < lengths.length
      ? null
      : tracks
        ? Math.max(...known)
        : known.reduce((sum, length) => sum + length, 0)
  const asked = {
    ...{ userId, seconds, hasWords: words !== undefined },
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    template:
      template === undefined
        ? defaultTemplate()
        : parseTemplate(readText(await readFile(template)).text, path.basename(template)),
  }
  return await withDatabase(env['DATABASE_URL']!, (db) => quote(db, parseConfig(env), asked))
}

/** As the file says of itself; null where it does not, or not soon. */
async function secondsOf(file: string, signal: AbortSignal): Promise<number | null> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(longestLookMs)])
  const shown = ['-show_entries', 'format=duration', '-of', 'csv=p=0']
  try {
    const said = await ffprobe(['-protocol_whitelist', 'file', ...shown, `file:${path.resolve(file)}`], soon)
    const seconds = Number.parseFloat(said)
    return Number.isFinite(seconds) && seconds > 0 ? seconds : null
  } catch {
    signal.throwIfAborted()
    return null
  }
}

/** In a line. */
export function describeQuote({
  minutes,
  minutesLeft,
  transcribedBy,
  notedBy,
  roomBytes,
  seconds,
}: Quote): string {
  const parts = [
    minutes === null ? 'a recording that does not say its length' : `${minutes} min of recording`,
    ...(minutes !== null && minutesLeft !== null && minutes > minutesLeft
      ? [`of ${minutesLeft} left this month`]
      : []),
    ...(transcribedBy === null && notedBy === null ? ['nobody is paid'] : []),
    ...(transcribedBy === null
      ? []
      : [`${transcribedBy.provider} transcribes it, ${priceOf(transcribedBy)}`]),
    ...(notedBy === null ? [] : [`${notedBy} reads its transcript for notes, at its own price`]),
    `about ${size(roomBytes)} of room`,
    seconds === null ? 'how long it takes is known after the first one' : `about ${duration(seconds)}`,
  ]
  return `Quote     ${parts.join(', ')}\n`
}

function priceOf({ usd, listedIn, priceList }: NonNullable<Quote['transcribedBy']>): string {
  const price = usd === null ? 'at its own price' : `about $${usd.toFixed(2)} by its list of ${listedIn}`
  return priceList === null ? price : `${price} (today's: ${priceList})`
}

/** In a line, as what it was and what was paid. */
export function describeReceipt({ elapsedSeconds, workSeconds, made, parts, paid }: RunCosts): string {
  const payment =
    paid.length === 0
      ? 'nobody was paid'
      : paid
          .map(({ provider, calls }) => `${provider} was paid for ${calls} call${calls === 1 ? '' : 's'}`)
          .join(', ')
  return `${duration(elapsedSeconds)}, ${workSeconds.toFixed(1)} s of computing, ${made} of ${parts} parts made; ${payment}`
}

const size = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e7) * 10} MB` : `${(bytes / 1e9).toFixed(1)} GB`

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
