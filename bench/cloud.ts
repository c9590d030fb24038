/**
 * A local cloud in a process of its own, so that what its servers take is told apart from what the command line
 * takes. Hides that process, and which process of the tree does what.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Attached } from '../local/host/attach.ts'
import { watch, type Kind, type KindCost } from './processes.ts'

export interface WatchedCloud extends Attached {
  /** What each kind of process took since the cloud was ready; to be asked once. */
  readonly costs: () => KindCost[]
}

const everythingBelow = (name: string): Kind => {
  const kind: Kind = { name, ofChild: () => kind }
  return kind
}
const postgres = everythingBelow('PostgreSQL')
const worker: Kind = { name: 'workers (Node)', ofChild: () => ffmpeg }
const ffmpeg = everythingBelow('ffmpeg')
/** What ended below it is a worker that died: the database runs until the cloud stops. */
const host: Kind = {
  name: 'local servers (host)',
  ofChild: (program) => (program === 'postgres' ? postgres : worker),
}
const commandLine = everythingBelow('command line')

/** What the workers themselves took. */
export const workersOf = (costs: readonly KindCost[]): KindCost =>
  costs.find(({ name }) => name === worker.name)!

/** An empty cloud on a folder below `dir`, which `stop` removes. */
export async function startWatchedCloud(dir: string, workers: number): Promise<WatchedCloud> {
  const state = await mkdtemp(path.join(dir, 'cloud-'))
  const child = fork(path.join(import.meta.dirname, 'host.ts'), [state, String(workers)], {
    execArgv: ['--max-semi-space-size=2', '--external-memory-accounted-in-global-limit'], // as the launcher starts it
  })
  const ended = once(child, 'exit')
  const [{ env }] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('The local cloud did not start.'))),
  ])) as [{ env: Record<string, string> }]
  const watching = watch(
    new Map([
      [child.pid!, host],
      [process.pid, commandLine],
    ]),
  )
  return {
    env,
    costs: watching.stop,
    stop: async () => {
      child.send('stop')
      await ended
      await rm(state, { recursive: true, force: true })
    },
  }
}
