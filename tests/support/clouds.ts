// Local clouds for tests, whole as `spool` starts them: they begin with a copy of the run's empty cluster, as making
// one takes longer than all the rest of a start.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { startLocalCloud, type LocalCloud } from '../../local/host/cloud.ts'
import { giveKeys } from './keys.ts'
import { clusterVariable } from './test-server.ts'

/** As `startLocalCloud`; a folder that has a cluster already keeps it. */
export async function aLocalCloud(
  dir: string,
  options: Parameters<typeof startLocalCloud>[1] = {},
): Promise<LocalCloud> {
  const cluster = path.join(dir, 'postgres')
  if (!existsSync(cluster)) {
    giveKeys(dir)
    execFileSync('cp', ['-a', process.env[clusterVariable]!, cluster]) // with its owner, who is not root
  }
  return await startLocalCloud(dir, options)
}
