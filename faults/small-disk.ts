/**
 * A disk that can be full: one of its own in memory, where this process may make one; else the folder as it is.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'

const diskMb = 600

export interface Disk {
  readonly place: string
  readonly isBounded: boolean
  readonly fill: () => void
  readonly empty: () => void
  readonly release: () => void
}

export async function smallDisk(place: string): Promise<Disk> {
  await mkdir(place, { recursive: true })
  const filler = path.join(place, 'filler')
  let isBounded = true
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m,mode=755`, 'tmpfs', place], {
      stdio: 'ignore',
    })
  } catch {
    isBounded = false
  }
  return {
    place,
    isBounded,
    fill: () => {
      const file = openSync(filler, 'w')
      try {
        for (const block = Buffer.alloc(1 << 20); ;) writeSync(file, block)
      } catch {
        // it is full
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler, { force: true }),
    release: () => {
      if (isBounded) execFileSync('umount', ['-l', place])
    },
  }
}
