// SIGKILL at the worst moments: the workers in the middle of a step, or the whole local cloud. The episode is
// finished all the same, byte for byte.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { assemble, type Report } from '../../local/cli/assemble.ts'
import type { LocalCloud } from '../../local/host/cloud.ts'
import { readMailbox } from '../../local/cli/read-mail.ts'
import { readRunProgress } from '../../shared/db/run-progress.ts'
import { outputsOf } from '../../shared/db/steps.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { aLocalCloud } from '../support/clouds.ts'
import { excerpt } from '../support/excerpt.ts'
import { ownAddress, writeMbox } from '../support/mailboxes.ts'

process.env['METADATA_SERVER_DETECTION'] = 'none'

/** A lease is over when the queue tries again, a second after the attempt was killed. */
const options = { workers: 2, env: { LEASE_MS: '3000', HEARTBEAT_MS: '1000' } }
const pollMs = 10
const never = new AbortController().signal

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

function aFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-kill-'))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function aCloud(dir: string): Promise<LocalCloud> {
  const cloud = await aLocalCloud(dir, options)
  cleanups.push(cloud.stop)
  return cloud
}

const assembleTalk = (
  cloud: LocalCloud,
  out: string,
  watch: (runId: string) => void = () => undefined,
): Promise<Report> =>
  assemble(
    cloud,
    { recordings: [talk.recording], words: talk.words, out },
    ({ runId }) => watch(runId),
    never,
  )

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const sha256Of = ({ files }: Report): string => sha256(readFileSync(files['episode.mp3']!))

/** Resolves as soon as an attempt of the step is at work. */
async function running({ env }: LocalCloud, step: string): Promise<void> {
  await untilThereIs(env, `SELECT 1 FROM steps WHERE status = 'running' AND step = :step`, { step })
}

/** Resolves as soon as the statement finds a row. */
async function untilThereIs(
  env: LocalCloud['env'],
  sql: string,
  bindings: Readonly<Record<string, string | number>>,
): Promise<void> {
  await withDatabase(env['DATABASE_URL']!, async (db) => {
    while ((await rows(db, sql, bindings)).length === 0) await delay(pollMs)
  })
}

const killWorkers = ({ workerPids }: LocalCloud): void =>
  workerPids().forEach((pid) => process.kill(pid, 'SIGKILL'))
const attemptsAt = ({ steps }: Report, step: string): number =>
  steps.find(({ name }) => name === step)!.attempts

/** Where the episode was made undisturbed, for a test that makes none. */
let used: LocalCloud
const usedFolder = mkdtempSync(path.join(tmpdir(), 'spool-kill-'))
let talk: Awaited<ReturnType<typeof excerpt>>
let undisturbed: { sha256: string; parts: Map<string, number> }
beforeAll(async () => {
  talk = await excerpt(usedFolder, 20)
  used = await aLocalCloud(path.join(usedFolder, 'cloud'), options)
  const report = await assembleTalk(used, path.join(usedFolder, 'out'))
  undisturbed = {
    sha256: sha256Of(report),
    parts: new Map(report.steps.map(({ name, parts }) => [name, parts])),
  }
})
afterAll(async () => {
  await used.stop()
  rmSync(usedFolder, { recursive: true, force: true })
})

test('every worker is killed during prepare, then during render, then during finish', async () => {
  const dir = aFolder()
  const cloud = await aCloud(path.join(dir, 'cloud'))
  const finished = assembleTalk(cloud, path.join(dir, 'out'))
  for (const step of ['prepare', 'render', 'finish']) {
    await running(cloud, step)
    killWorkers(cloud)
  }
  const report = await finished
  for (const step of ['prepare', 'render', 'finish'])
    expect(attemptsAt(report, step)).toBeGreaterThan(undisturbed.parts.get(step)!)
  expect(report.status).toBe('finished')
  expect(sha256Of(report)).toBe(undisturbed.sha256)
})

test('the whole cloud ends in the middle and is started again on the same folder', async () => {
  const dir = aFolder()
  const state = path.join(dir, 'cloud')
  const first = await aCloud(state)
  let runId = ''
  const given = assembleTalk(first, path.join(dir, 'out'), (id) => (runId = id)).catch(
    (error: unknown) => error,
  )
  await running(first, 'render')
  await first.stop()
  await given

  const { env } = await aCloud(state)
  const databaseUrl = env['DATABASE_URL']!
  await withDatabase(databaseUrl, async (db) => {
    for (;;) {
      const progress = await readRunProgress(db, runId)
      if (progress!.status === 'finished') break
      expect(progress).toMatchObject({ status: 'started', stopReason: null })
      await delay(pollMs)
    }
  })
  const [published] = await withDatabase(databaseUrl, (db) => outputsOf(db, runId, 'publish'))
  const feed = await (
    await fetch(`${env['PUBLIC_BASE_URL']}/${String(published!.output['feedObject'])}`)
  ).text()
  const audio = await fetch(/<enclosure[^>]* url="([^"]+)"/.exec(feed)![1]!)
  expect(sha256(Buffer.from(await audio.arrayBuffer()))).toBe(undisturbed.sha256)
})

test('both workers are killed twice while they read 3,000 messages, thirty tasks: every one is accounted for, once', async () => {
  const mailbox = path.join(aFolder(), 'box.mbox')
  const sent = await writeMbox(mailbox, 3000)
  const read = readMailbox(used, mailbox, [ownAddress], () => undefined, never)
  for (const processed of [300, 1500]) {
    await readSoFar(used, processed)
    killWorkers(used)
  }
  const { letters, duplicates, own, failed } = sent
  expect((await read).report).toMatchObject({
    status: 'finished',
    total: 3000,
    processed: 3000,
    letters,
    duplicates,
    own,
    failed,
  })
  const retried = await withDatabase(used.env['DATABASE_URL']!, (db) =>
    rows(db, `SELECT 1 FROM steps WHERE step = 'read-mail' AND attempt > 1`),
  )
  expect(retried.length).toBeGreaterThan(0)
})

/** Resolves when so many messages are dealt with. */
async function readSoFar({ env }: LocalCloud, processed: number): Promise<void> {
  await untilThereIs(env, 'SELECT 1 FROM runs WHERE processed >= :processed', { processed })
}
