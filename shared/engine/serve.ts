/**
 * Turns each entry of the catalogue (functions/index.ts) into the HTTP handler that functions-framework
 * calls. Hides how a caller is refused, how an answer becomes HTTP, and what a process sets up once, on its
 * first request.
 */
import { buffer } from 'node:stream/consumers'
import type {
  CloudEvent,
  Request as FrameworkRequest,
  Response as FrameworkResponse,
} from '@google-cloud/functions-framework'
import { between } from '../boundaries.ts'
import { callerVerifier } from './caller.ts'
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

/** What a finalize event says of its object, as far as Spool reads it. */
export interface FinalizedObject {
  readonly bucket: string
  readonly name: string
  readonly generation: string
  /** What whoever uploaded it wrote beside it. */
  readonly metadata?: Readonly<Record<string, string>>
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

/** Where the handlers are put: functions-framework's `http` and `cloudEvent`. */
export interface Framework {
  http: (
    name: string,
    handler: (request: FrameworkRequest, response: FrameworkResponse) => Promise<void>,
  ) => unknown
  cloudEvent: (name: string, handler: (event: CloudEvent<unknown>) => Promise<void>) => unknown
}

/** Every function, or the one that the process is started for. */
export function registerAll(
  framework: Framework,
  catalogue: readonly CatalogueEntry[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  let opened: { services: Services; verify: ReturnType<typeof callerVerifier> } | undefined
  const open = () => {
    if (!opened) {
      const services = openServices(env, catalogue)
      opened = { services, verify: callerVerifier(services.config.caller) }
    }
    return opened
  }
  const target = env['FUNCTION_TARGET']
  traceRequests(env['PROJECT_ID'])
  // an event's body is the framework's to read
  const own = new Set(catalogue.filter(({ trigger }) => trigger !== 'upload').map(nameOf))
  leaveUntouched((name) => own.has(name), target)
  for (const entry of catalogue.filter((each) => target === undefined || nameOf(each) === target)) {
    if (target !== undefined && entry.trigger === 'http') limitConnections(entry.connections ?? Infinity)
    // Eventarc calls through IAM: the platform has checked its caller before the event arrives.
    if (entry.trigger === 'upload')
      framework.cloudEvent(entry.name, async (event) => {
        await entry.handle(event.data as FinalizedObject, open().services)
        await between('answer', entry.name, () => undefined) // the framework's own, when this returns
      })
    else
      framework.http(nameOf(entry), (request, response) =>
        isProbe(request)
          ? answerProbe(entry, response, open)
          : entry.trigger === 'http'
            ? passOn(entry, request, response, open().services)
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

async function answerHttp(
  entry: TaskFunction | ScheduledFunction,
  request: FrameworkRequest,
  response: FrameworkResponse,
  { services, verify }: { services: Services; verify: ReturnType<typeof callerVerifier> },
): Promise<void> {
  try {
    if (!(await verify(request.headers.authorization))) {
      response
        .status(401)
        .json({ code: 'unauthenticated', message: 'The call carries no valid token for this service.' })
    } else if (entry.trigger !== 'task') {
      const found = (await entry.handle(services)) ?? {}
      await between('answer', nameOf(entry), () => void response.status(200).json(found))
    } else {
      const { status, outcome } = await deliver(services, entry, parsePayload(await bodyOf(request)))
      await between('answer', outcome, () => void response.status(status).json({ outcome }))
    }
  } catch (error) {
    // A body that is not ours can never be handled: 200 ends its task, and the log has it.
    const status = error instanceof Permanent ? 200 : 500
    log.error(
      { function: nameOf(entry), error: error instanceof Error ? error.stack : String(error) },
      'request refused',
    )
    if (!response.headersSent)
      response.status(status).json({ outcome: status === 200 ? 'refused' : 'to be retried' })
  }
}

/** Throws Permanent `bad_context`, which says nothing of the body: it goes to the log. */
async function bodyOf(request: FrameworkRequest): Promise<unknown> {
  const bytes = request.rawBody ?? (await buffer(request))
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Permanent('bad_context', 'The body is not JSON.')
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
