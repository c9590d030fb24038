/**
 * Installs beside a bundle what its lock file lists, taken from the project's own packages: the files that `npm ci`
 * fetches there, without a network.
 */
import { cp, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { LockFile } from './lock.ts'

const root = path.join(import.meta.dirname, '..')

/** Packages for other platforms are in the lock file and not here; npm leaves them out as well. */
export async function installPackages(dir: string): Promise<void> {
  const text = await readFile(path.join(dir, 'package-lock.json'), 'utf8')
  for (const place of Object.keys((JSON.parse(text) as LockFile).packages).filter(Boolean)) {
    const from = path.join(root, place)
    if (!(await stat(from).catch(() => undefined))) continue
    await cp(from, path.join(dir, place), { recursive: true, filter: (file) => isOf(from, file) })
  }
}

/** A package's own files: those below it have places of their own in the lock file. */
const isOf = (place: string, file: string): boolean =>
  !path.relative(place, file).split(path.sep).includes('node_modules')
