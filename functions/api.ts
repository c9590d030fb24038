/** Function `api`: the HTTP API for producers. Authenticates its callers itself; does no work of its own. */
import { createApi } from '../shared/api/app.ts'
import type { Services } from '../shared/engine/services.ts'

let app:
  | { readonly services: Services; readonly fetch: (request: Request) => Response | Promise<Response> }
  | undefined

export function api(request: Request, services: Services): Response | Promise<Response> {
  if (app?.services !== services) app = { services, fetch: createApi(services).fetch }
  return app.fetch(request)
}
