/**
 * How programs that are not ours are held in when they read what strangers wrote: they get no setting of ours, and the
 * kernel limits what they take. Hides prlimit (util-linux), and where there is none.
 */
import { spawnSync } from 'node:child_process'

/** What the kernel gives a process; it leaves none of its memory behind. */
export interface Limits {
  /** Of its address space. */
  readonly megabytes: number
  /** Of a core. */
  readonly seconds: number
  readonly openFiles: number
  /** The longest file it may write; 0 for none. */
  readonly fileMegabytes: number
}

const megabyte = 1024 * 1024

const inWords = ({ megabytes, seconds, openFiles, fileMegabytes }: Limits): readonly string[] => [
  `--as=${megabytes * megabyte}`,
  `--fsize=${fileMegabytes * megabyte}`,
  '--core=0',
  `--nofile=${openFiles}`,
  `--cpu=${seconds}`,
]

const anyLimits: Limits = { megabytes: 256, seconds: 60, openFiles: 64, fileMegabytes: 0 }
let canLimit: boolean | undefined

/** Whether the kernel limits what such programs take here; elsewhere only their own options do. */
export function isLimited(): boolean {
  canLimit ??= spawnSync('prlimit', [...inWords(anyLimits), 'true']).status === 0
  return canLimit
}

/** A command with what limits it before it; as it is where the system has no prlimit. */
export const heldIn = (limits: Limits, command: readonly string[]): readonly string[] =>
  isLimited() ? ['prlimit', ...inWords(limits), ...command] : command

/** Prlimit's status when there is no such program. */
export const notFoundStatus = 127

/** Where programs and libraries are, and no more: no secret, no proxy, no wish for a report. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    MALLOC_ARENA_MAX: '1', // each thread's own takes 64 MB of addresses
  }
}
