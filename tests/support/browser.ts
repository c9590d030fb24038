/** A real browser before the whole local cloud: how a producer meets the console. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { consoleLink } from '../../local/cli/console.ts'
import { startLocalCloud, type LocalCloud } from '../../local/host/cloud.ts'

process.env['METADATA_SERVER_DETECTION'] = 'none'

/** Debian's own; undefined where there is none, and its tests are passed over. */
export const chromiumPath = ['chromium', 'chromium-browser', 'google-chrome']
  .map(inPath)
  .find((found) => found !== undefined)

function inPath(program: string): string | undefined {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

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
  const [cloud, browser] = await Promise.all([
    startLocalCloud(dir, { workers: 2 }),
    chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
    }),
  ])
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

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** What is serious for whoever cannot see or use a mouse, as axe finds it. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // by the debugger: the page's own policy lets no such script in
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axe })
  const { result } = await session.send('Runtime.evaluate', {
    expression: 'axe.run().then(({ violations }) => JSON.stringify(violations))',
    awaitPromise: true,
  })
  await session.detach()
  return (JSON.parse(result.value as string) as Violation[])
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}
