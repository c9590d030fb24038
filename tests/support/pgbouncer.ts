/**
 * The real PgBouncer in transaction mode, in front of the tests' PostgreSQL: each transaction gets whatever session is
 * free. Hides its settings, and that it does not run as root.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, host } from '../../local/host/ports.ts'
import { functionsVariable, serverUrl, serverVariable } from './test-server.ts'

/** Debian puts it where only root looks. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
const nobody = 65534

export const hasPgBouncer = (): boolean => spawnSync('pgbouncer', ['--version'], { env }).status === 0

export interface PgBouncer {
  /** The same database through the pooler. */
  readonly through: (databaseUrl: string) => string
  readonly stop: () => Promise<void>
}

export async function startPgBouncer(): Promise<PgBouncer> {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-pgbouncer-'))
  const port = await freePort()
  const file = path.join(dir, 'pgbouncer.ini')
  const { hostname, port: behind } = new URL(serverUrl())
  const users = path.join(dir, 'users.txt')
  writeFileSync(
    users,
    [serverVariable, functionsVariable]
      .map((variable) => new URL(serverUrl(variable)))
      .map(({ username, password }) => `"${username}" "${password}"\n`)
      .join(''),
    { mode: 0o600 },
  )
  const settings = [
    '[databases]',
    `* = host=${hostname} port=${behind}`,
    '[pgbouncer]',
    `listen_addr = ${host}`,
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${users}`,
    'pool_mode = transaction',
    'default_pool_size = 2', // fewer than ask at once: sessions do change hands
  ]
  writeFileSync(file, settings.join('\n'), { mode: 0o600 })
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const owned of [dir, file, users]) chownSync(owned, nobody, nobody)
  const as = isRoot ? ['setpriv', '--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups', '--'] : []
  const [program, ...args] = [...as, 'pgbouncer', file]
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface(child.stderr).on('line', (line) => {
      if (line.includes('process up')) resolve()
    })
    lines.once('close', () => reject(new Error('PgBouncer did not start.')))
  })
  return {
    through: (databaseUrl) => {
      const url = new URL(databaseUrl)
      url.port = String(port)
      return url.href
    },
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      rmSync(dir, { recursive: true })
    },
  }
}
