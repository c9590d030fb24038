/**
 * One local cloud per folder: every process that wants it places a file of its own beside the others. Hides
 * how a live holder is told from one that was killed, and that of several that start at once exactly one gets
 * the folder.
 */
import { existsSync } from 'node:fs'
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isAlive } from './postgres.ts'

/** The folder is in use by another process. */
export class FolderBusy extends Error {
  readonly pid: number
  constructor(dir: string, pid: number) {
    super(`${dir} is in use by process ${pid}. Wait for it, or end it.`)
    this.pid = pid
  }
}

const prefix = 'lock.'
const lookAgainMs = 10

/**
 * Takes the folder or throws FolderBusy. A claim is there before anybody looks for others, so of two
 * processes at least one sees the other; the one with the higher number gives way to one that is starting,
 * and both to one that holds.
 */
export async function holdFolder(dir: string, pid = process.pid): Promise<{ release: () => Promise<void> }> {
  const own = path.join(dir, `${prefix}${pid}`)
  await place(own, 'starting')
  try {
    for (;;) {
      const others = await claims(dir, pid)
      const inTheWay = others.find(({ state, pid: other }) => state === 'held' || other < pid)
      if (inTheWay) throw new FolderBusy(dir, inTheWay.pid)
      if (others.length === 0) break
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs)) // it sees this one and gives way
    }
    await place(own, 'held')
  } catch (error) {
    await rm(own, { force: true })
    throw error
  }
  return { release: () => rm(own, { force: true }) }
}

/** The process that holds the folder; undefined where none does, or there is no such folder. */
export async function holderOf(dir: string): Promise<number | undefined> {
  if (!existsSync(dir)) return undefined
  return (await claims(dir, process.pid)).find(({ state }) => state === 'held')?.pid
}

interface Claim {
  readonly pid: number
  readonly state: string
}

/** What other living processes claim; what dead ones left is cleared away. */
async function claims(dir: string, self: number): Promise<Claim[]> {
  const found: Claim[] = []
  for (const file of await readdir(dir)) {
    const pid = Number(/^lock\.(\d+)$/.exec(file)?.[1])
    if (!(pid > 0) || pid === self) continue
    const state = await readFile(path.join(dir, file), 'utf8').catch(() => undefined)
    if (state === undefined) continue // it gave way meanwhile
    if (isAlive(pid) && (await isNode(pid))) found.push({ pid, state })
    else await rm(path.join(dir, file), { force: true })
  }
  return found
}

/** A file that appears with its content or not at all. */
async function place(file: string, content: string): Promise<void> {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}`)
  await writeFile(draft, content)
  await rename(draft, file)
}

/** A number is given to another program in time. Where there is no /proc the number alone must do. */
const isNode = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'node')).includes('node')
