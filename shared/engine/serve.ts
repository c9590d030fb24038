/**
 * Turns each entry of the catalogue (functions/index.ts) into the HTTP handler that functions-framework
 * calls. Hides how a caller is refused, how an answer becomes HTTP, and what a process sets up once, on its
 * first request.
 */
import type {
  Request as FrameworkRequest,
  Response as FrameworkResponse,
} from '@google-cloud/functions-framework'
import { between } from '../boundaries.ts'
import { bodyOf, ForeignBody, readEvent, type FinalizedObject } from './bodies.ts'
import { callerVerifier, type VerifyCaller } from './caller.ts'
import { parseConfig } from '../config.ts'
import { limitConnections } from '../db/connect.ts'
import { parsePayload } from '../context.ts'
import { Permanent, codeOf } from '../errors.ts'
import { log } from '../log.ts'
import { planPipeline, type Stage } from './pipeline.ts'
import { deliver } from './delivery.ts'
import type { Services } from './services.ts'
import { openStorage } from '../storage.ts'
import { openTasks } from './tasks.ts'
import { traceRequests } from './trace.ts'
import { leaveUntouched } from './untouched.ts'

export interface TaskFunction extends Stage {
  readonly trigger: 'task'
}

interface Deployed {
  readonly name: string
  readonly memory: string
  readonly deadlineSeconds: number
}

export interface UploadFunction extends Deployed {
  readonly trigger: 'upload'
  readonly handle: (object: FinalizedObject, services: Services) => Promise<void>
}

/** Called without a payload: by the clock, or by the queue when somebody has asked for it. */
export interface ScheduledFunction extends Deployed {
  readonly trigger: 'schedule' | 'call'
  readonly handle: (services: Services) => Promise<unknown>
}

/** A function that anybody may call: it authenticates callers itself, and handles a web Request. */
export interface PublicFunction extends Deployed {
  readonly trigger: 'http'
  /** The most connections to the database that an instance has at once, where it serves more calls than that. */
  readonly connections?: number
  readonly handle: (request: Request, services: Services) => Response | Promise<Response>
}

export type CatalogueEntry = TaskFunction | UploadFunction | ScheduledFunction | PublicFunction

/** Settings that a function gets from the keeper of secrets. */
export type Secret =
  'DATABASE_URL' | 'SEALING_KEY' | 'ELEVENLABS_WEBHOOK_SECRET' | 'FIRST_API_KEY' | 'CONSOLE_CLIENT_SECRET'

/** What the platform is told of a function besides. */
export interface Deployment {
  readonly cpu: number
  /** Calls that one instance takes at once. */
  readonly concurrency: number
  readonly minInstances: number
  readonly maxInstances: number
  /** The service account it runs as, and so what it may do: deploy/access.ts says what that is. */
  readonly account: string
  readonly secrets: readonly Secret[]
}

export type DeployedFunction = CatalogueEntry & Deployment

export const nameOf = (entry: CatalogueEntry): string =>
  entry.trigger === 'task' ? entry.step.name : entry.name

/** Opens what every invocation shares. Nothing connects until it is used. */
export function openServices(
  env: Readonly<Record<string, string | undefined>>,
  catalogue: readonly CatalogueEntry[],
): Services {
  const config = parseConfig(env)
  return {
    config,
    storage: openStorage(config.storage),
    tasks: openTasks({ ...config.tasks, audience: config.caller.audience, callerEmail: config.caller.email }),
    pipeline: planPipeline(catalogue.filter((entry) => entry.trigger === 'task')),
  }
}

/** Where the handlers are put: functions-framework's `http`, which leaves every request as it is. */
export interface Framework {
  http: (
    name: string,
    handler: (request: FrameworkRequest, response: FrameworkResponse) => Promise<void>,
  ) => unknown
}

interface Opened {
  readonly services: Services
  readonly verify: VerifyCaller
}

/** Every function, or the one that the process is started for. */
export function registerAll(
  framework: Framework,
  catalogue: readonly CatalogueEntry[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  let opened: Opened | undefined
  const open = () => {
    if (!opened) {
      const services = openServices(env, catalogue)
      opened = { services, verify: callerVerifier(services.config.caller) }
    }
    return opened
  }
  const target = env['FUNCTION_TARGET']
  traceRequests(env['PROJECT_ID'])
  const own = new Set(catalogue.map(nameOf))
  leaveUntouched((name) => own.has(name), target)
  for (const entry of catalogue.filter((each) => target === undefined || nameOf(each) === target)) {
    if (target !== undefined && entry.trigger === 'http') limitConnections(entry.connections ?? Infinity)
    framework.http(nameOf(entry), (request, response) =>
      isProbe(request)
        ? answerProbe(entry, response, open)
        : entry.trigger === 'http'
          ? passOn(entry, request, response, open().services)
          : entry.trigger === 'upload'
            ? answerEvent(entry, request, response, open())
            : answerHttp(entry, request, response, open()),
    )
  }
}

/**
 * `/health` from anywhere; `/healthz` for a probe inside the container, since Google keeps addresses that end in z to
 * itself. Where one address stands for all functions, the function's name stands before it.
 */
const isProbe = ({ method, url }: FrameworkRequest): boolean =>
  method === 'GET' && /^(\/[\w-]+)?\/healthz?$/.test(url)

/** Proves that the process could work: its configuration is whole, and the programs that its step needs are there. */
async function answerProbe(
  entry: CatalogueEntry,
  response: FrameworkResponse,
  open: () => unknown,
): Promise<void> {
  try {
    open()
    const needed = entry.trigger === 'task' ? await entry.step.needs?.() : undefined
    response.status(200).json({ function: nameOf(entry), ...(needed === undefined ? {} : { needed }) })
  } catch (error) {
    const code = codeOf(error) ?? 'internal'
    const message = error instanceof Error ? error.message : String(error)
    log.error({ function: nameOf(entry), code, error: message }, 'not healthy')
    response.status(503).json({ function: nameOf(entry), code, message })
  }
}

/**
 * The news of an object, as a CloudEvent in binary mode. Eventarc's token is made for the address it calls, and IAM has
 * looked at it; where no platform does, it is looked at here. News of nothing, or of another bucket, never gets better.
 */
async function answerEvent(
  { name, handle }: UploadFunction,
  request: FrameworkRequest,
  response: FrameworkResponse,
  { services, verify }: Opened,
): Promise<void> {
  const { caller, buckets } = services.config
  try {
    if (!caller.isChecked && !(await verify(request.headers.authorization)))
      return void response.status(401).json(unauthenticated)
    await handle(readEvent(await bodyOf(request), buckets.uploads), services)
    await between('answer', name, () => void response.status(200).json({ outcome: 'done' }))
  } catch (error) {
    answerFailure(name, error, error instanceof ForeignBody, response)
  }
}

const unauthenticated = {
  code: 'unauthenticated',
  message: 'The call carries no valid token for this service.',
}

/** What can never be handled is answered 200, which ends it; the log has it. */
function answerFailure(name: string, error: unknown, isFinal: boolean, response: FrameworkResponse): void {
  log.error(
    { function: name, error: error instanceof Error ? error.stack : String(error) },
    'request refused',
  )
  if (response.headersSent) return // it was answered, and what failed came after
  response.status(isFinal ? 200 : 500).json({ outcome: isFinal ? 'refused' : 'to be retried' })
}

async function answerHttp(
  entry: TaskFunction | ScheduledFunction,
  request: FrameworkRequest,
  response: FrameworkResponse,
  { services, verify }: Opened,
): Promise<void> {
  try {
    if (!(await verify(request.headers.authorization))) {
      response.status(401).json(unauthenticated)
    } else if (entry.trigger !== 'task') {
      const found = (await entry.handle(services)) ?? {}
      await between('answer', nameOf(entry), () => void response.status(200).json(found))
    } else {
      const { status, outcome } = await deliver(services, entry, parsePayload(await bodyOf(request)))
      await between('answer', outcome, () => void response.status(status).json({ outcome }))
    }
  } catch (error) {
    answerFailure(nameOf(entry), error, error instanceof Permanent, response)
  }
}

/**
 * Where one address stands for all functions, the path begins with the function's name; it is not the
 * function's business.
 */
async function passOn(
  { name, handle }: PublicFunction,
  request: FrameworkRequest,
  response: FrameworkResponse,
  services: Services,
): Promise<void> {
  request.url = request.url.replace(new RegExp(`^/${name}(?=[/?]|$)`), '').replace(/^(?!\/)/, '/')
  // loading it costs 14 ms and 7 MB, which only these functions need
  const { getRequestListener } = await import('@hono/node-server')
  await getRequestListener((webRequest) => handle(webRequest, services))(request, response)
}
