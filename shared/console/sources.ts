/**
 * Reads the sources of what browsers are given: from the project's folders here; a bundle has this module replaced by one
 * that holds the same (deploy/bundle.ts).
 */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import path from 'node:path'

/** What our modules may import besides each other, and the file in which it comes. */
export const libraries: Readonly<Record<string, string>> = {
  preact: 'preact/dist/preact.mjs',
  'preact/hooks': 'preact/hooks/dist/hooks.mjs',
  htm: 'htm/dist/htm.module.js',
  'htm/preact': 'htm/preact/index.module.js',
  'wavesurfer.js': 'wavesurfer.js/dist/wavesurfer.esm.js',
  'wavesurfer.js/plugins/regions': 'wavesurfer.js/dist/plugins/regions.esm.js',
}

/** The name under which a library is served. */
export const libraryFile = (name: string): string => `lib/${name.replaceAll('/', '-').replace(/\.js/, '')}.js`

/** By the name under which each is served: text that a browser understands. */
export async function readSources(): Promise<Record<string, string>> {
  const folder = path.join(import.meta.dirname, 'browser')
  const found = await readdir(folder, { recursive: true })
  const own = found
    .filter((file) => /\.(ts|css|svg)$/.test(file) && !file.endsWith('.d.ts'))
    .sort()
    .map(async (file) => {
      const text = await readFile(path.join(folder, file), 'utf8')
      return [file, file.endsWith('.ts') ? stripTypeScriptTypes(text) : text] as const
    })
  const packages = path.join(createRequire(import.meta.url).resolve('knex/package.json'), '../..')
  const foreign = Object.entries(libraries).map(
    async ([name, file]) =>
      [libraryFile(name), withoutMap(await readFile(path.join(packages, file), 'utf8'))] as const,
  )
  return Object.fromEntries(await Promise.all([...own, ...foreign]))
}

const withoutMap = (text: string): string => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
