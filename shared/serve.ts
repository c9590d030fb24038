/**
 * From catalogue to running functions: turns each entry of functions/index.ts into the handler functions-framework calls.
 * Hides how a caller is refused, how an answer becomes HTTP, and what one process sets up once, on its first request.
 */
import type { CloudEvent, Request, Response } from '@google-cloud/functions-framework'
import { callerVerifier } from './caller.ts'
import { parseConfig } from './config.ts'
import { parsePayload } from './context.ts'
import { Permanent } from './errors.ts'
import { log } from './log.ts'
import { planPipeline, type Stage } from './pipeline.ts'
import { deliver, type Services } from './step.ts'
import { openStorage } from './storage.ts'
import { openTasks } from './tasks.ts'

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
}

export interface UploadFunction extends Deployed {
  readonly trigger: 'upload'
  readonly handle: (object: FinalizedObject, services: Services) => Promise<void>
}

export interface ScheduledFunction extends Deployed {
  readonly trigger: 'schedule'
  readonly handle: (services: Services) => Promise<unknown>
}

/** A request of somebody outside, and its answer. */
export interface HttpCall {
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly rawBody: Buffer
}

export interface HttpAnswer {
  readonly status: number
  readonly body: object
}

/** Open to the world: it checks its callers itself. */
export interface PublicFunction extends Deployed {
  readonly trigger: 'http'
  readonly handle: (call: HttpCall, services: Services) => Promise<HttpAnswer>
}

export type CatalogueEntry = TaskFunction | UploadFunction | ScheduledFunction | PublicFunction

export const nameOf = (entry: CatalogueEntry): string => (entry.trigger === 'task' ? entry.step.name : entry.name)

/** Opens what every invocation shares. Nothing connects until it is used. */
export function openServices(env: Readonly<Record<string, string | undefined>>, catalogue: readonly CatalogueEntry[]): Services {
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
  http: (name: string, handler: (request: Request, response: Response) => Promise<void>) => unknown
  cloudEvent: (name: string, handler: (event: CloudEvent<unknown>) => Promise<void>) => unknown
}

export function registerAll(framework: Framework, catalogue: readonly CatalogueEntry[], env: Readonly<Record<string, string | undefined>>): void {
  let opened: { services: Services; verify: ReturnType<typeof callerVerifier> } | undefined
  const open = () => {
    if (!opened) {
      const services = openServices(env, catalogue)
      opened = { services, verify: callerVerifier(services.config.caller) }
    }
    return opened
  }
  for (const entry of catalogue) {
    // Eventarc calls through IAM: the platform has checked its caller before the event arrives.
    if (entry.trigger === 'upload') framework.cloudEvent(entry.name, (event) => entry.handle(event.data as FinalizedObject, open().services))
    else framework.http(nameOf(entry), (request, response) => answerHttp(entry, request, response, open()))
  }
}

async function answerHttp(
  entry: TaskFunction | ScheduledFunction | PublicFunction,
  request: Request,
  response: Response,
  { services, verify }: { services: Services; verify: ReturnType<typeof callerVerifier> },
): Promise<void> {
  try {
    if (entry.trigger === 'http') {
      const { status, body } = await entry.handle(callOf(request), services)
      response.status(status).json(body)
    } else if (!(await verify(request.headers.authorization))) {
      response.status(401).json({ code: 'unauthenticated', message: 'The call carries no valid token for this service.' })
    } else if (entry.trigger === 'schedule') {
      response.status(200).json((await entry.handle(services)) ?? {})
    } else {
      const { status, outcome } = await deliver(services, entry, parsePayload(request.body))
      response.status(status).json({ outcome })
    }
  } catch (error) {
    // A body that is not ours can never be handled: 200 ends its task, and the log has it.
    const status = error instanceof Permanent ? 200 : 500
    log.error({ function: nameOf(entry), error: error instanceof Error ? error.stack : String(error) }, 'request refused')
    response.status(status).json({ outcome: status === 200 ? 'refused' : 'to be retried' })
  }
}

const callOf = (request: Request): HttpCall => ({
  query: request.query,
  headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value])),
  rawBody: (request as Request & { rawBody?: Buffer }).rawBody ?? Buffer.alloc(0),
})
