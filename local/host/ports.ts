/**
 * Chooses loopback ports. Hides how a free one is found, and that the same ones are used again next time, so
 * that feed addresses stay the same.
 */
import { createServer } from 'node:net'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

export const host = '127.0.0.1'

export interface Ports {
  readonly functions: number
  readonly storage: number
  readonly tasks: number
  readonly database: number
}

const names = ['functions', 'storage', 'tasks', 'database'] as const

/** Last time's ports where they are still free, other free ones where not. */
export async function choosePorts(dir: string): Promise<Ports> {
  const file = path.join(dir, 'ports.json')
  const last = await readPorts(file)
  const chosen: Record<string, number> = {}
  for (const name of names)
    chosen[name] = last[name] !== undefined && (await isFree(last[name])) ? last[name] : await freePort()
  await writeFile(file, JSON.stringify(chosen))
  return chosen as unknown as Ports
}

async function readPorts(file: string): Promise<Partial<Ports>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<Ports>
  } catch {
    return {} // the first time, or a file cut short: new ports do
  }
}

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, host, () => probe.close(() => resolve(true)))
  })

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
