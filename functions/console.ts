/** Function `console`: the pages for producers. Signs its users in itself; what they do goes through the API. */
import type { Services } from '../shared/engine/services.ts'

let app:
  | { readonly services: Services; readonly fetch: (request: Request) => Response | Promise<Response> }
  | undefined

export async function consolePages(request: Request, services: Services): Promise<Response> {
  if (app?.services !== services) {
    const { createConsole } = await import('../shared/console/app.ts')
    app = { services, fetch: createConsole(services).fetch }
  }
  return await app.fetch(request)
}
