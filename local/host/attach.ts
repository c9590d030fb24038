/**
 * How commands find a cloud that stays (`spool up`). Hides the file that says how to reach it, and how one that was killed
 * is told from one that lives. Imports none of the servers: a command that attaches needs none of them.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { holderOf } from './lock.ts'

/** A running cloud as a command sees it. */
export interface Attached {
  /** The settings the functions run with. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const attachFile = (dir: string): string => path.join(dir, 'cloud.json')

/**
 * Lets other commands use this process's cloud until it stops. The file holds the database's password, so only its
 * owner may read it.
 */
export async function letAttach(dir: string, { env }: Attached): Promise<void> {
  await writeFile(attachFile(dir), JSON.stringify({ pid: process.pid, env }), { mode: 0o600 })
}

/** The cloud that stays on this folder; undefined where none does, or where it runs for one command only. */
export async function attachToStaying(dir: string): Promise<Attached | undefined> {
  const [holder, text] = await Promise.all([
    holderOf(dir),
    readFile(attachFile(dir), 'utf8').catch(() => undefined),
  ])
  if (holder === undefined || text === undefined) return undefined
  const staying = JSON.parse(text) as { pid: number; env: Record<string, string> }
  return staying.pid === holder ? { env: staying.env, stop: () => Promise.resolve() } : undefined
}
