/**
 * Measures processes: CPU seconds and resident memory of one command, or of a tree of processes told apart by what
 * they do. Hides /proc.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { once } from 'node:events'

export interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMegabytes: number
}

/** Linux counts CPU in hundredths of a second. */
const ticksPerSecond = 100
const pageMegabytes = 4096 / 1024 ** 2
const sampleEveryMs = 100

interface Stat {
  /** The name of its program, or the one it gave itself. */
  readonly program: string
  readonly parent: number
  readonly cpuSeconds: number
  /** Of its children that ended, and of theirs. */
  readonly endedCpuSeconds: number
  readonly residentMegabytes: number
}

function readStat(pid: number | 'self'): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const endOfName = text.lastIndexOf(')')
    const fields = text
      .slice(endOfName + 2)
      .split(' ')
      .map(Number)
    return {
      program: text.slice(text.indexOf('(') + 1, endOfName),
      parent: fields[1]!,
      cpuSeconds: (fields[11]! + fields[12]!) / ticksPerSecond,
      endedCpuSeconds: (fields[13]! + fields[14]!) / ticksPerSecond,
      residentMegabytes: fields[21]! * pageMegabytes,
    }
  } catch {
    return undefined // it ended meanwhile
  }
}

/** What a process does, and what the processes do that it starts. */
export interface Kind {
  readonly name: string
  /** Of a child by its program; an ended child has none, since its parent's counters keep only its CPU. */
  readonly ofChild: (program: string | undefined) => Kind
}

/** What the processes of a kind took together. */
export interface KindCost {
  readonly name: string
  readonly cpuSeconds: number
  /** Of the one process that grew largest; pages it shares with others are counted. */
  readonly peakMegabytes: number
  /** At once. */
  readonly mostProcesses: number
}

type Member = Stat & { readonly kind: Kind }

/**
 * The roots that are alive and every process below them; a root is what the map says, whoever started it. `strangers` gets
 * all others, who are not read again: on a machine with many, to look at all of them takes a core some of its time.
 */
function family(roots: ReadonlyMap<number, Kind>, strangers = new Set<number>()): Member[] {
  const all = new Map<number, Stat>()
  const alive = new Set(readdirSync('/proc').map(Number).filter(Number.isInteger))
  for (const pid of strangers) if (!alive.has(pid)) strangers.delete(pid) // another may get its number
  for (const pid of alive) {
    const stat = strangers.has(pid) ? undefined : readStat(pid)
    if (stat) all.set(pid, stat)
  }
  const kindOf = (pid: number): Kind | undefined => {
    const stat = all.get(pid)
    return stat && (roots.get(pid) ?? kindOf(stat.parent)?.ofChild(stat.program))
  }
  return [...all].flatMap(([pid, stat]) => {
    const kind = kindOf(pid)
    if (!kind) strangers.add(pid)
    return kind ? [{ ...stat, kind }] : []
  })
}

/** CPU seconds since each process began, by the names of kinds. */
function cpuByKind(members: readonly Member[]): Map<string, number> {
  const sums = new Map<string, number>()
  const add = ({ name }: Kind, seconds: number) => sums.set(name, (sums.get(name) ?? 0) + seconds)
  for (const { kind, cpuSeconds, endedCpuSeconds } of members) {
    add(kind, cpuSeconds)
    add(kind.ofChild(undefined), endedCpuSeconds)
  }
  return sums
}

/**
 * Watches the trees below `roots` until `stop`, which returns what each kind took, in the order they were met. What
 * the watching itself takes of this process is left out.
 */
export function watch(roots: ReadonlyMap<number, Kind>): { stop: () => KindCost[] } {
  const peaks = new Map<string, { peakMegabytes: number; mostProcesses: number }>()
  const strangers = new Set<number>()
  let ownCpuSeconds = 0
  const sample = (): Member[] => {
    const before = process.threadCpuUsage()
    const members = family(roots, strangers)
    const counts = new Map<string, number>()
    for (const { kind, residentMegabytes } of members) {
      const count = (counts.get(kind.name) ?? 0) + 1
      counts.set(kind.name, count)
      const { peakMegabytes = 0, mostProcesses = 0 } = peaks.get(kind.name) ?? {}
      peaks.set(kind.name, {
        peakMegabytes: Math.max(peakMegabytes, residentMegabytes),
        mostProcesses: Math.max(mostProcesses, count),
      })
    }
    const { user, system } = process.threadCpuUsage(before)
    ownCpuSeconds += (user + system) / 1e6
    return members
  }
  const atStart = cpuByKind(sample())
  ownCpuSeconds = 0 // the first look was before the counting began
  const timer = setInterval(sample, sampleEveryMs)
  return {
    stop: () => {
      clearInterval(timer)
      const observer = roots.get(process.pid)?.name
      const ownBefore = ownCpuSeconds // the last look is not counted yet
      return [...cpuByKind(sample())].map(([name, cpuSeconds]) => {
        const own = name === observer ? ownBefore : 0
        const { peakMegabytes = 0, mostProcesses = 0 } = peaks.get(name) ?? {}
        return {
          name,
          cpuSeconds: Math.max(0, cpuSeconds - (atStart.get(name) ?? 0) - own),
          peakMegabytes,
          mostProcesses,
        }
      })
    },
  }
}

const command: Kind = { name: 'command', ofChild: () => command }

/**
 * Runs a command to its end and says what it cost, and what it printed last on stderr; its peak is that of the
 * largest process below it. Throws when it fails.
 */
export async function costOf(
  [program, ...args]: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Cost & { complaint: string }> {
  const started = performance.now()
  const before = readStat('self')!.endedCpuSeconds
  const child = spawn(program!, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-4000)))
  let peakMegabytes = 0
  const strangers = new Set<number>()
  const timer = setInterval(() => {
    for (const { residentMegabytes } of family(new Map([[child.pid!, command]]), strangers))
      peakMegabytes = Math.max(peakMegabytes, residentMegabytes)
  }, sampleEveryMs)
  const [code] = (await once(child, 'close')) as [number]
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} failed: ${complaint}`)
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: readStat('self')!.endedCpuSeconds - before,
    peakMegabytes,
    complaint,
  }
}
