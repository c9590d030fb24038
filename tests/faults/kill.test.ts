// The whole local cloud ends in the middle of a run: the next one on its folder finishes the episode, byte for byte.
// What single processes do to each other at every point is in matrix.test.ts.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { assemble, type Report } from '../../local/cli/assemble.ts'
import type { LocalCloud } from '../../local/host/cloud.ts'
import { readRunProgress } from '../../shared/db/run-progress.ts'
import { outputsOf } from '../../shared/db/steps.ts'
import { rows, withDatabase } from '../../shared/db/connect.ts'
import { aLocalCloud } from '../support/clouds.ts'
import { excerpt } from '../support/excerpt.ts'

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
const running = ({ env }: LocalCloud, step: string): Promise<void> =>
  withDatabase(env['DATABASE_URL']!, async (db) => {
    const atWork = `SELECT 1 FROM steps WHERE status = 'running' AND step = :step`
    while ((await rows(db, atWork, { step })).length === 0) await delay(pollMs)
  })

/** Where the episode was made undisturbed, for a test that makes none. */
let used: LocalCloud
const usedFolder = mkdtempSync(path.join(tmpdir(), 'spool-kill-'))
let talk: Awaited<ReturnType<typeof excerpt>>
let undisturbed: { sha256: string }
beforeAll(async () => {
  talk = await excerpt(usedFolder, 20)
  used = await aLocalCloud(path.join(usedFolder, 'cloud'), options)
  const report = await assembleTalk(used, path.join(usedFolder, 'out'))
  undisturbed = { sha256: sha256Of(report) }
})
afterAll(async () => {
  await used.stop()
  rmSync(usedFolder, { recursive: true, force: true })
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
