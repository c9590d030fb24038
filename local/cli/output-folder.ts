/**
 * The folder that finished files are put into. Hides that a reader of it never sees half an episode:
 * everything is fetched beside the folder first, and nothing of an earlier episode is left among the new
 * files.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
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

/**
 * Fetches `files` and moves them into `folder` together; of the files that Spool may have left there before
 * (`known`) those that are not among them go. Whatever else lies in the folder is not touched. Returns the
 * paths by file. Throws Permanent `bad_output` for a folder that is a file.
 */
export async function fillFolder(
  folder: string,
  known: readonly string[],
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
  const draft = await mkdtemp(path.join(folder, '.spool-')) // inside, so that it is on the same file system
  try {
    const fetched = await Promise.allSettled(files.map((file) => fetchTo(file, path.join(draft, file))))
    for (const each of fetched) if (each.status === 'rejected') throw each.reason
    for (const file of known) if (!files.includes(file)) await rm(path.join(folder, file), { force: true })
    for (const file of files) await rename(path.join(draft, file), path.join(folder, file))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return Object.fromEntries(files.map((file) => [file, path.join(folder, file)]))
}
