/**
 * A PostgreSQL for as long as something runs on it. Hides that nothing of it needs to survive, and that it ends with a
 * process that is asked to end.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../local/host/ports.ts'
import { startPostgres } from '../../local/host/postgres.ts'
import { undoing } from '../undoing.ts'

const forgetful = ['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=100']

export async function withServer<T>(use: (serverUrl: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-simulation-'))
  const port = await freePort()
  const server = await startPostgres(dir, port, [...forgetful, `unix_socket_directories=${dir}`])
  const close = async (): Promise<void> => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return await undoing(close, async () => {
    await server.ready
    return await use(throughSocket(server.url, dir, port))
  })
}

/** A socket answers a third faster than loopback does. */
const throughSocket = (url: string, dir: string, port: number): string =>
  url.replace(/@[^/]*\/(\w+)$/, `@/$1?host=${dir}&port=${port}`)
