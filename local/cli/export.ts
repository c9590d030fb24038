/**
 * `spool export`: a podcast as a folder that any web server can serve. Hides which of a feed's addresses are ours, and that
 * they, and those in the files they lead to, are written as the server there will have them.
 */
import { access, mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Permanent } from '../../shared/errors.ts'
import type { Client } from '../client/client.ts'
import { podcastNamed } from '../client/names.ts'
import { isShow } from './job-files.ts'
import { quoted } from './quoted.ts'

export interface ExportReport {
  readonly podcast: string
  readonly folder: string
  /** Where the feed will be. */
  readonly feedUrl: string
  /** In the feed. */
  readonly episodes: number
  readonly files: readonly string[]
  /** Written by an export before, and gone since nothing names them any more. */
  readonly removed: readonly string[]
  /** In the feed, whose sound is elsewhere: a link to where it was imported from. */
  readonly elsewhere: number
}

export interface ExportJob {
  /** Of the folder, as listeners will reach it. */
  readonly url: string
  readonly out: string
}

/** As servers are asked for it, where a space or an umlaut has a form of its own. Undefined for no address of a folder. */
export function folderAddress(typed: string): string | undefined {
  if (!/^https?:\/\/[^?#]+$/.test(typed) || !URL.canParse(typed)) return undefined
  return new URL(typed).href
}

/**
 * The feed is written last, so that it names nothing that is not there; what an export before has written and nothing names
 * any more goes after it. Throws Permanent `not_found`, `bad_feed`, `bad_output`.
 */
export async function exportPodcast(
  client: Client,
  podcast: string,
  { url, out }: ExportJob,
  signal: AbortSignal,
): Promise<ExportReport> {
  const folder = path.resolve(out)
  if (isShow(folder))
    throw new Permanent(
      'bad_output',
      `${out} is a show's own folder. Name another with --out: servers give out all of it.`,
    )
  const { feedUrl, slug } = await podcastNamed(client, podcast)
  const former = await formerExport(folder)
  if (former.podcast !== undefined && former.podcast !== slug)
    throw new Permanent(
      'bad_output',
      `${out} holds the export of another show, "${former.podcast}". Give this one a folder of its own: --out ${quoted(`${out}-${slug}`)}`,
    )
  const [from, to] = [feedUrl.slice(0, -feedFile.length), `${url.replace(/\/+$/, '')}/`]
  const feed = (
    await fetched(feedUrl, `Nothing of ${slug} is published yet, so it has no feed`, signal)
  ).toString('utf8')
  const files = [...new Set(feed.split(withoutScheme(from)).slice(1).map(restOfAddress))].filter(
    (file) => file !== feedFile,
  )
  await mustBeOurs(folder, [...files, feedFile], former.files)
  for (const file of files) {
    const bytes = await fetched(from + file, `The feed names ${file}, which is not there`, signal)
    await write(folder, file, /\.json$/.test(file) ? bytes.toString('utf8').replaceAll(from, to) : bytes)
  }
  const moved = feed.replaceAll(from, to).replaceAll(withoutScheme(from), withoutScheme(to))
  await write(folder, feedFile, moved)
  const all = [...files, feedFile]
  const removed = await forgetFormer(folder, former.files, all)
  const noted: Former = { podcast: slug, files: all }
  await writeFile(path.join(folder, manifest), JSON.stringify(noted))
  const items = feed.split(/<item[\s>]/).slice(1)
  const elsewhere = items.filter((item) => !soundOf(item).includes(withoutScheme(from))).length
  const episodes = items.length
  return { podcast: slug, folder, feedUrl: `${to}${feedFile}`, episodes, files: all, removed, elsewhere }
}

const feedFile = 'feed.xml'

/** As it stands behind the prefix of whoever counts downloads. */
const withoutScheme = (address: string): string => address.replace(/^https:\/\//, '')
/** The enclosure of an item. */
const soundOf = (item: string): string => /<enclosure\s[^>]*>/.exec(item)?.[0] ?? ''

async function fetched(address: string, otherwise: string, signal: AbortSignal): Promise<Buffer> {
  const answer = await fetch(address, { signal })
  if (!answer.ok)
    throw new Permanent('not_found', `${otherwise}. Publish an episode first: ./spool publish EPISODE`)
  return Buffer.from(await answer.arrayBuffer())
}

/** In the folder, what the last export has written there: whatever else lies in it is somebody else's. */
const manifest = '.spool-export.json'

const formerManifest = z.object({ podcast: z.string().optional(), files: z.array(z.string()) })
type Former = z.infer<typeof formerManifest>

/**
 * What an export before has written there, and of which show (of one by an earlier Spool that is not known). Exported for its
 * test. Throws Permanent `bad_output` where no folder can be.
 */
export async function formerExport(folder: string): Promise<Former> {
  const nothing: Former = { files: [] }
  try {
    const noted: unknown = JSON.parse(await readFile(path.join(folder, manifest), 'utf8'))
    return formerManifest.safeParse(Array.isArray(noted) ? { files: noted } : noted).data ?? nothing
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR')
      throw new Permanent('bad_output', `${folder} is, or lies in, a file. Name a folder with --out.`)
    return nothing
  }
}

/** Throws Permanent `bad_output` where a file lies that no export has written. */
async function mustBeOurs(
  folder: string,
  files: readonly string[],
  former: readonly string[],
): Promise<void> {
  const isThere = (file: string) =>
    access(placeOf(folder, file)).then(
      () => true,
      () => false,
    )
  for (const file of files)
    if (!former.includes(file) && (await isThere(file)))
      throw new Permanent(
        'bad_output',
        `${placeOf(folder, file)} is there, and no export of Spool has written it. Name another folder with --out, or move it away.`,
      )
}

/** Deletes what the last export wrote and this one did not, with folders that it leaves empty. */
async function forgetFormer(
  folder: string,
  former: readonly string[],
  files: readonly string[],
): Promise<string[]> {
  const removed = former.filter((file) => !files.includes(file))
  for (const file of removed) {
    const place = placeOf(folder, file)
    await rm(place, { force: true })
    let left = path.dirname(place)
    while (left !== folder && (await wasEmpty(left))) left = path.dirname(left)
  }
  return removed
}

/** Removes a folder in which nothing is left. */
const wasEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    () => false,
  )

/** In a feed an address ends with its attribute, its element, or a word. */
const restOfAddress = (text: string): string => /^[^"'<>\s&?#]*/.exec(text)![0]

async function write(folder: string, file: string, content: string | Buffer): Promise<void> {
  const place = placeOf(folder, file)
  await mkdir(path.dirname(place), { recursive: true })
  await writeFile(place, content)
}

/** A server's word is not enough for where a file is written. */
function placeOf(folder: string, file: string): string {
  const place = path.join(folder, decodeURIComponent(file))
  if (!place.startsWith(folder + path.sep))
    throw new Permanent('bad_feed', `The feed names a file outside of its own folder: ${file}`)
  return place
}

export const summariseExport = ({
  podcast,
  folder,
  feedUrl,
  episodes,
  files,
  removed,
  elsewhere,
}: ExportReport): string =>
  `${files.length === 1 ? '1 file' : `${files.length} files`} in ${folder}${removed.length === 0 ? '' : `; ${removed.length} of an export before are gone, as nothing names them any more`}\n` +
  (episodes > 0
    ? ''
    : 'No episode is in its feed: ./spool list says why, ./spool publish EPISODE puts one there.\n') +
  (elsewhere === 0
    ? ''
    : `Of ${elsewhere} of ${episodes} ${episodes === 1 ? 'episode' : 'episodes'} the sound is not among them: it stays with the host they were imported from, and the feed names it there. ` +
      `Before you leave that host, bring it: ./spool import-feed FEED --podcast ${quoted(podcast)} --fetch, then export again.\n`) +
  `Put them where ${feedUrl} is their feed.xml, and give directories that address.\n` +
  'The server must give audio in byte ranges and each file its type: docs/feed.md has the settings of one that does.\n'
