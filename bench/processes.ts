/**
 * Measures processes: CPU seconds and resident memory of a process and everything it started. Hides /proc.
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
const sampleEveryMs = 100

interface Stat {
  readonly parent: number
  /** Its own and its ended children's. */
  readonly cpuSeconds: number
  readonly residentMegabytes: number
}

const pageMegabytes = 4096 / 1024 ** 2

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = fields[11]! + fields[12]! + fields[13]! + fields[14]!
    return {
      parent: fields[1]!,
      cpuSeconds: ticks / ticksPerSecond,
      residentMegabytes: fields[21]! * pageMegabytes,
    }
  } catch {
    return undefined // it ended meanwhile
  }
}

/** Every process below `roots`, the roots included. */
function family(roots: readonly number[]): Map<number, Stat> {
  const all = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    if (stat) all.set(Number(name), stat)
  }
  const members = new Map<number, Stat>()
  const belongs = (pid: number): boolean =>
    roots.includes(pid) || (all.has(pid) && belongs(all.get(pid)!.parent))
  for (const [pid, stat] of all) if (belongs(pid)) members.set(pid, stat)
  return members
}

/**
 * Watches processes until `stop`; CPU is that of the roots and all below them, the peak that of the one root
 * that grew largest.
 */
export function watch(roots: () => readonly number[]): { stop: () => Omit<Cost, 'seconds'> } {
  let peakMegabytes = 0
  const sample = () => {
    for (const root of roots())
      peakMegabytes = Math.max(peakMegabytes, readStat(root)?.residentMegabytes ?? 0)
  }
  const cpu = () => [...family(roots()).values()].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  const before = cpu()
  const timer = setInterval(sample, sampleEveryMs)
  return {
    stop: () => {
      clearInterval(timer)
      return { cpuSeconds: cpu() - before, peakMegabytes }
    },
  }
}

/**
 * Runs a command to its end and says what it cost, and what it printed last on stderr. Throws when it fails.
 */
export async function costOf([program, ...args]: readonly string[]): Promise<Cost & { complaint: string }> {
  const started = performance.now()
  const before = childrenCpu()
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-4000)))
  let peakMegabytes = 0
  const timer = setInterval(
    () => (peakMegabytes = Math.max(peakMegabytes, readStat(child.pid!)?.residentMegabytes ?? 0)),
    sampleEveryMs,
  )
  const [code] = (await once(child, 'close')) as [number]
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} failed: ${complaint}`)
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: childrenCpu() - before,
    peakMegabytes,
    complaint,
  }
}

/** CPU of this process's ended children. */
function childrenCpu(): number {
  const text = readFileSync('/proc/self/stat', 'latin1')
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return (fields[13]! + fields[14]!) / ticksPerSecond
}
