// The API as it is reached: through the functions' host, in a worker process under functions-framework. What
// no parser of the framework's can read reaches the API all the same; nothing of it is logged.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { choosePorts } from '../../../local/host/ports.ts'
import { startWorkers } from '../../../local/host/workers.ts'
import { aKey } from '../../support/callers.ts'
import { aWorld, user } from '../../support/world.ts'

let dir: string
let stop: () => Promise<void> = () => Promise.resolve()
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-api-'))
})
afterEach(async () => {
  await stop()
  rmSync(dir, { recursive: true, force: true })
})

/** An API that listens, a key of it, and the log of its process. */
async function listening() {
  const world = await aWorld()
  const { key } = await aKey(world, user)
  const { functions: port } = await choosePorts(dir)
  const logFile = path.join(dir, 'log')
  const workers = await startWorkers({
    count: 1,
    port,
    env: { ...process.env, ...world.env, NODE_ENV: 'production' },
    logFile,
    own: () => false,
    known: ['http://api.test'],
    isShared: (name) => name === 'api',
    warn: () => undefined,
  })
  stop = workers.stop
  return { port, key, log: () => readFileSync(logFile, 'utf8') }
}

interface Received {
  readonly status: number
  readonly type: string
  readonly body: string
}

/**
 * Everything is sent over one connection, each request when the one before is answered: no client tidies it
 * up.
 */
async function converse(port: number, requests: readonly (string | Buffer)[]): Promise<Received[]> {
  const socket = connect(port, '127.0.0.1')
  const received: Received[] = []
  let text = ''
  const blocks = socket[Symbol.asyncIterator]()
  for (const request of requests) {
    socket.write(request)
    for (let answer = whole(text); ; answer = whole(text)) {
      if (answer) {
        received.push(answer.received)
        text = answer.rest
        break
      }
      const block = await blocks.next()
      if (block.done === true) throw new Error(`The connection ended: ${text}`)
      text += (block.value as Buffer).toString('latin1') // a character a byte, as lengths are told
    }
  }
  socket.destroy()
  return received
}

/** The first answer of the text, once all of it is there. */
function whole(text: string): { received: Received; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  const rest = text.slice(end + 4)
  const received = {
    status: Number(head.split(' ')[1]),
    type: /^content-type: (.*)$/im.exec(head)?.[1] ?? '',
  }
  if (length !== undefined) {
    if (rest.length < Number(length)) return undefined
    return {
      received: { ...received, body: rest.slice(0, Number(length)) },
      rest: rest.slice(Number(length)),
    }
  }
  const chunks = /^([0-9a-f]+)\r\n([^]*?)\r\n0\r\n\r\n/i.exec(rest)
  return chunks
    ? { received: { ...received, body: chunks[2]! }, rest: rest.slice(chunks[0].length) }
    : undefined
}

const secret = 'what-nobody-may-read'
const request = (line: string, headers: readonly string[], body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        `${line} HTTP/1.1`,
        'host: api.test',
        ...headers,
        ...(body.length > 0 ? [`content-length: ${body.length}`] : []),
        '',
        '',
      ].join('\r\n'),
    ),
    Buffer.from(body),
  ])

const json = 'content-type: application/json'
const decisions = 'POST /api/episodes/x/decisions'
const malformed: readonly [string, string, readonly string[], string | Buffer, number, string][] = [
  ['half an object', decisions, [json], `{"${secret}`, 400, 'bad_request'],
  ['null', decisions, [json], 'null', 400, 'bad_request'],
  ['a number', decisions, [json], '1', 400, 'bad_request'],
  ['no text of its charset', decisions, [`${json}; charset=nonsense`], `{"${secret}`, 400, 'bad_request'],
  ['no type', decisions, [], `{"${secret}`, 400, 'bad_request'],
  ['a form', decisions, ['content-type: application/x-www-form-urlencoded'], secret, 400, 'bad_request'],
  ['no gzip, said to be', decisions, [json, 'content-encoding: gzip'], secret, 415, 'unsupported_encoding'],
  ['gzip', decisions, [json, 'content-encoding: gzip'], gzipSync('{}'), 415, 'unsupported_encoding'],
  ['an unknown encoding', decisions, [json, 'content-encoding: rot13'], secret, 415, 'unsupported_encoding'],
  [
    'said to be an event',
    decisions,
    ['content-type: application/cloudevents+json'],
    `{${secret}`,
    400,
    'bad_request',
  ],
  ['a surrogate in the path', `GET /api/runs/%ED%A0%80`, [], '', 404, 'not_found'],
  ['half a byte in the path', `GET /api/runs/%E0%A4%A`, [], '', 404, 'not_found'],
  ['a stray % in the path', `GET /api/runs/%?limit=1`, [], '', 404, 'not_found'],
]

test('A malformed request is first asked who sends it, and then told what is wrong; the log has nothing of it', async () => {
  const { port, key, log } = await listening()
  const known = `authorization: Bearer ${key}`
  for (const [what, line, headers, body, status, code] of malformed) {
    const [stranger, caller] = await converse(port, [
      request(line, headers, body),
      request(line, [...headers, known], body),
    ])
    const seen = [stranger!, caller!].map(({ status, type, body }) => [
      status,
      type.trim(),
      (JSON.parse(body) as { code: string }).code,
    ])
    expect([what, ...seen]).toEqual([
      what,
      [401, 'application/problem+json', 'unauthenticated'],
      [status, 'application/problem+json', code],
    ])
  }
  const [task] = await converse(port, [request('POST /prepare', [json], `{"${secret}`)])
  expect(task).toMatchObject({ status: 401, body: expect.stringMatching(/unauthenticated/) })
  expect(log()).not.toContain(secret)
})

test('After a request that was too large, whoever comes next is answered, on the same connection and on others', async () => {
  const { port, key } = await listening()
  const known = `authorization: Bearer ${key}`
  const large = request(decisions, [json, known], 'x'.repeat(1.5 * 2 ** 20))
  const runs = request('GET /api/runs', [known])
  for (let round = 0; round < 5; round++) {
    const answers = await converse(port, [large, runs, large, runs])
    expect(answers.map(({ status }) => status)).toEqual([413, 200, 413, 200])
    const others = await Promise.all([converse(port, [runs]), converse(port, [runs])])
    expect(others.flat().map(({ status }) => status)).toEqual([200, 200])
  }
})
