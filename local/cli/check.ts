/**
 * `spool check`: the directories' rules on any feed: a file, the folder of a finished episode, or an address; of one on
 * this machine the files are asked for too.
 */
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { checkFeed } from '../../shared/publishing/check-feed.ts'
import { fetchFeed } from '../../shared/publishing/import-feed.ts'
import type { Finding } from '../../shared/publishing/finding.ts'

const isAddress = (target: string): boolean => /^https?:\/\//.test(target)
const ownHosts = ['127.0.0.1', 'localhost', '[::1]']

/** Throws Permanent `bad_feed`, `not_found`, or as `fetchFeed` does. */
export async function check(target: string): Promise<Finding[]> {
  if (isAddress(target)) {
    const asksFiles = ownHosts.includes(new URL(target).hostname)
    const { url, text } = asksFiles
      ? await fetched(target)
      : await fetchFeed(target, { allowPrivateAddresses: false })
    return await checkFeed(text, { feedUrl: url, asksFiles })
  }
  const found = await stat(target).catch(() => undefined)
  if (!found) throw new Permanent('not_found', `There is no file or folder ${target}.`)
  const file = found.isDirectory() ? path.join(target, 'feed.xml') : target
  if (!existsSync(file))
    throw new Permanent(
      'not_found',
      `There is no feed.xml in ${target}. Name a folder with one, a file, or an address.`,
    )
  return await checkFeed(await readFile(file, 'utf8'))
}

async function fetched(address: string): Promise<{ url: string; text: string }> {
  const response = await fetch(address).catch((cause: unknown) => {
    throw new Permanent('not_found', `Nothing answers at ${address}. Is its server running?`, { cause })
  })
  if (!response.ok) throw new Permanent('not_found', `${address} answers ${response.status}.`)
  return { url: response.url, text: await response.text() }
}

export function summariseFindings(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing is wrong with the feed.\n'
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const lines = findings.map(
    ({ rule, severity, where, message, remedy, source }) =>
      `${severity === 'error' ? 'Error  ' : 'Warning'}  ${where}: ${message} ${remedy} (${rule}, ${source})`,
  )
  return `${lines.join('\n')}\n${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}.\n`
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
