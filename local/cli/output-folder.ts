/**
 * The folder that finished files are put into. Hides that a reader of it never sees half an episode:
 * everything is fetched beside the folder first, and nothing of an earlier episode is left among the new
 * files.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { deliverables } from '../../shared/episode/deliverables.ts'
import { codeOf, Permanent } from '../../shared/errors.ts'

interface Named {
  readonly id: string
  readonly podcast: string
  readonly slug: string
}

/**
 * Where an episode's files go when nothing is said. Of several with one name, in different shows, the first that was made
 * has the folder of that name, and each other one a folder in its show's: none takes the place of another's files.
 * `ofThatName`: newest first.
 */
export function folderOf(
  { id, podcast, slug }: Named,
  ofThatName: readonly Pick<Named, 'id'>[],
  kind: 'episodes' | 'review' = 'episodes',
): string {
  const first = ofThatName.at(-1)?.id ?? id
  return path.resolve(kind, ...[...(first === id ? [] : [podcast]), slug].map(inside))
}

/** A server's word is not enough for a folder's name: it stays where it is. */
const inside = (name: string): string => path.basename(name).replace(/^\.*$/, 'unnamed')

/** What may come of an episode. */
const known: readonly string[] = [...Object.keys(deliverables), 'feed.xml']
/** Names what came with it, but for the feed of that moment. */
const manifestFile = 'manifest.json'
/** Does so where an episode has no manifest: one that was imported. */
const listFile = '.spool-files.json'

/** Whether a file of that name would be replaced. */
export const isOfEpisode = (file: string): boolean => known.includes(path.basename(file))

/** Which files lie in the folder by names of an episode's and are not Spool's. */
export async function strangersIn(folder: string): Promise<string[]> {
  const lists = await Promise.all([manifestFile, listFile].map((file) => listedIn(path.join(folder, file))))
  const own = new Set(lists.flat())
  return known.filter((file) => !own.has(file) && existsSync(path.join(folder, file)))
}

/** Nothing where it is no such list. */
async function listedIn(list: string): Promise<readonly unknown[]> {
  try {
    const { files } = JSON.parse(await readFile(list, 'utf8')) as { files?: unknown }
    return Array.isArray(files) && files.includes('episode.mp3') ? [...(files as unknown[]), 'feed.xml'] : []
  } catch {
    return []
  }
}

/** Why a folder with such files is not written to. */
export const notSpools = (folder: string, files: readonly string[]): string =>
  `${folder} has files that would be replaced or deleted, though they are yours: ${files.join(', ')}. ` +
  'Name another folder with --out, or move them away.'

/**
 * Fetches `files` and moves them into `folder` together; of the files that Spool may have left there before
 * those that are not among them go. Whatever else lies in the folder is not touched. Returns the
 * paths by file. Throws Permanent `bad_output` for a folder that is a file, or that has files of such names which are not
 * Spool's.
 */
export async function fillFolder(
  folder: string,
  files: readonly string[],
  fetchTo: (file: string, to: string) => Promise<void>,
): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    if (!['EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error
    throw new Permanent(
      'bad_output',
      `Nothing can be written to ${folder}: it is a file, or lies in one. Name another folder with --out.`,
    )
  })
  const strangers = await strangersIn(folder)
  if (strangers.length > 0) throw new Permanent('bad_output', notSpools(folder, strangers))
  const draft = await mkdtemp(path.join(folder, '.spool-')) // inside, so that it is on the same file system
  try {
    const fetched = await Promise.allSettled(files.map((file) => fetchTo(file, path.join(draft, file))))
    for (const each of fetched) if (each.status === 'rejected') throw each.reason
    for (const file of known) if (!files.includes(file)) await rm(path.join(folder, file), { force: true })
    // what says whose all of it is comes first: whoever is interrupted may go on
    if (!files.includes(manifestFile))
      await writeFile(path.join(folder, listFile), JSON.stringify({ version: 1, files }))
    const inOrder = [...files].sort((a, b) => Number(b === manifestFile) - Number(a === manifestFile))
    for (const file of inOrder) await rename(path.join(draft, file), path.join(folder, file))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return Object.fromEntries(files.map((file) => [file, path.join(folder, file)]))
}
