/**
 * The folder that restored recordings are put into. Hides how it is known of which recording a file there was made: a list beside
 * them says so, and what it does not name is somebody's own.
 */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Permanent } from '../../shared/errors.ts'

export interface Restoring {
  readonly recordings: readonly string[]
  readonly out: string
}

const listFile = '.spool-restored.json'
/** By the file's name, the recording's place. */
const list = z.record(z.string(), z.string())

/** Where the sound of each recording goes. */
export const restoredFiles = ({ recordings, out }: Restoring): string[] =>
  recordings.map((_, i) =>
    path.resolve(out, recordings.length === 1 ? 'restored.wav' : `restored-${i + 1}.wav`),
  )

/** Nothing is replaced but what was made of the same recording. Throws Permanent `bad_output`. */
export async function mustBeFree(job: Restoring): Promise<void> {
  const own = restoredFiles(job).find((file) => job.recordings.some((one) => path.resolve(one) === file))
  if (own !== undefined)
    throw new Permanent(
      'bad_output',
      `${own} would be replaced by itself, restored. Name another folder with --out.`,
    )
  const made = await listed(job.out)
  for (const [i, file] of restoredFiles(job).entries()) {
    const recording = path.resolve(job.recordings[i]!)
    const former = made[path.basename(file)]
    if (!existsSync(file) || former === recording) continue
    const whose = former === undefined ? 'is yours' : `was made of ${former}`
    throw new Permanent(
      'bad_output',
      `${file} ${whose}, and would be replaced by ${recording}, restored. Name another folder with --out, or move it away.`,
    )
  }
}

/** Notes that the files are made of these. */
export async function noteRestored(job: Restoring): Promise<void> {
  const now = restoredFiles(job).map((file, i) => [path.basename(file), path.resolve(job.recordings[i]!)])
  const all = { ...(await listed(job.out)), ...(Object.fromEntries(now) as object) }
  await writeFile(path.join(job.out, listFile), JSON.stringify(all))
}

async function listed(out: string): Promise<Readonly<Record<string, string>>> {
  try {
    return list.parse(JSON.parse(await readFile(path.join(out, listFile), 'utf8')))
  } catch {
    return {} // none, or none of ours
  }
}
