/**
 * `spool rehearse`: what would be deployed, on this machine. The bundles with their production packages, in a folder
 * outside the project, each function in a process started as the platform starts it, make the sample show on the local
 * cloud. Hides how the parts are put together.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { catalogue } from '../../functions/index.ts'
import { bundleAll, migrationsName, nodeOptions, type Bundle } from '../../deploy/bundle.ts'
import { installPackages } from '../../deploy/install.ts'
import { bytesOf } from '../../deploy/quantity.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { startLocalCloud } from '../host/cloud.ts'
import { bars, coldStartTable, measureColdStart, type ColdStart } from '../host/cold-start.ts'
import { memoryOf, openInstances, type DeployedFunction, type Instances } from '../host/instances.ts'
import { describeSandbox } from '../host/sandbox.ts'
import { assemble } from './assemble.ts'
import { sampleJob } from './sample.ts'

export interface Rehearsal {
  /** Of the episode's audio: that of `spool demo`. */
  readonly sha256: string
  readonly functions: readonly ColdStart[]
}

export interface Watched extends Rehearsal {
  readonly sandbox: string
  /** The most that each function's own process held, in MiB. */
  readonly peaks: ReadonlyMap<string, number>
}

/** The sample show takes half a minute; a function that always fails is called again without end. */
const longestMs = 5 * 60_000

/** Functions see an empty /tmp of their own, so they lie elsewhere. */
const place = process.platform === 'linux' ? '/var/tmp' : tmpdir()

/** Throws what went wrong: a bundle that does not load, a function that is not healthy, a run that failed. */
export async function rehearse(
  root: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Watched> {
  const dir = await mkdtemp(path.join(place, 'spool-rehearsal-'))
  try {
    say('making the bundles')
    const bundles = await bundleAll(path.join(dir, 'functions'))
    await installAll(dir, bundles)
    return await onCloud(root, dir, bundles, say, signal)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** What the functions of this catalogue are given. */
export const deployedIn = (dir: string): DeployedFunction[] =>
  catalogue.map((entry) => ({
    name: nameOf(entry),
    folder: path.join(dir, 'functions', nameOf(entry)),
    memoryBytes: bytesOf(entry.memory),
    nodeOptions,
  }))

async function onCloud(
  root: string,
  dir: string,
  bundles: readonly Bundle[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Watched> {
  const deployed = deployedIn(dir)
  const instances = openInstances(deployed)
  const cloud = await startLocalCloud(path.join(dir, 'state'), {
    serve: instances.serve,
    migrate: (databaseUrl, functionsUrl) => runMigrations(dir, databaseUrl, functionsUrl),
  })
  try {
    say('starting every function')
    const functions = await startAll(deployed, instances, bundles)
    say('making the sample show')
    const out = path.join(dir, 'episode')
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
    await assemble(cloud, sampleJob(root, out), () => undefined, bounded)
    const audio = await readFile(path.join(out, 'episode.mp3'))
    return {
      sha256: createHash('sha256').update(audio).digest('hex'),
      functions,
      sandbox: describeSandbox(),
      peaks: await peaksOf(deployed, instances),
    }
  } catch (error) {
    say(await readFile(cloud.logFile, 'utf8'))
    throw error
  } finally {
    await cloud.stop()
  }
}

/** One after the other: two that start at once would slow each other down. */
export async function startAll(
  deployed: readonly DeployedFunction[],
  { start }: Instances,
  bundles: readonly Bundle[],
): Promise<ColdStart[]> {
  const measured: ColdStart[] = []
  for (const each of deployed) {
    const { bytes } = bundles.find(({ name }) => name === each.name)!
    measured.push(await measureColdStart(each, () => start(each.name), bytes))
  }
  return measured
}

async function peaksOf(
  deployed: readonly DeployedFunction[],
  { start }: Instances,
): Promise<Map<string, number>> {
  const peaks = new Map<string, number>()
  for (const { name } of deployed) peaks.set(name, memoryOf((await start(name)).pid, 'VmHWM'))
  return peaks
}

/** Those with the same packages share one copy of them. */
export async function installAll(dir: string, bundles: readonly Bundle[]): Promise<void> {
  const installed = new Map<string, string>()
  for (const { name, packages } of bundles) {
    const folder = path.join(dir, 'functions', name)
    const same = installed.get(packages.join())
    if (same !== undefined) await symlink(same, path.join(folder, 'node_modules'))
    else {
      await installPackages(folder)
      installed.set(packages.join(), path.join(folder, 'node_modules'))
    }
  }
}

async function runMigrations(dir: string, databaseUrl: string, functionsUrl: string): Promise<void> {
  await promisify(execFile)(process.execPath, [path.join(dir, 'functions', migrationsName, 'index.mjs')], {
    env: { DATABASE_URL: databaseUrl, FUNCTIONS_DATABASE_URL: functionsUrl },
  })
}

/** For people. */
export function describeRehearsal({ sha256, functions, sandbox, peaks }: Watched): string {
  const missed = functions.filter(
    ({ importMs, importMb }) => importMs > bars.importMs || importMb > bars.importMb,
  )
  return [
    coldStartTable(functions, (name) => `${peaks.get(name)!.toFixed(0)} MB`),
    sandbox,
    missed.length === 0
      ? `Every function loads within ${bars.importMs} ms and ${bars.importMb} MB.`
      : `Over ${bars.importMs} ms or ${bars.importMb} MB: ${missed.map(({ name }) => name).join(', ')}.`,
    `sha256 ${sha256}`,
    '',
  ].join('\n')
}
