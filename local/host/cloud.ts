/**
 * Starts the local cloud: a PostgreSQL, a Cloud Tasks, a Cloud Storage, a scheduler and the functions, on
 * loopback, with all their state in one folder. Hides who may use the folder, and that the database, which takes
 * longest, starts while all else is still being loaded; the product itself knows nothing of it.
 */
import { chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Attached } from './attach.ts'
import { holdFolder } from './lock.ts'
import { choosePorts, type Ports } from './ports.ts'
import { startPostgres } from './postgres.ts'
import type { ServerOptions, Servers } from './servers.ts'

export interface LocalCloud extends Attached, Servers {
  readonly ports: Ports
  /** By which its owner reaches the database; the functions have a role of their own. */
  readonly ownersDatabaseUrl: string
}

/** Starts everything on the state in `dir`. `ports` fixes single ports. */
export async function startLocalCloud(
  dir: string,
  { ports: fixed, ...options }: ServerOptions & { ports?: Partial<Ports> } = {},
): Promise<LocalCloud> {
  await mkdir(dir, { recursive: true })
  await chmod(dir, 0o700) // what is in it is nobody else's
  const folder = await holdFolder(dir)
  const stops: (() => Promise<void>)[] = [folder.release]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const ports = { ...(await choosePorts(dir)), ...fixed }
    const postgres = await startPostgres(path.join(dir, 'postgres'), ports.database)
    stops.push(postgres.stop)
    const { startServers } = await import('./servers.ts')
    const servers = await startServers({ dir, ports, postgres, stops }, options)
    return { ...servers, ports, ownersDatabaseUrl: postgres.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
