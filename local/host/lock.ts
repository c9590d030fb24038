/** One local cloud per folder. Hides how a live holder is told from one that was killed. */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
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

/** Takes the folder or throws FolderBusy. */
export async function holdFolder(dir: string): Promise<{ release: () => Promise<void> }> {
  const file = path.join(dir, 'lock')
  for (;;) {
    if (await placeWhole(file, String(process.pid))) return { release: () => rm(file, { force: true }) }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (holder > 0 && holder !== process.pid && isAlive(holder) && (await isNode(holder)))
      throw new FolderBusy(dir, holder)
    await rm(file, { force: true })
  }
}

/** A file that appears with its content or not at all; false when there is one already. */
async function placeWhole(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, content)
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    await rm(draft, { force: true })
  }
}

/** A number is given to another program in time. Where there is no /proc the number alone must do. */
const isNode = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'node')).includes('node')
