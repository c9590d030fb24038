/**
 * The packages that a bundle cannot hold: its package.json, and the part of the project's lock file that
 * belongs to it, so that `npm ci` installs there what is tested here.
 */
import path from 'node:path'

/** An entry of a lock file, as far as it is read. */
interface Locked {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface LockFile {
  readonly packages: Readonly<Record<string, Locked>>
}

export interface Manifest {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
}

const folder = 'node_modules/'

/** Of these packages the exact versions that the lock has. */
export function versionsOf(lock: LockFile, names: readonly string[]): Record<string, string> {
  return Object.fromEntries([...names].sort().map((name) => [name, find(lock, '', name)!.locked.version]))
}

/** The lock file of a package with these dependencies: theirs, and whatever those need. */
export function lockOf(lock: LockFile, manifest: Manifest): object {
  const places = new Set<string>()
  const follow = (from: string, names: readonly string[]): void => {
    for (const name of names) {
      const found = find(lock, from, name) // an optional one may not be there
      if (!found || places.has(found.place)) continue
      places.add(found.place)
      const { dependencies = {}, optionalDependencies = {} } = found.locked
      follow(found.place, Object.keys({ ...dependencies, ...optionalDependencies }))
    }
  }
  follow('', Object.keys(manifest.dependencies))
  const packages = [...places].sort().map((place) => [place, lock.packages[place]])
  return {
    name: manifest.name,
    lockfileVersion: 3,
    requires: true,
    packages: { '': manifest, ...(Object.fromEntries(packages) as object) },
  }
}

/** As Node looks for a package: beside the one that asks, then in each folder above. */
function find(
  { packages }: LockFile,
  from: string,
  name: string,
): { place: string; locked: Locked } | undefined {
  for (let above = from; ; above = parentOf(above)) {
    const place = path.posix.join(above, folder, name)
    const locked = packages[place]
    if (locked) return { place, locked }
    if (above === '') return undefined
  }
}

/** `node_modules/a/node_modules/b` lies in `node_modules/a`, and that at the top. */
const parentOf = (place: string): string => place.slice(0, Math.max(0, place.lastIndexOf(`/${folder}`)))
