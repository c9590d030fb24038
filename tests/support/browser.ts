/**
 * A browser at the console: the system's Chromium, and the pages of a world served on loopback. Hides that the console
 * must know its address before its world is made, and how accessibility is judged.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { afterEachFile, afterEachTest } from './every-file.ts'
import { getRequestListener } from '@hono/node-server'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { createConsole } from '../../shared/console/app.ts'
import { signInLink } from '../../shared/console/sessions.ts'
import { listening } from './callers.ts'
import { aWorld, user, type World } from './world.ts'

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

/** Sound plays without a click, and is not heard. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
  })

let browser: Promise<Browser> | undefined
/** Pages that axe looks at: it makes styles that their policy blocks. */
const judged = new Set<Page>()
const opened: Page[] = []
/** What is being answered: a page that goes does not wait for it, and it would ask servers that are gone. */
const answering = new Set<Promise<unknown>>()
afterEachTest(async () => {
  for (const page of opened.splice(0)) await page.context().close()
  await Promise.allSettled(answering)
})
afterEachFile(async () => {
  const last = browser
  browser = undefined
  await (await last)?.close()
})

/** A world with its console, and the console's address. */
export async function aConsole(
  env: Readonly<Record<string, string>> = {},
): Promise<{ world: World; url: string }> {
  let listen: RequestListener = (_request, response) => void response.writeHead(503).end()
  const url = await listening(createServer((request, response) => listen(request, response)))
  const world = await aWorld({ env: { CONSOLE_URL: url, ...env } })
  const answer = getRequestListener(createConsole(world.services).fetch)
  listen = (request, response) => {
    const answered = Promise.resolve(answer(request, response)).finally(() => answering.delete(answered))
    answering.add(answered)
  }
  return { world, url }
}

/** A page of a browser of its own, and what it complained of: errors, and what its policy has blocked. */
export async function aPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: readonly string[] }> {
  browser ??= launch()
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !judged.has(page)) complaints.push(message.text())
  })
  opened.push(page)
  return { page, complaints }
}

/** Signs the world's user in by a link, as `spool console` prints it. */
export async function signIn(page: Page, { world, url }: { world: World; url: string }): Promise<void> {
  await page.goto(await signInLink(world.services.config.databaseUrl, url, user))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Episodes' }).waitFor()
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds that keeps people out: serious or critical, each with where it is. */
export async function barriers(page: Page): Promise<string[]> {
  judged.add(page)
  await page.evaluate(axe) // through the debugger, which the page's policy does not bind
  const found = await page.evaluate(async () => {
    const { axe: judge } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> }
    }
    const { violations } = await judge.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)
  })
  judged.delete(page)
  return found
}
