// The smoke test of a deploy: it looks at every function, leaves one recording for the new revisions alone, and believes
// only in an episode.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { recording, smokeTest } from '../../deploy/smoke.ts'
import { catalogue } from '../../functions/index.ts'
import { nameOf } from '../../shared/engine/serve.ts'

interface Heard {
  readonly method: string
  readonly url: string
  readonly authorization: string
  readonly body: string
}

/** Google and the functions behind one address: what is asked, and what a test wants answered. */
let heard: Heard[]
let answers: Record<string, (turn: number) => { status?: number; body?: unknown }>
const server = createServer((request, response) => void answer(request, response))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await buffer(request)).toString('latin1')
  const path = request.url!.split('?')[0]!
  heard.push({
    method: request.method!,
    url: request.url!,
    authorization: request.headers.authorization ?? '',
    body,
  })
  const turn = heard.filter(({ url }) => url.split('?')[0] === path).length
  const { status = 200, body: said = {} } = answers[path]?.(turn) ?? {}
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said))
}

const run = (id: string, status: string) => ({ body: { items: [{ id, status, message: 'It is so.' }] } })

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  heard = []
  answers = {
    '/metadata/instance/service-accounts/default/token': () => ({ body: { access_token: 'access' } }),
    '/credentials/v1/projects/-/serviceAccounts/spool-caller@p.iam.gserviceaccount.com:generateIdToken':
      () => ({
        body: { token: 'identity' },
      }),
    '/storage/upload/storage/v1/b/p-spool-uploads/o': () => ({
      body: { bucket: 'p-spool-uploads', name: 'u/owner/smoke/smoke/v1a2b3c4d.wav', generation: '7' },
    }),
    '/api/episodes': () => ({ body: { items: [{ id: 'e', slug: 'smoke' }] } }),
    '/api/runs': (turn) =>
      turn < 3 ? run('before', 'finished') : turn < 4 ? run('new', 'started') : run('new', 'finished'),
  }
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function smoke(): Promise<string> {
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const google = {
    metadata: `${at}/metadata`,
    storage: `${at}/storage`,
    credentials: `${at}/credentials`,
    pauseMs: 0,
  }
  return smokeTest(
    { projectId: 'p', tag: 'v1a2b3c4d', functionsUrl: `${at}/{name}`, apiKey: 'spool_key' },
    google,
  )
}

test('An episode of the new revisions is waited for, and an older one does not count', async () => {
  expect(await smoke()).toBe('new')
  const asked = heard.filter(({ url }) => url.endsWith('/health'))
  const private_ = catalogue
    .filter(({ trigger }) => trigger !== 'upload')
    .map((entry) => `/${nameOf(entry)}/health`)
  expect(asked.map(({ url }) => url).sort()).toEqual(private_.sort())
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer identity']))
  const [event] = heard.filter(({ url }) => url === '/on-upload')
  expect(JSON.parse(event!.body)).toEqual({
    bucket: 'p-spool-uploads',
    name: 'u/owner/smoke/smoke/v1a2b3c4d.wav',
    generation: '7',
    metadata: { 'spool-version': 'v1a2b3c4d' },
  })
  const [upload] = heard.filter(({ url }) => url.startsWith('/storage/'))
  expect(upload!.body).toContain('"metadata":{"spool-version":"v1a2b3c4d"}')
})

describe('What does not work ends the build:', () => {
  test('a function that lacks something', async () => {
    answers['/render/health'] = () => ({ status: 503, body: { code: 'no_ffmpeg' } })
    await expect(smoke()).rejects.toThrow(/render.*503.*no_ffmpeg/)
  })

  test('a run that fails', async () => {
    answers['/api/runs'] = (turn) => (turn < 2 ? run('before', 'finished') : run('new', 'failed'))
    await expect(smoke()).rejects.toThrow('run new is failed. It is so.')
  })

  test('an event that is refused', async () => {
    answers['/on-upload'] = () => ({ status: 403 })
    await expect(smoke()).rejects.toThrow(/on-upload.*403/)
  })
})

// that it becomes an episode is shown by buckets-used.test.ts
test('The recording is of other sound for each deploy', () => {
  expect(recording('v1a2b3c4d')).toHaveLength(44 + 2 * 2 * 16_000)
  expect(recording('v1a2b3c4d').equals(recording('v1a2b3c4e'))).toBe(false)
})
