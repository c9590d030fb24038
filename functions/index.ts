/**
 * The contents page: every function, what it follows, what starts it, and what it is given. Deployment and
 * the local host read it.
 * `share` is a step's part of a typical run's time; it drives the progress shown.
 */
import type { CatalogueEntry } from '../shared/engine/serve.ts'
import { answer } from './answer.ts'
import { api } from './api.ts'
import { arrange } from './arrange.ts'
import { clean } from './clean.ts'
import { decide } from './decide.ts'
import { finish } from './finish.ts'
import { join } from './join.ts'
import { level } from './level.ts'
import { measure } from './measure.ts'
import { onCallback } from './on-callback.ts'
import { onUpload } from './on-upload.ts'
import { page } from './page.ts'
import { prepare } from './prepare.ts'
import { preview } from './preview.ts'
import { publish } from './publish.ts'
import { readMail } from './read-mail.ts'
import { recognise } from './recognise.ts'
import { render } from './render.ts'
import { sweep } from './sweep.ts'
import { transcribe } from './transcribe.ts'
import { voice } from './voice.ts'

/**
 * Audio steps hold a core each; the light ones only wait for the database and the bucket. What waits for a
 * vendor, and a producer's mailbox of a hundred thousand messages, have slots of their own: neither may keep
 * other episodes from going on.
 */
export const queues = {
  audio: { maxConcurrentDispatches: 100 },
  light: { maxConcurrentDispatches: 20 },
  vendors: { maxConcurrentDispatches: 50 },
  mail: { maxConcurrentDispatches: 10 },
} as const

/** The longest that Cloud Tasks waits for an answer. */
const longestDeadlineSeconds = 1800

const audio = { queue: 'audio', memory: '1Gi', deadlineSeconds: longestDeadlineSeconds } as const
const light = { queue: 'light', memory: '512Mi', deadlineSeconds: 300 } as const
/** What works for a moment keeps its connection for it. */
const quick = { ...light, keepsConnection: true } as const
/**
 * A vendor's call may take 14 minutes, and what it is sent must be encoded first: killed in between, it would
 * be paid twice.
 */
const vendors = { queue: 'vendors', memory: '512Mi', deadlineSeconds: longestDeadlineSeconds } as const
const mail = { queue: 'mail', memory: '512Mi', deadlineSeconds: longestDeadlineSeconds } as const

export const catalogue: readonly CatalogueEntry[] = [
  { trigger: 'upload', name: 'on-upload', handle: onUpload, memory: '512Mi', deadlineSeconds: 60 },
  { trigger: 'task', step: prepare, after: [], share: 25, ...audio },
  { trigger: 'task', step: join, after: ['prepare'], share: 1, ...audio },
  { trigger: 'task', step: recognise, after: ['join'], share: 1, ...vendors },
  { trigger: 'task', step: transcribe, after: ['recognise'], share: 1, ...quick },
  { trigger: 'task', step: clean, after: ['transcribe'], share: 1, ...light },
  { trigger: 'task', step: answer, after: ['clean'], share: 1, ...vendors },
  { trigger: 'task', step: decide, after: ['answer'], share: 1, ...quick },
  { trigger: 'task', step: voice, after: ['decide'], share: 1, ...vendors },
  { trigger: 'task', step: arrange, after: ['voice'], share: 1, ...quick },
  { trigger: 'task', step: preview, after: ['arrange'], share: 3, ...audio },
  { trigger: 'task', step: measure, after: ['arrange'], share: 12, ...audio },
  { trigger: 'task', step: level, after: ['measure'], share: 1, ...quick },
  { trigger: 'task', step: render, after: ['level'], share: 55, ...audio },
  { trigger: 'task', step: finish, after: ['render'], share: 3, ...light },
  { trigger: 'task', step: page, after: ['finish', 'preview'], share: 1, ...light },
  { trigger: 'task', step: publish, after: ['finish'], share: 1, ...quick },
  { trigger: 'task', step: readMail, after: [], share: 0, ...mail },
  { trigger: 'http', name: 'api', handle: api, memory: '512Mi', deadlineSeconds: 1800 },
  { trigger: 'http', name: 'on-callback', handle: onCallback, memory: '512Mi', deadlineSeconds: 60 },
  { trigger: 'schedule', name: 'sweep', handle: sweep, memory: '512Mi', deadlineSeconds: 120 },
]
