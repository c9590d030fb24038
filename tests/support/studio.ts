/** A real browser before the whole local cloud: how a producer meets the console. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { consoleLink } from '../../local/cli/console.ts'
import type { LocalCloud } from '../../local/host/cloud.ts'
import { launch } from './browser.ts'
import { aLocalCloud } from './clouds.ts'

process.env['METADATA_SERVER_DETECTION'] = 'none'

export interface Studio {
  readonly cloud: LocalCloud
  readonly browser: Browser
  /** A new page, signed in; whatever its scripts complain of is in `complaints`. */
  readonly page: () => Promise<Page>
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

/** One cloud and one browser for the tests of a file. */
export async function aStudio(): Promise<Studio> {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-studio-'))
  const [cloud, browser] = await Promise.all([aLocalCloud(dir, { workers: 2 }), launch()])
  const complaints: string[] = []
  const page = async (): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    const made = await context.newPage()
    made.setDefaultTimeout(180_000)
    made.on('pageerror', ({ message }) => complaints.push(message))
    made.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await made.goto(await consoleLink(cloud))
    await made.getByRole('button', { name: 'Sign in' }).click()
    await made.getByRole('heading', { level: 1, name: 'Episodes' }).waitFor()
    return made
  }
  const close = async (): Promise<void> => {
    await browser.close()
    await cloud.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  return { cloud, browser, page, complaints, close }
}
