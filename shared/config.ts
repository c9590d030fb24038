/**
 * The configuration: one pure function from environment variables to typed settings. Every default of the
 * machinery lives here.
 */
import { z } from 'zod'
import { addressOf } from './function-address.ts'

export type UsageKind = 'runs' | 'minutes' | 'characters'
export type UsagePeriod = 'hour' | 'day' | 'month'

export interface UsageLimit {
  readonly period: UsagePeriod
  readonly most: number
}

/** A recording's bytes, as long as nobody says otherwise. */
export const usualRecordingBytes = 8 * 1024 ** 3

const positive = z.coerce.number().int().positive()
const url = z.url()
/**
 * A database's address, as its driver takes it: where a socket stands in `?host=`, as on Cloud Run, no host
 * stands before it, and that is no URL for others.
 */
const databaseUrl = z
  .string()
  .refine((text) => /^postgres(ql)?:$/.test(tryUrl(text.replace(/@(?=[/?])/, '@socket'))?.protocol ?? ''), {
    error: 'must be an address as postgresql://user:password@host/database',
  })

/** A token is checked against the audience always: one made for somebody else proves nothing here. */
const issuers = z.array(z.strictObject({ issuer: z.url(), audience: z.string().min(1), jwksUrl: z.url() }))

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function tryUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

const variables = z.object({
  DATABASE_URL: databaseUrl.describe(
    'PostgreSQL; a socket as `postgresql://user:password@/database?host=/cloudsql/…`',
  ),
  PROJECT_ID: z.string().min(1).describe('The Google Cloud project'),
  LOCATION: z.string().min(1).default('us-central1').describe('Where the queues are'),
  FUNCTIONS_URL: url.describe(
    "A function's address: this with its name in place of `{name}`; without that, this, a slash and its name",
  ),
  VERSION: z.string().default('').describe('Which deploy this is; an upload may ask for one'),
  CALLER_AUDIENCE: z
    .string()
    .min(1)
    .describe('Whom the tokens of calls are made for; one checked without an audience proves nothing'),
  CALLER_ISSUER: z.string().default('https://accounts.google.com').describe('Who signs those tokens'),
  CALLER_JWKS_URL: url
    .default('https://www.googleapis.com/oauth2/v3/certs')
    .describe("The issuer's public keys"),
  CALLER_IS_CHECKED: z
    .stringbool()
    .default(false)
    .describe(
      'Whether the platform lets nobody else call, and takes the signatures off the tokens, as Cloud Run does',
    ),
  CALLER_EMAIL: z.email().describe('The service account that calls the functions'),
  UPLOADS_BUCKET: z.string().min(1).default('uploads').describe('Where producers drop recordings'),
  WORK_BUCKET: z.string().min(1).default('work').describe('What steps make for later steps'),
  EPISODES_BUCKET: z.string().min(1).default('episodes').describe('Finished episodes, private'),
  PUBLIC_BUCKET: z.string().min(1).default('public').describe('Feeds and published files'),
  PUBLIC_BASE_URL: url.describe('Where listeners reach the public bucket'),
  STORAGE_ENDPOINT: url.optional().describe("A Cloud Storage of one's own; unset: Google's"),
  TASKS_ENDPOINT: z
    .string()
    .regex(/^[^:]+:\d+$/)
    .optional()
    .describe("A Cloud Tasks of one's own, host:port without TLS; unset: Google's"),
  STORE_IS_PUBLIC: z
    .stringbool()
    .default(true)
    .describe('Whether providers can fetch from the store by signed URL'),
  MAX_RECORDING_BYTES: positive.default(usualRecordingBytes).describe('The largest recording'),
  MAX_RECORDING_SECONDS: positive.default(10 * 3600).describe('The longest recording'),
  MAX_ASSET_BYTES: positive.default(200 * 1024 ** 2).describe('The largest file a template names'),
  MAX_MAILBOX_BYTES: positive.default(2 * 1024 ** 3).describe('The largest mailbox'),
  MESSAGES_PER_RUN: positive.default(100_000).describe('The most messages of one mailbox'),
  LEASE_MS: positive.default(30_000).describe('How long a step belongs to an attempt that is not heard of'),
  HEARTBEAT_MS: positive.default(10_000).describe('How often an attempt is heard of; shorter than LEASE_MS'),
  MAX_ATTEMPTS: positive.default(8).describe('How often a step is tried that fails by an error of its own'),
  TRY_FOR_MS: positive
    .default(15 * 60_000)
    .describe('How long a step is tried at least whose attempts end by a lost process or connection'),
  OVERDUE_MS: positive.default(30_000).describe('How late a step may be before the sweep looks for its task'),
  RUNS_PER_HOUR: z.coerce
    .number()
    .int()
    .min(0)
    .default(60)
    .describe('What one user may start; 0: no limit, as on a machine of your own unless you set one'),
  MINUTES_PER_MONTH: positive.default(6000).describe('Minutes of recordings of one user'),
  CHARACTERS_PER_DAY: positive.default(50_000).describe('Characters spoken for one user'),
  CHARACTERS_PER_MONTH: positive.default(500_000).describe('Characters spoken for one user'),
  KEEP_SUPERSEDED_DAYS: positive
    .default(7)
    .describe('How long working files are kept that a later run has taken the place of'),
  KEEP_SETTLED_DAYS: positive
    .default(30)
    .describe(
      'How long working files of a published episode are kept; later it is made again from its recording',
    ),
  KEEP_ABANDONED_DAYS: positive.default(30).describe('How long uploads are kept that no episode was made of'),
  SEALING_KEY: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .optional()
    .describe("Seals users' keys of providers: 32 bytes in base64; unset: none can be kept"),
  ASSEMBLYAI_URL: url.default('https://api.assemblyai.com').describe('AssemblyAI'),
  ELEVENLABS_URL: url.default('https://api.elevenlabs.io').describe('ElevenLabs'),
  DEEPGRAM_URL: url.default('https://api.deepgram.com').describe('Deepgram'),
  OPENAI_URL: url.default('https://api.openai.com/v1').describe('OpenAI, or any server that speaks the same'),
  GEMINI_URL: url.default('https://generativelanguage.googleapis.com').describe('Gemini'),
  EARS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The folder of installed models that recognise speech; unset: they are fetched from `models/` in WORK_BUCKET',
    ),
  EARS_MODEL: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The model that transcribes where no provider is named or has a key; unset: the one installed last in EARS_DIR',
    ),
  CALLBACKS_URL: url
    .optional()
    .describe('Where providers reach `on-callback`; unset: they are asked now and then'),
  ELEVENLABS_WEBHOOK_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe("What ElevenLabs' callbacks are signed with"),
  PROVIDER_DEADLINE_MS: positive.default(6 * 3600_000).describe('How long a provider may take, or be away'),
  ALLOW_PRIVATE_ADDRESSES: z
    .stringbool()
    .default(false)
    .describe('Whether addresses that users name may lead into private networks; for tests'),
  API_ISSUERS: z
    .string()
    .default('[]')
    .transform((text, context) => {
      const parsed = issuers.safeParse(tryJson(text))
      if (!parsed.success)
        context.addIssue({ code: 'custom', message: 'must be JSON: [{"issuer", "audience", "jwksUrl"}]' })
      return parsed.data ?? []
    })
    .describe(
      'Whose tokens the API takes besides its own keys, as JSON: `[{"issuer", "audience", "jwksUrl"}]`',
    ),
  API_URL: url.optional().describe('Where producers reach the API; unset: the address of the function `api`'),
  CONSOLE_URL: url
    .optional()
    .describe('Where producers reach the console; unset: the address of the function `console`'),
  CONSOLE_ISSUER: url
    .optional()
    .describe('Where producers sign in to the console, by OpenID Connect; unset: with a key of the API'),
  CONSOLE_CLIENT_ID: z.string().min(1).optional().describe('What that issuer knows the console as'),
  CONSOLE_CLIENT_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe("The console's secret at that issuer; unset: PKCE alone"),
  FIRST_API_KEY: z
    .string()
    .regex(/^spool_.{32,}$/)
    .optional()
    .describe(
      'A key of the API that holds without being made, for the user `owner`: `spool_` and a random rest',
    ),
  API_REQUESTS_PER_MINUTE: positive.default(600).describe('Of one key, or one user with a token'),
  API_FAILURES_PER_MINUTE: positive
    .default(60)
    .describe('Credentials that are not valid, from one address, in one instance'),
})

const settings = variables
  .refine(({ HEARTBEAT_MS, LEASE_MS }) => HEARTBEAT_MS < LEASE_MS, {
    path: ['HEARTBEAT_MS'],
    message: 'must be shorter than LEASE_MS',
  })
  .refine(({ CONSOLE_ISSUER, CONSOLE_CLIENT_ID }) => !CONSOLE_ISSUER === !CONSOLE_CLIENT_ID, {
    path: ['CONSOLE_CLIENT_ID'],
    message: 'goes with CONSOLE_ISSUER',
  })

/** Every environment variable with its meaning and default, as a Markdown table. */
export function describeVariables(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(variables, {
    io: 'input',
    unrepresentable: 'any',
  })
  const rows = Object.entries(
    properties as Record<string, { default?: string | number | boolean; description?: string }>,
  ).map(([name, { default: value, description }]) => {
    const shown = value === undefined ? (required.includes(name) ? '**required**' : '') : `\`${value}\``
    return `| \`${name}\` | ${shown} | ${description} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

export type Config = ReturnType<typeof parseConfig>

/** Reads the settings from `env`. Throws an Error that names every variable that is missing or wrong. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>) {
  const parsed = settings.safeParse(env)
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
    version: v.VERSION,
    caller: {
      audience: v.CALLER_AUDIENCE,
      issuer: v.CALLER_ISSUER,
      jwksUrl: v.CALLER_JWKS_URL,
      email: v.CALLER_EMAIL,
      isChecked: v.CALLER_IS_CHECKED,
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
      runs: v.RUNS_PER_HOUR === 0 ? [] : [{ period: 'hour', most: v.RUNS_PER_HOUR }],
      minutes: [{ period: 'month', most: v.MINUTES_PER_MONTH }],
      characters: [
        { period: 'day', most: v.CHARACTERS_PER_DAY },
        { period: 'month', most: v.CHARACTERS_PER_MONTH },
      ],
    } satisfies Record<UsageKind, readonly UsageLimit[]>,
    keepDays: {
      superseded: v.KEEP_SUPERSEDED_DAYS,
      settled: v.KEEP_SETTLED_DAYS,
      abandoned: v.KEEP_ABANDONED_DAYS,
    },
    allowPrivateAddresses: v.ALLOW_PRIVATE_ADDRESSES,
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
    ears: { dir: v.EARS_DIR, model: v.EARS_MODEL },
    api: {
      url: v.API_URL ?? addressOf(v.FUNCTIONS_URL.replace(/\/$/, ''), 'api'),
      issuers: v.API_ISSUERS,
      firstKey: v.FIRST_API_KEY,
      requestsPerMinute: v.API_REQUESTS_PER_MINUTE,
      failuresPerMinute: v.API_FAILURES_PER_MINUTE,
    },
    console: {
      url: (v.CONSOLE_URL ?? addressOf(v.FUNCTIONS_URL.replace(/\/$/, ''), 'console')).replace(/\/$/, ''),
      issuer:
        v.CONSOLE_ISSUER === undefined
          ? undefined
          : { url: v.CONSOLE_ISSUER, clientId: v.CONSOLE_CLIENT_ID!, clientSecret: v.CONSOLE_CLIENT_SECRET },
    },
    lease: {
      leaseMs: v.LEASE_MS,
      heartbeatMs: v.HEARTBEAT_MS,
      maxAttempts: v.MAX_ATTEMPTS,
      tryForMs: v.TRY_FOR_MS,
      overdueMs: v.OVERDUE_MS,
    },
  }
}
