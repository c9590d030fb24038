/**
 * How every function starts from nothing, as deployed: what loading its bundle takes, the memory before the first
 * request, and when its first answer is there. Nothing else runs meanwhile.
 */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bundleAll } from '../deploy/bundle.ts'
import { deployedIn, installAll } from '../local/cli/rehearse.ts'
import { measureColdStart, type ColdStart } from '../local/host/cold-start.ts'
import { startInstance, type Instance } from '../local/host/instances.ts'

/** Functions see an empty /tmp of their own, so they lie elsewhere. */
const place = process.platform === 'linux' ? '/var/tmp' : tmpdir()

/** What a configuration needs to be whole; nobody is there. */
const settings = {
  PATH: process.env['PATH'],
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
  PROJECT_ID: 'spool-bench',
  FUNCTIONS_URL: 'http://127.0.0.1:9',
  CALLER_AUDIENCE: 'https://spool.bench',
  CALLER_EMAIL: 'caller@spool.bench',
  PUBLIC_BASE_URL: 'https://public.bench',
}

export async function coldStarts(): Promise<ColdStart[]> {
  const dir = mkdtempSync(path.join(place, 'spool-cold-start-'))
  const log = openSync(path.join(dir, 'log'), 'a')
  try {
    const bundles = await bundleAll(path.join(dir, 'functions'))
    await installAll(dir, bundles)
    const measured: ColdStart[] = []
    for (const each of deployedIn(dir)) {
      const { bytes } = bundles.find(({ name }) => name === each.name)!
      const started: Instance[] = []
      const start = async () => {
        const instance = await startInstance(each, settings, log)
        started.push(instance)
        return instance
      }
      measured.push(await measureColdStart(each, start, bytes))
      for (const { end } of started) await end()
    }
    return measured
  } finally {
    closeSync(log)
    rmSync(dir, { recursive: true })
  }
}
