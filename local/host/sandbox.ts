/**
 * Starts a program as the platform starts a function: in a folder of which, as of the whole file system but /tmp,
 * nothing can be written, within the memory it is given. Hides mount namespaces and control groups, of which no
 * change is seen outside, and what is done where a machine has none.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface Sandboxed {
  readonly child: ChildProcess
  /** To be called when the process has ended. */
  readonly release: () => void
}

export interface SandboxOptions {
  readonly cwd: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly memoryBytes: number
  /** A descriptor that takes what it prints. */
  readonly log: number
}

/** With the right to mount, or as root of a namespace of one's own, which needs no right. */
const namespaces = [
  ['unshare', '--mount'],
  ['unshare', '--user', '--map-root-user', '--mount'],
]
const asRoot = 'unshare: a mount namespace'
const names = [asRoot, 'unshare: a user and a mount namespace']

/**
 * Node may lie in /tmp, which is hidden, so it is mounted elsewhere first. A folder that can be written to all the
 * same ends it. Whoever started it takes it along, however that one ends.
 */
const script = `set -e
mount --make-rprivate /
mount -t tmpfs -o size=1m tmpfs /mnt
: > /mnt/node
mount --bind "$1" /mnt/node
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
cd "$2"
shift 2
if ( : > probe ) 2>/dev/null; then echo 'The file system can be written to.' >&2; exit 1; fi
exec setpriv --pdeathsig KILL /mnt/node "$@"`

let found: number | undefined

/** Which of the ways works here; -1 when none does. */
function way(): number {
  found ??= namespaces.findIndex(([program, ...args]) => {
    const tried = spawnSync(program!, [
      ...args,
      'sh',
      '-c',
      'mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp',
    ])
    return tried.status === 0
  })
  return found
}

/** How this machine keeps a process within bounds, for people. */
export function describeSandbox(): string {
  const files = names[way()] ?? 'nothing: the file system could be written to'
  const memory = controlGroups().length > 0 ? 'a control group' : 'nothing: its peak is looked at'
  return `Read-only files by ${files}; memory by ${memory}.`
}

export function startSandboxed({ cwd, args, env, memoryBytes, log }: SandboxOptions): Sandboxed {
  const group = makeGroup(memoryBytes)
  const stdio: ['ignore', number, number] = ['ignore', log, log]
  const enter = group === undefined ? [] : ['sh', '-c', `echo $$ > "$0/cgroup.procs"; exec "$@"`, group]
  const bounded = namespaces[way()]
  const [program, ...rest] = bounded
    ? [...enter, ...bounded, 'sh', '-c', script, 'sh', process.execPath, cwd, ...args]
    : [...enter, process.execPath, ...args]
  const child = spawn(program!, rest, { cwd, env, stdio, detached: true })
  return { child, release: () => group !== undefined && removeGroup(group) }
}

/** Of this process, in the form of either version, where memory can be limited below it. */
function controlGroups(): { folder: string; limit: string }[] {
  if (process.platform !== 'linux') return []
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, controllers, own] = /^\d+:([^:]*):(.*)$/.exec(line)!
      if (controllers!.split(',').includes('memory'))
        return [{ folder: path.join('/sys/fs/cgroup/memory', own!), limit: 'memory.limit_in_bytes' }]
      return controllers === '' ? [{ folder: path.join('/sys/fs/cgroup', own!), limit: 'memory.max' }] : []
    })
    .filter(({ folder, limit }) => existsSync(path.join(folder, limit)) && canMakeIn(folder, limit))
}

function canMakeIn(folder: string, limit: string): boolean {
  const probe = path.join(folder, `spool-probe-${process.pid}`)
  try {
    mkdirSync(probe)
    try {
      writeFileSync(path.join(probe, limit), String(1024 ** 3))
      return true
    } finally {
      rmdirSync(probe)
    }
  } catch {
    return false
  }
}

let made = 0

function makeGroup(memoryBytes: number): string | undefined {
  const [parent] = controlGroups()
  if (!parent) return undefined
  const group = path.join(parent.folder, `spool-${process.pid}-${++made}`)
  mkdirSync(group)
  writeFileSync(path.join(group, parent.limit), String(memoryBytes))
  return group
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group)
  } catch {
    // a child of the process still ends; an empty group costs nothing
  }
}
