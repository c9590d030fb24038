/** `spool import-feed`: takes a show over from the feed it has elsewhere, a file or an address. */
import { readFile, stat } from 'node:fs/promises'
import { catalogue } from '../../functions/index.ts'
import type { Warning } from '../../shared/codes.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { Permanent } from '../../shared/errors.ts'
import { asSeen } from '../../shared/objects.ts'
import {
  fetchFeed,
  fetchShow,
  importShow,
  mostFeedBytes,
  previewImport,
  readShow,
} from '../../shared/publishing/import-feed.ts'
import type { Publisher } from '../../shared/publishing/public-files.ts'
import { readText } from '../../shared/text-file.ts'
import type { Attached } from '../host/attach.ts'
import { userId } from './user.ts'

export interface ImportJob {
  /** The podcast's name. */
  readonly podcast?: string
  /** Audio comes too. */
  readonly fetch?: boolean
  /** Only says what would be done. */
  readonly dryRun?: boolean
  /** A show of that name that is there already is this one. */
  readonly sameShow?: boolean
}

export interface ImportReport {
  /** Null where a dry run would make one. */
  readonly podcastId: string | null
  readonly podcast: string
  readonly feedUrl: string | null
  readonly episodes: number
  readonly added: number
  readonly there: number
  readonly fetched: number
  readonly dryRun: boolean
  readonly warnings: readonly Warning[]
}

const isAddress = (from: string): boolean => /^https?:\/\//i.test(from)

/** Throws Permanent `bad_feed`, `not_found`, `already_there`, or as a fetch does. */
export async function importFeed(
  cloud: Attached,
  from: string,
  { podcast, fetch = false, dryRun = false, sameShow }: ImportJob,
  signal: AbortSignal,
): Promise<ImportReport> {
  const services = openServices(cloud.env, catalogue)
  try {
    const { config, storage } = services
    const text = isAddress(from) ? (await fetchFeed(from, config)).text : await readFeedFile(from)
    const show = await readShow(text, isAddress(from) ? from : undefined)
    const warnings = [...show.warnings]
    const tools: Publisher = {
      config,
      storage,
      withDatabase: (use) => withDatabase(config.databaseUrl, use),
      warn: (warning) => warnings.push(warning),
    }
    const options = { userId, slug: podcast === undefined ? undefined : asSeen(podcast), sameShow }
    const came = dryRun ? await previewImport(show, options, tools) : await importShow(show, options, tools)
    const fetched =
      fetch && !dryRun && came.podcastId !== null ? await fetchShow(came.podcastId, tools, signal) : 0
    return { ...came, episodes: show.episodes.length, fetched, dryRun, warnings }
  } finally {
    await services.tasks.close()
  }
}

async function readFeedFile(file: string): Promise<string> {
  const { size } = await stat(file)
  if (size > mostFeedBytes)
    throw new Permanent('bad_feed', `${file} has ${size} bytes; the limit is ${mostFeedBytes}.`)
  return readText(await readFile(file)).text
}

export function summariseImport(report: ImportReport): string {
  const { podcast, feedUrl, added, there, fetched, dryRun, warnings } = report
  const lines = [
    ...warnings.map(({ message }) => `Note: ${message}`),
    dryRun
      ? `Would add ${added} episodes to "${podcast}"; ${there} are there already.`
      : `Added ${added} episodes to "${podcast}"; ${there} were there already.`,
    ...(fetched > 0 ? [`Fetched ${fetched} audio files.`] : []),
    ...(feedUrl === null ? [] : [`The feed is ${feedUrl}`]),
  ]
  return `${lines.join('\n')}\n`
}
