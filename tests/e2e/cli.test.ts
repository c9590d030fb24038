import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.join(import.meta.dirname, '../..')
const recording = path.join(root, 'samples/conversation.flac')
let dir: string

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-cli-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs the real command on a state folder of its own. */
function spool(args: readonly string[], shell = 'exec "$@"') {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', shell, 'spool', path.join(root, 'spool'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, SPOOL_STATE: path.join(dir, 'state') },
  })
  return { status, stdout, stderr }
}

test.each([[['nonsense']], [['assemble']], [['assemble', recording, '--loud']], [['assemble', '/nowhere/recording.wav']], [[]]])(
  'wrong usage ends with 2 and says why: %j',
  (args) => {
    const { status, stdout, stderr } = spool(args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).not.toBe('')
  },
)

test('an episode that fails ends with 1, its code on stderr and nothing on stdout', () => {
  const { status, stdout, stderr } = spool(['assemble', path.join(root, 'README.md'), '--out', path.join(dir, 'failed'), '--json'])
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^spool: not_audio: /)
  expect(existsSync(path.join(dir, 'failed'))).toBe(false)
})

test('with --json stdout is one object of the agreed shape, and nothing is drawn into a pipe', () => {
  const { status, stdout, stderr } = spool(['assemble', recording, '--out', path.join(dir, 'out'), '--json'])
  expect([status, stderr]).toEqual([0, ''])
  const report = JSON.parse(stdout) as Record<string, unknown>
  const keys = [
    'episodeId',
    'runId',
    'status',
    'files',
    'durationSeconds',
    'sourceSeconds',
    'removedSeconds',
    'edits',
    'loudness',
    'steps',
    'warnings',
  ]
  expect(Object.keys(report).sort()).toEqual(keys.sort())
  expect(Object.values(report['files'] as Record<string, string>).every((file) => existsSync(file))).toBe(true)
})

test('a disk too full for the decoded recording is said to be full', () => {
  const long = path.join(dir, 'long.flac')
  spawnSync('ffmpeg', ['-v', 'error', '-stream_loop', '3', '-i', recording, long])
  const { status, stderr } = spool(['assemble', long, '--out', path.join(dir, 'full')], 'ulimit -f 20000; exec "$@"')
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^spool: disk_full: /)])
})

test('a taken port is named, with the way out', async () => {
  const holder: Server = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as { port: number }
  const { status, stderr } = spool(['up', '--port', String(port)])
  await new Promise((resolve) => holder.close(resolve))
  expect(status).toBe(1)
  expect(stderr).toContain(`Port ${port} is taken`)
})
