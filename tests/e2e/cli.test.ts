// The command itself, in a process of its own: exit codes, what goes to which stream, and what one command
// leaves for the next.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openClient, type Access } from '../../local/client/client.ts'
import { sendFile, uploadMemory } from '../../local/client/send.ts'
import { attachToStaying } from '../../local/host/attach.ts'
import { ownAddress, writeMbox } from '../support/mailboxes.ts'
import { said } from '../support/recordings.ts'
import { clusterVariable } from '../support/test-server.ts'

const root = path.join(import.meta.dirname, '../..')
const recording = path.join(root, 'samples/conversation.flac')
let dir: string

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-cli-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const command = path.join(root, 'spool')
const environment = () => ({ ...process.env, SPOOL_STATE: path.join(dir, 'state') })

/** Runs the real command on a state folder of its own. */
function spool(args: readonly string[], shell = 'exec "$@"') {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', shell, 'spool', command, ...args], {
    encoding: 'utf8',
    env: environment(),
  })
  return { status, stdout, stderr }
}

/** The first so many seconds of the sample conversation, or so many whole ones. */
function conversation(file: string, ...[option, amount]: ['-t' | '-stream_loop', number]): string {
  const target = path.join(dir, file)
  const length = [option, String(amount)]
  spawnSync('ffmpeg', ['-v', 'error', ...length, '-i', recording, target])
  return target
}

test.each([
  [['nonsense']],
  [['assemble']],
  [['assemble', recording, '--loud']],
  [['assemble', '/nowhere/recording.wav']],
  [[]],
])('wrong usage ends with 2 and says why: %j', (args) => {
  const { status, stdout, stderr } = spool(args)
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).not.toBe('')
})

test('all that a command prints is there, though its reader is slower than it', () => {
  const words = Array.from({ length: 2000 }, (_, i) => ({ text: 'word', start: i, end: i + 0.4 }))
  const file = path.join(dir, 'many.json')
  writeFileSync(file, JSON.stringify({ version: 1, words }))
  const { status, stdout } = spool(
    ['align', conversation('short.flac', '-t', 1), file, '--json'],
    '"$@" | cat',
  )
  expect([status, stdout.length > 2 ** 16]).toEqual([0, true])
  expect((JSON.parse(stdout) as { words: unknown[] }).words).toHaveLength(words.length)
})

test('all that stands in the way is said at once, and nothing is started', () => {
  const [empty, template, cover] = ['empty.wav', 'bad.json', 'bad.png'].map((name) => path.join(dir, name))
  writeFileSync(empty!, '')
  writeFileSync(template!, '{"loudnes": 3}')
  writeFileSync(cover!, 'x')
  const given = ['--template', template!, '--cover', cover!, '--out', path.join(empty!, 'inside')]
  const { status, stdout, stderr } = spool(['assemble', empty!, ...given])
  expect([status, stdout, existsSync(path.join(dir, 'state'))]).toEqual([1, '', false])
  expect(stderr.split('\n').map((line) => /^spool: (\w+):/.exec(line)?.[1] ?? line)).toEqual([
    ...['empty_file', 'bad_cover', 'bad_template', 'bad_output'],
    ...['spool: nothing was started.', ''],
  ])
})

/** The first start of a state folder would make one; the run's is a copy away. */
const withACluster = () => {
  mkdirSync(path.join(dir, 'state'))
  const cluster = path.join(dir, 'state/postgres')
  execFileSync('cp', ['-a', process.env[clusterVariable]!, cluster])
}

test('a disk too full for the decoded recording is said to be full', () => {
  withACluster()
  const long = conversation('long.flac', '-stream_loop', 2) // 23 MB when decoded
  const { status, stderr } = spool(
    ['assemble', long, '--out', path.join(dir, 'full')],
    'ulimit -f 20000; exec "$@"',
  )
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

/** What a command printed with --json. */
const reportOf = ({ status, stdout, stderr }: ReturnType<typeof spool>): Record<string, unknown> => {
  expect([status, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Of the API that is up, once a command has been served by it. */
async function access(): Promise<Access> {
  const state = path.join(dir, 'state')
  const { env } = (await attachToStaying(state))!
  return { url: env['FUNCTIONS_URL']!, key: readFileSync(path.join(state, 'commands.key'), 'utf8') }
}

const decisions = () => path.join(dir, 'decisions.json')

describe('an episode that waits for its producer', () => {
  const talk = () => path.join(dir, 'talk.wav')

  test('ends with 3, lists what waits with clips to hear, and goes on with the decisions to the same files as any other', async () => {
    const recorded = await said(
      'We begin with a sentence.',
      1,
      'This one is wrong.',
      0.6,
      'That was a mistake.',
      0.8,
      'This one is right.',
      1,
    )
    writeFileSync(talk(), recorded.wav)
    writeFileSync(path.join(dir, 'talk.json'), recorded.words)
    const waiting = spool([
      'assemble',
      talk(),
      '--words',
      path.join(dir, 'talk.json'),
      '--out',
      path.join(dir, 'talk'),
      '--json',
    ])
    expect([waiting.status, JSON.parse(waiting.stdout)]).toEqual([
      3,
      expect.objectContaining({ status: 'awaiting_review', files: {} }),
    ])

    const listed = spool(['review', 'talk', '--out', path.join(dir, 'review'), '--json'])
    const { waiting: open } = JSON.parse(listed.stdout) as {
      waiting: { id: string; kind: string; before: string; after: string }[]
    }
    expect([listed.status, open.map(({ kind }) => kind)]).toEqual([3, ['flubber']])
    for (const clip of [open[0]!.before, open[0]!.after]) expect(statSync(clip).size).toBeGreaterThan(10_000)
    expect(readFileSync(path.join(dir, 'review/review.html'), 'utf8')).toContain('Waiting for you')

    writeFileSync(
      decisions(),
      JSON.stringify({ version: 1, decisions: [{ decision: 'accept', edit: open[0]!.id }] }),
    )
    const done = spool([
      'review',
      'talk',
      '--decisions',
      decisions(),
      '--out',
      path.join(dir, 'talk'),
      '--json',
    ])
    expect([done.status, done.stderr, JSON.parse(done.stdout)]).toEqual([
      0,
      '',
      expect.objectContaining({ status: 'finished' }),
    ])
    expect(readFileSync(path.join(dir, 'talk/transcript.txt'), 'utf8')).toMatch(
      /We begin with a sentence\. This one is right\./,
    )
  })
})

describe('while `spool up` keeps the cloud', () => {
  let up: ChildProcess

  beforeAll(async () => {
    up = spawn(command, ['up'], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    for await (const piece of up.stdout!) if ((said += String(piece)).includes('Ctrl-C ends it.')) break
    expect(said).toMatch(/^Spool is up\./)
  })
  afterAll(async () => {
    const ended = once(up, 'close')
    up.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test('an episode that fails ends with 1, its code on stderr and nothing on stdout', () => {
    const { status, stdout, stderr } = spool([
      'assemble',
      path.join(root, 'README.md'),
      '--out',
      path.join(dir, 'failed'),
      '--json',
    ])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^spool: not_audio: /)
    expect(existsSync(path.join(dir, 'failed'))).toBe(false)
  })

  test('with --json stdout is one object of the agreed shape, and nothing is drawn into a pipe', () => {
    const short = conversation('short.flac', '-t', 3)
    const { status, stdout, stderr } = spool(['assemble', short, '--out', path.join(dir, 'out'), '--json'])
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
      'quote',
      'receipt',
    ]
    expect(Object.keys(report).sort()).toEqual(keys.sort())
    expect(Object.values(report['files'] as Record<string, string>).every((file) => existsSync(file))).toBe(
      true,
    )
  })

  test('whoever waits is told which decision cannot be taken', () => {
    writeFileSync(
      decisions(),
      JSON.stringify({ version: 1, decisions: [{ decision: 'accept', edit: 'flubber-0' }] }),
    )
    expect(spool(['review', 'talk', '--decisions', decisions()])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^spool: bad_decisions: .*flubber-0/) as unknown,
    })
    expect(spool(['review', 'nobody'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^spool: not_found: /) as unknown,
    })
  })

  test('a mailbox is read to its end, every message accounted for', async () => {
    const mailbox = path.join(dir, 'box.mbox')
    const sent = await writeMbox(mailbox, 300)
    const { status, stdout } = spool(['read-mail', mailbox, '--own', ownAddress, '--json'])
    const { runId, seconds, ...report } = JSON.parse(stdout) as Record<string, unknown>
    expect([status, typeof runId, typeof seconds]).toEqual([0, 'string', 'number'])
    const { messages, ...counts } = sent
    expect(report).toEqual({
      status: 'finished',
      stopReason: null,
      total: messages,
      processed: messages,
      ...counts,
    })
    const again = JSON.parse(spool(['read-mail', mailbox, '--json']).stdout) as Record<string, unknown>
    expect(again).toMatchObject({ letters: 0, own: counts.own }) // whose address it is was said before
  })

  test('an upload becomes an episode that is listed, downloaded, taken back and deleted, here and by its address', async () => {
    const show = path.join(dir, 'night-talk')
    expect(spool(['init', show]).stdout).toContain('podcast.json')
    const talk = conversation('upload.flac', '-t', 3)
    const given = ['--podcast', show, '--episode', 'pilot', '--wait', '--json']
    const { episodeId, ...uploaded } = reportOf(spool(['upload', talk, ...given]))
    const episode = 'night-talk/pilot'
    expect(uploaded).toMatchObject({ episode, runId: expect.any(String) as unknown, status: 'finished' })
    expect(uploaded).toMatchObject({ warnings: [{ code: 'no_words' }], feed: { status: 'published' } })

    const { url } = await access()
    const elsewhere = `SPOOL_URL=${url} SPOOL_API_KEY=$(cat "$SPOOL_STATE/commands.key") exec "$@"`
    for (const from of [undefined, elsewhere]) {
      const { episodes } = reportOf(spool(['list', '--json'], from))
      const [listed] = (episodes as { slug: string }[]).filter(({ slug }) => slug === 'pilot')
      expect(listed).toMatchObject({ episodeId, podcast: 'night-talk', title: 'pilot', status: 'published' })
      const out = path.join(dir, 'fetched')
      const { files } = reportOf(spool(['download', 'pilot', '--out', out, '--json'], from))
      expect(Object.keys(files as object)).toEqual(expect.arrayContaining(['episode.mp3', 'feed.xml']))
      expect(statSync(path.join(out, 'episode.mp3')).size).toBe(
        (listed as unknown as { bytes: number }).bytes,
      )
    }
    const site = path.join(dir, 'site')
    const there = 'https://example.com/talk'
    mkdirSync(path.join(site, 'old'), { recursive: true })
    for (const file of ['old/gone.mp3', 'mine.html']) writeFileSync(path.join(site, file), '')
    writeFileSync(path.join(site, '.spool-export.json'), '["old/gone.mp3","feed.xml"]') // as an export before left it
    const exported = reportOf(spool(['export', 'night talk', '--url', there, '--out', site, '--json']))
    expect(exported['removed']).toEqual(['old/gone.mp3'])
    expect([existsSync(path.join(site, 'old')), existsSync(path.join(site, 'mine.html'))]).toEqual([
      false,
      true,
    ])
    const feed = readFileSync(path.join(site, 'feed.xml'), 'utf8')
    const [, audio] = new RegExp(`<enclosure url="${there}/([^"]+)"`).exec(feed)!
    expect([existsSync(path.join(site, audio!)), feed.includes('127.0.0.1')]).toEqual([true, false])
    expect(reportOf(spool(['rebuild', show, '--json']))).toMatchObject({ episodes: [{ status: 'same' }] })
    const template = path.join(show, 'template.json')
    writeFileSync(template, '{"loudness":{"targetLufs":-18}}')
    const { stdout, stderr } = spool(['rebuild', show, '--dry-run', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ episodes: [{ status: 'planned', reasons: ['template'] }] })
    expect(stderr).toBe(`spool: would be brought along from ${show}: template.json.\n`)
    writeFileSync(path.join(show, 'jingle.wav'), readFileSync(conversation('jingle.wav', '-t', 1)))
    const jingle = { type: 'intro', source: { kind: 'static', file: 'jingle.wav' } }
    writeFileSync(template, JSON.stringify({ segments: [jingle, { type: 'content' }] })) // its file comes along
    expect(spool(['rebuild', show, '--dry-run'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('planned') as unknown,
    })
    const guest = { type: 'intro', source: { kind: 'spoken', script: 'With {guest}' } }
    writeFileSync(template, JSON.stringify({ segments: [guest, { type: 'content' }] }))
    expect(spool(['rebuild', show]).stderr).toMatch(
      /missing_variable: pilot could not be made by it: .*guest/,
    )
    writeFileSync(template, '{"loudness":{"targetLufs":-900}}')
    expect(spool(['rebuild', show]).stderr).toContain(`bad_template: ${template} cannot be used. line 1`)
    expect(reportOf(spool(['unpublish', 'pilot', '--json'], elsewhere))).toMatchObject({
      status: 'processed',
    })
    expect(reportOf(spool(['delete', 'night-talk/pilot', '--yes', '--json'], elsewhere))).toMatchObject({
      isDone: true,
    })
    expect(spool(['download', 'pilot']).stderr).toMatch(/^spool: not_found: /)
  })

  test('an upload that is cut off goes on where it was', async () => {
    const client = await openClient(await access(), new AbortController().signal)
    const [memory, recording] = [uploadMemory(path.join(dir, 'state')), path.join(dir, 'twenty.bin')]
    writeFileSync(recording, Buffer.alloc(20 * 1024 * 1024, 1))
    const target = { podcast: 'trial', file: 'twenty.wav' }
    const send = (seen: number[], stopAt: number) => {
      const cut = new AbortController()
      const progress = (bytes: number) => {
        seen.push(bytes)
        if (bytes >= stopAt && bytes < 20 * 1024 * 1024) cut.abort(new Error('cut off'))
      }
      return sendFile(client, memory, target, { path: recording }, { signal: cut.signal, progress })
    }
    const [before, after]: [number[], number[]] = [[], []]
    await expect(send(before, 8 * 1024 * 1024)).rejects.toThrow('cut off')
    await send(after, Infinity)
    expect([before, after]).toEqual([[0, 8 * 1024 * 1024], [8, 16, 20].map((mib) => mib * 1024 * 1024)])
  })

  test("a provider's key is kept without being shown, named by the doctor, and forgotten when asked", () => {
    const kept = spool(['key', 'deepgram'], 'echo dg-secret | exec "$@"')
    expect(kept).toMatchObject({ status: 0, stdout: 'The key for deepgram is kept, sealed.\n' })
    expect(spool(['doctor']).stdout).toMatch(/^ok +Keys +deepgram$/m) // its name, and nothing of the key
    expect(spool(['key', 'deepgram', '--remove']).stdout).toBe('The key for deepgram is forgotten.\n')
    expect(spool(['key', 'nobody'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no provider "nobody"') as unknown,
    })
  })
})
