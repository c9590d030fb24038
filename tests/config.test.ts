// One pure function from the environment to the settings; what is missing or wrong is named.
import { describe, expect, test } from '@jest/globals'
import { parseConfig } from '../shared/config.ts'
import { addressOf } from '../shared/function-address.ts'

const env = {
  DATABASE_URL: 'postgres://spool@db/spool',
  PROJECT_ID: 'my-project',
  FUNCTIONS_URL: 'https://functions.example',
  CALLER_AUDIENCE: 'https://spool.example',
  CALLER_EMAIL: 'caller@my-project.iam.gserviceaccount.com',
  PUBLIC_BASE_URL: 'https://media.example',
}

test('what must be given is enough, and the rest has defaults', () => {
  expect(parseConfig(env)).toEqual({
    databaseUrl: env.DATABASE_URL,
    tasks: {
      projectId: 'my-project',
      location: 'us-central1',
      endpoint: undefined,
      functionsUrl: 'https://functions.example',
    },
    version: '',
    caller: {
      audience: 'https://spool.example',
      issuer: 'https://accounts.google.com',
      jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
      email: env.CALLER_EMAIL,
      isChecked: false,
    },
    storage: { projectId: 'my-project', endpoint: undefined },
    buckets: { uploads: 'uploads', work: 'work', episodes: 'episodes', public: 'public' },
    publicBaseUrl: 'https://media.example',
    limits: {
      recordingBytes: 8 * 1024 ** 3,
      recordingSeconds: 36_000,
      assetBytes: 200 * 1024 ** 2,
      mailboxBytes: 2 * 1024 ** 3,
      messagesPerRun: 100_000,
    },
    keepDays: { superseded: 7, settled: 30, abandoned: 30 },
    quotas: {
      runs: [{ period: 'hour', most: 60 }],
      minutes: [{ period: 'month', most: 6000 }],
      characters: [
        { period: 'day', most: 50_000 },
        { period: 'month', most: 500_000 },
      ],
    },
    allowPrivateAddresses: false,
    console: { url: 'https://functions.example/console', issuer: undefined },
    sealingKey: undefined,
    providers: {
      urls: {
        assemblyai: 'https://api.assemblyai.com',
        elevenlabs: 'https://api.elevenlabs.io',
        deepgram: 'https://api.deepgram.com',
        openai: 'https://api.openai.com/v1',
        gemini: 'https://generativelanguage.googleapis.com',
      },
      callbacksUrl: undefined,
      elevenlabsWebhookSecret: undefined,
      deadlineMs: 21_600_000,
      storeIsPublic: true,
    },
    ears: { dir: undefined, model: undefined },
    api: {
      url: 'https://functions.example/api',
      issuers: [],
      firstKey: undefined,
      requestsPerMinute: 600,
      failuresPerMinute: 60,
    },
    lease: { leaseMs: 30_000, heartbeatMs: 10_000, maxAttempts: 8, tryForMs: 900_000, overdueMs: 30_000 },
  })
})

describe('what must be given', () => {
  test.each(Object.keys(env))('%s is missed when it is not there or empty', (name) => {
    expect(() => parseConfig({ ...env, [name]: undefined })).toThrow(name)
    expect(() => parseConfig({ ...env, [name]: '' })).toThrow(name)
  })

  test('is named all at once', () => {
    expect(() => parseConfig({})).toThrow(/DATABASE_URL[^]*CALLER_AUDIENCE[^]*PUBLIC_BASE_URL/)
  })
})

test.each([
  ['LEASE_MS', '0'],
  ['LEASE_MS', '-1'],
  ['LEASE_MS', '1.5'],
  ['LEASE_MS', 'long'],
  ['LEASE_MS', ''],
  ['HEARTBEAT_MS', '30000'],
  ['MAX_ATTEMPTS', 'NaN'],
  ['MAX_RECORDING_BYTES', '8GB'],
  ['TASKS_ENDPOINT', 'localhost'],
  ['TASKS_ENDPOINT', 'http://localhost:8123'],
  ['STORAGE_ENDPOINT', 'localhost:8124'.replace(':', ' ')],
  ['DATABASE_URL', 'not an address'],
  ['DATABASE_URL', 'mysql://u:p@db/spool'],
  ['DATABASE_URL', 'https://db.example/spool'],
  ['CALLER_EMAIL', 'nobody'],
  ['WORK_BUCKET', ''],
])('%s=%s is refused by name', (name, value) => {
  expect(() => parseConfig({ ...env, [name]: value })).toThrow(name)
})

test.each([
  ['Cloud SQL’s socket', 'postgres://u:p@/db?host=/cloudsql/p:r:i'],
  ['a socket, its user in the query', 'postgresql:///db?host=/cloudsql/p:r:i&user=u'],
  ['a socket without a database', 'postgres://u:p@?host=/cloudsql/p:r:i'],
  ['a port', 'postgres://u:p@db.example:6432/spool'],
  ['an address of IPv6', 'postgres://u:p@[::1]/spool'],
  ['characters that are escaped', 'postgres://u:p%40ss%2F@db/spool?sslmode=require'],
])('DATABASE_URL is taken as Google and the driver write it: %s', (_what, address) => {
  expect(parseConfig({ ...env, DATABASE_URL: address }).databaseUrl).toBe(address)
})

test.each([
  ['PUBLIC_BASE_URL', 'publicBaseUrl'],
  ['FUNCTIONS_URL', 'functionsUrl'],
])('a slash at the end of %s is not doubled', (name, setting) => {
  const { publicBaseUrl, tasks } = parseConfig({ ...env, [name]: 'https://media.example/path/' })
  expect({ publicBaseUrl, ...tasks }).toMatchObject({ [setting]: 'https://media.example/path' })
})

test.each([
  ['https://functions.example', 'https://functions.example/level'],
  ['https://v1---spool-{name}-42.us-central1.run.app', 'https://v1---spool-level-42.us-central1.run.app'],
])('a function below %s has the address %s', (functionsUrl, address) => {
  expect(addressOf(parseConfig({ ...env, FUNCTIONS_URL: functionsUrl }).tasks.functionsUrl, 'level')).toBe(
    address,
  )
})

test('other variables are nobody’s business', () => {
  expect(parseConfig({ ...env, HOME: '/root', LEASE: '7' })).toEqual(parseConfig(env))
})
