/** The configuration: one pure function from environment variables to typed settings. Every default of the machinery lives here. */
import { z } from 'zod'

export type UsageKind = 'runs' | 'minutes' | 'characters'
export type UsagePeriod = 'hour' | 'day' | 'month'

export interface UsageLimit {
  readonly period: UsagePeriod
  readonly most: number
}

const positive = z.coerce.number().int().positive()
const url = z.url()

/** A token is checked against the audience always: one made for somebody else proves nothing here. */
const issuers = z.array(z.strictObject({ issuer: z.url(), audience: z.string().min(1), jwksUrl: z.url() }))

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const variables = z
  .object({
    DATABASE_URL: url,
    PROJECT_ID: z.string().min(1),
    LOCATION: z.string().min(1).default('us-central1'),
    FUNCTIONS_URL: url, // a function's address is this, a slash and its name
    CALLER_AUDIENCE: z.string().min(1), // mandatory: a token checked without an audience proves nothing
    CALLER_ISSUER: z.string().default('https://accounts.google.com'),
    CALLER_JWKS_URL: url.default('https://www.googleapis.com/oauth2/v3/certs'),
    CALLER_EMAIL: z.email(),
    UPLOADS_BUCKET: z.string().min(1).default('uploads'),
    WORK_BUCKET: z.string().min(1).default('work'),
    EPISODES_BUCKET: z.string().min(1).default('episodes'),
    PUBLIC_BUCKET: z.string().min(1).default('public'),
    PUBLIC_BASE_URL: url,
    STORAGE_ENDPOINT: url.optional(), // unset: Google's own
    TASKS_ENDPOINT: z
      .string()
      .regex(/^[^:]+:\d+$/)
      .optional(), // host:port without TLS; unset: Google's own
    MAX_RECORDING_BYTES: positive.default(8 * 1024 ** 3),
    MAX_RECORDING_SECONDS: positive.default(10 * 3600),
    MAX_ASSET_BYTES: positive.default(200 * 1024 ** 2),
    LEASE_MS: positive.default(30_000),
    HEARTBEAT_MS: positive.default(10_000),
    MAX_ATTEMPTS: positive.default(8),
    OVERDUE_MS: positive.default(30_000), // how late a step may be before the sweep looks for its task
    RUNS_PER_HOUR: positive.default(60), // what one user may start, use and have spoken
    MINUTES_PER_MONTH: positive.default(6000),
    CHARACTERS_PER_DAY: positive.default(50_000),
    CHARACTERS_PER_MONTH: positive.default(500_000),
    MESSAGES_PER_RUN: positive.default(100_000),
    MAX_MAILBOX_BYTES: positive.default(2 * 1024 ** 3),
    SEALING_KEY: z
      .base64()
      .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
      .optional(), // seals users' keys of providers; unset: none can be kept
    ASSEMBLYAI_URL: url.default('https://api.assemblyai.com'),
    ELEVENLABS_URL: url.default('https://api.elevenlabs.io'),
    DEEPGRAM_URL: url.default('https://api.deepgram.com'),
    OPENAI_URL: url.default('https://api.openai.com/v1'), // or any server that speaks the same
    GEMINI_URL: url.default('https://generativelanguage.googleapis.com'),
    API_ISSUERS: z
      .string()
      .default('[]')
      .transform((text, context) => {
        const parsed = issuers.safeParse(tryJson(text))
        if (!parsed.success)
          context.addIssue({ code: 'custom', message: 'must be JSON: [{"issuer", "audience", "jwksUrl"}]' })
        return parsed.data ?? []
      }), // whose tokens the API takes besides its own keys
    API_REQUESTS_PER_MINUTE: positive.default(600), // of one key, or one user with a token
    API_FAILURES_PER_MINUTE: positive.default(60), // credentials that are not valid, from one address
    CALLBACKS_URL: url.optional(), // where providers reach `on-callback`; unset: they are asked now and then
    ELEVENLABS_WEBHOOK_SECRET: z.string().min(1).optional(),
    PROVIDER_DEADLINE_MS: positive.default(6 * 3600_000), // how long a provider may take, or be away
    STORE_IS_PUBLIC: z.stringbool().default(true), // whether providers can fetch from the store by signed URL
  })
  .refine(({ HEARTBEAT_MS, LEASE_MS }) => HEARTBEAT_MS < LEASE_MS, {
    path: ['HEARTBEAT_MS'],
    message: 'must be shorter than LEASE_MS',
  })

export type Config = ReturnType<typeof parseConfig>

/** Reads the settings from `env`. Throws an Error that names every variable that is missing or wrong. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>) {
  const parsed = variables.safeParse(env)
  if (!parsed.success) throw new Error(`The configuration is incomplete:\n${z.prettifyError(parsed.error)}`)
  const v = parsed.data
  return {
    databaseUrl: v.DATABASE_URL,
    tasks: {
      projectId: v.PROJECT_ID,
      location: v.LOCATION,
      endpoint: v.TASKS_ENDPOINT,
      functionsUrl: v.FUNCTIONS_URL.replace(/\/$/, ''),
    },
    caller: {
      audience: v.CALLER_AUDIENCE,
      issuer: v.CALLER_ISSUER,
      jwksUrl: v.CALLER_JWKS_URL,
      email: v.CALLER_EMAIL,
    },
    storage: { projectId: v.PROJECT_ID, endpoint: v.STORAGE_ENDPOINT },
    buckets: {
      uploads: v.UPLOADS_BUCKET,
      work: v.WORK_BUCKET,
      episodes: v.EPISODES_BUCKET,
      public: v.PUBLIC_BUCKET,
    },
    publicBaseUrl: v.PUBLIC_BASE_URL.replace(/\/$/, ''),
    limits: {
      recordingBytes: v.MAX_RECORDING_BYTES,
      recordingSeconds: v.MAX_RECORDING_SECONDS,
      assetBytes: v.MAX_ASSET_BYTES,
      mailboxBytes: v.MAX_MAILBOX_BYTES,
      messagesPerRun: v.MESSAGES_PER_RUN,
    },
    quotas: {
      runs: [{ period: 'hour', most: v.RUNS_PER_HOUR }],
      minutes: [{ period: 'month', most: v.MINUTES_PER_MONTH }],
      characters: [
        { period: 'day', most: v.CHARACTERS_PER_DAY },
        { period: 'month', most: v.CHARACTERS_PER_MONTH },
      ],
    } satisfies Record<UsageKind, readonly UsageLimit[]>,
    sealingKey: v.SEALING_KEY === undefined ? undefined : Buffer.from(v.SEALING_KEY, 'base64'),
    providers: {
      urls: {
        assemblyai: v.ASSEMBLYAI_URL,
        elevenlabs: v.ELEVENLABS_URL,
        deepgram: v.DEEPGRAM_URL,
        openai: v.OPENAI_URL,
        gemini: v.GEMINI_URL,
      },
      callbacksUrl: v.CALLBACKS_URL,
      elevenlabsWebhookSecret: v.ELEVENLABS_WEBHOOK_SECRET,
      deadlineMs: v.PROVIDER_DEADLINE_MS,
      storeIsPublic: v.STORE_IS_PUBLIC,
    },
    api: {
      issuers: v.API_ISSUERS,
      requestsPerMinute: v.API_REQUESTS_PER_MINUTE,
      failuresPerMinute: v.API_FAILURES_PER_MINUTE,
    },
    lease: {
      leaseMs: v.LEASE_MS,
      heartbeatMs: v.HEARTBEAT_MS,
      maxAttempts: v.MAX_ATTEMPTS,
      overdueMs: v.OVERDUE_MS,
    },
  }
}
