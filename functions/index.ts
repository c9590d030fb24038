/**
 * The contents page: every function, what it follows, what starts it, and what it is given. Everything that is
 * deployed is derived from it (deploy/make.ts), and so is the local host.
 * `share` is a step's part of a typical run's time; it drives the progress shown.
 */
import type { DeployedFunction, Deployment } from '../shared/engine/serve.ts'
import { align } from './align.ts'
import { answer } from './answer.ts'
import { api } from './api.ts'
import { arrange } from './arrange.ts'
import { clean } from './clean.ts'
import { combine } from './combine.ts'
import { consolePages } from './console.ts'
import { decide } from './decide.ts'
import { examine } from './examine.ts'
import { finish } from './finish.ts'
import { hear } from './hear.ts'
import { join } from './join.ts'
import { level } from './level.ts'
import { measure } from './measure.ts'
import { notes } from './notes.ts'
import { notify } from './notify.ts'
import { onCallback } from './on-callback.ts'
import { onUpload } from './on-upload.ts'
import { page } from './page.ts'
import { prepare } from './prepare.ts'
import { prescribe } from './prescribe.ts'
import { preview } from './preview.ts'
import { publish } from './publish.ts'
import { readMail } from './read-mail.ts'
import { recognise } from './recognise.ts'
import { render } from './render.ts'
import { restore } from './restore.ts'
import { sweep } from './sweep.ts'
import { transcribe } from './transcribe.ts'
import { voice } from './voice.ts'

/**
 * What may be open at once on the smallest database that makes sense (docs/deploy.md says how to raise it, and
 * docs/scale.md when). Some are kept for migrating, for a look by hand and for the server itself.
 */
export const database = { connections: 50, kept: 8 } as const

/**
 * Audio steps hold a core each; the light ones only wait for the database and the bucket. What waits for a
 * vendor, and a producer's mailbox of a hundred thousand messages, have slots of their own: neither may keep
 * other episodes from going on. A slot is one connection at worst.
 */
export const queues = {
  audio: { maxConcurrentDispatches: 10, maxDispatchesPerSecond: 500 },
  light: { maxConcurrentDispatches: 4, maxDispatchesPerSecond: 500 },
  vendors: { maxConcurrentDispatches: 4, maxDispatchesPerSecond: 500 },
  mail: { maxConcurrentDispatches: 2, maxDispatchesPerSecond: 500 }, // one that hangs leaves another
} as const

/**
 * Of every queue. A delivery that finds its step held by another is an attempt to the queue and none to the step,
 * so there are many more of them than the step has (MAX_ATTEMPTS). After a crash the lease ends first, and then the
 * longest pause at most; a delivery that meets a database which is just starting costs no more than another one.
 */
export const retries = {
  maxAttempts: 800,
  minBackoffSeconds: 2,
  maxBackoffSeconds: 5,
  maxDoublings: 2,
} as const

/** The longest that Cloud Tasks waits for an answer. */
const longestDeadlineSeconds = 1800

/** The platform ends a call so much later than its caller gives it up: who gave up first is clear. */
const graceSeconds = 30
export const timeoutSeconds = ({ deadlineSeconds }: { readonly deadlineSeconds: number }): number =>
  deadlineSeconds + graceSeconds

/** As many instances as slots, each with one task. */
const ofQueue = <Q extends keyof typeof queues>(queue: Q) =>
  ({
    queue,
    concurrency: 1,
    minInstances: 0,
    maxInstances: queues[queue].maxConcurrentDispatches,
    account: queue,
    secrets: ['DATABASE_URL'],
  }) as const

const audio = { ...ofQueue('audio'), cpu: 1, memory: '1Gi', deadlineSeconds: longestDeadlineSeconds } as const
const light = { ...ofQueue('light'), cpu: 1, memory: '512Mi', deadlineSeconds: 300 } as const
/** What works for a moment keeps its connection for it. */
const quick = { ...light, keepsConnection: true } as const
/** The one step that changes what the public sees. */
const published = { ...quick, account: 'publish' } as const
/**
 * A vendor's call may take 14 minutes, and what it is sent must be encoded first: killed in between, it would
 * be paid twice. It waits most of the time, and a third of a core is enough for that.
 */
const vendors = {
  ...ofQueue('vendors'),
  cpu: 0.333,
  memory: '512Mi',
  deadlineSeconds: longestDeadlineSeconds,
  secrets: ['DATABASE_URL', 'SEALING_KEY'],
} as const
/**
 * A model of half a gigabyte, which lies in the instance's memory twice: as files, and as it is computed with. Platforms
 * give 4 GiB to one core.
 */
const ears = { ...audio, memory: '4Gi' } as const
const mail = { ...ofQueue('mail'), cpu: 1, memory: '512Mi', deadlineSeconds: longestDeadlineSeconds } as const

/** What is called by something else than a queue: its instances times its calls are its connections at worst. */
const small = {
  cpu: 1,
  memory: '512Mi',
  minInstances: 0,
  maxInstances: 1,
  concurrency: 1,
  secrets: ['DATABASE_URL'],
} as const satisfies Partial<Deployment> & { memory: string }
const uploads = { ...small, maxInstances: 2, deadlineSeconds: 60, account: 'upload' } as const
/** A watcher's stream holds one of an instance's calls, and a connection only while it looks: there are fewer of these. */
const http = {
  ...small,
  maxInstances: 2,
  concurrency: 40,
  connections: 4,
  deadlineSeconds: longestDeadlineSeconds,
  account: 'api',
  secrets: ['DATABASE_URL', 'SEALING_KEY', 'FIRST_API_KEY'],
} as const
/** The API for browsers, with the pages that use it. */
const pages = { ...http, secrets: [...http.secrets, 'CONSOLE_CLIENT_SECRET'] } as const
const callbacks = {
  ...small,
  concurrency: 2,
  deadlineSeconds: 60,
  account: 'callback',
  secrets: ['DATABASE_URL', 'SEALING_KEY', 'ELEVENLABS_WEBHOOK_SECRET'],
} as const
/** Asks addresses that users name: it may read no bucket. */
const notified = {
  ...small,
  deadlineSeconds: 120,
  account: 'notify',
  secrets: ['DATABASE_URL', 'SEALING_KEY'],
} as const
const swept = { ...small, deadlineSeconds: 120, account: 'sweep' } as const

/** When `sweep` is called: every minute. */
export const sweepSchedule = '* * * * *'

export const catalogue: readonly DeployedFunction[] = [
  { trigger: 'upload', name: 'on-upload', handle: onUpload, ...uploads },
  { trigger: 'task', step: prepare, after: [], share: 25, ...audio },
  { trigger: 'task', step: join, after: ['prepare'], share: 1, ...audio },
  { trigger: 'task', step: examine, after: ['join'], share: 4, ...audio },
  { trigger: 'task', step: prescribe, after: ['examine'], share: 1, ...audio },
  { trigger: 'task', step: restore, after: ['prescribe'], share: 12, ...audio },
  { trigger: 'task', step: combine, after: ['restore'], share: 2, ...audio },
  { trigger: 'task', step: recognise, after: ['combine'], share: 1, ...vendors },
  { trigger: 'task', step: hear, after: ['recognise'], share: 60, ...ears },
  { trigger: 'task', step: transcribe, after: ['hear'], share: 1, ...quick },
  { trigger: 'task', step: align, after: ['transcribe'], share: 4, ...audio },
  { trigger: 'task', step: clean, after: ['align'], share: 1, ...light },
  { trigger: 'task', step: answer, after: ['clean'], share: 1, ...vendors },
  { trigger: 'task', step: decide, after: ['answer'], share: 1, ...quick },
  { trigger: 'task', step: voice, after: ['decide'], share: 1, ...vendors },
  { trigger: 'task', step: arrange, after: ['voice'], share: 1, ...quick },
  { trigger: 'task', step: preview, after: ['arrange'], share: 3, ...audio },
  { trigger: 'task', step: measure, after: ['arrange'], share: 12, ...audio },
  { trigger: 'task', step: level, after: ['measure'], share: 1, ...quick },
  { trigger: 'task', step: render, after: ['level'], share: 55, ...audio },
  { trigger: 'task', step: finish, after: ['render'], share: 3, ...light },
  { trigger: 'task', step: notes, after: ['finish'], share: 1, ...vendors },
  { trigger: 'task', step: page, after: ['notes', 'preview'], share: 1, ...light },
  { trigger: 'task', step: publish, after: ['finish'], share: 1, ...published },
  { trigger: 'task', step: readMail, after: [], share: 0, ...mail },
  { trigger: 'http', name: 'api', handle: api, ...http },
  { trigger: 'http', name: 'console', handle: consolePages, ...pages },
  { trigger: 'http', name: 'on-callback', handle: onCallback, ...callbacks },
  { trigger: 'call', name: 'notify', handle: notify, ...notified },
  { trigger: 'schedule', name: 'sweep', handle: sweep, ...swept },
]
