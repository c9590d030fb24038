/**
 * `spool export`: a podcast as a folder that any web server can serve. Hides which of a feed's addresses are ours, and that
 * they, and those in the files they lead to, are written as the server there will have them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import type { Client } from '../client/client.ts'
import { podcastNamed } from '../client/names.ts'

export interface ExportReport {
  readonly podcast: string
  readonly folder: string
  /** Where the feed will be. */
  readonly feedUrl: string
  readonly files: readonly string[]
}

export interface ExportJob {
  /** Of the folder, as listeners will reach it. */
  readonly url: string
  readonly out: string
}

/** The feed is written last, so that it names nothing that is not there. Throws Permanent `not_found`, `bad_feed`. */
export async function exportPodcast(
  client: Client,
  podcast: string,
  { url, out }: ExportJob,
  signal: AbortSignal,
): Promise<ExportReport> {
  const { feedUrl } = await podcastNamed(client, podcast)
  const [from, to] = [feedUrl.slice(0, -'feed.xml'.length), `${url.replace(/\/+$/, '')}/`]
  const fetched = async (address: string): Promise<Buffer> => {
    const answer = await fetch(address, { signal })
    if (!answer.ok)
      throw new Permanent(
        'not_found',
        `There is nothing at ${address} (${answer.status}). Publish an episode of ${podcast} first: ./spool publish EPISODE`,
      )
    return Buffer.from(await answer.arrayBuffer())
  }
  const feed = (await fetched(feedUrl)).toString('utf8')
  const folder = path.resolve(out)
  const files = [...new Set(feed.split(from).slice(1).map(restOfAddress))].filter(
    (file) => file !== 'feed.xml',
  )
  for (const file of files) {
    const bytes = await fetched(from + file)
    await write(folder, file, /\.json$/.test(file) ? bytes.toString('utf8').replaceAll(from, to) : bytes)
  }
  await write(folder, 'feed.xml', feed.replaceAll(from, to))
  return { podcast, folder, feedUrl: `${to}feed.xml`, files: [...files, 'feed.xml'] }
}

/** In a feed an address ends with its attribute, its element, or a word. */
const restOfAddress = (text: string): string => /^[^"'<>\s&?#]*/.exec(text)![0]

/** A server's word is not enough for where a file is written. */
async function write(folder: string, file: string, content: string | Buffer): Promise<void> {
  const place = path.join(folder, decodeURIComponent(file))
  if (!place.startsWith(folder + path.sep))
    throw new Permanent('bad_feed', `The feed names a file outside of its own folder: ${file}`)
  await mkdir(path.dirname(place), { recursive: true })
  await writeFile(place, content)
}

export const summariseExport = ({ folder, feedUrl, files }: ExportReport): string =>
  `${files.length} files in ${folder}\n` +
  `Put them where ${feedUrl} is their feed.xml, and give directories that address.\n`
