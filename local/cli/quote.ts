/** What a job will take, before it begins. Hides how the length of a file here is found. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { ffprobe } from '../../shared/audio/ffmpeg.ts'
import { parseConfig } from '../../shared/config.ts'
import { withDatabase } from '../../shared/db/connect.ts'
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
