/** Function `api`: the HTTP API for producers. Authenticates its callers itself; does no work of its own. */
import type { Services } from '../shared/engine/services.ts'

let app:
  | { readonly services: Services; readonly fetch: (request: Request) => Response | Promise<Response> }
  | undefined

export async function api(request: Request, services: Services): Promise<Response> {
  if (app?.services !== services) {
    const { createApi } = await import('../shared/api/app.ts') // schemas of every route
    app = { services, fetch: createApi(services).fetch }
  }
  return await app.fetch(request)
}
