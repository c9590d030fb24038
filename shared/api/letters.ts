/** API routes for listener mail. */
import { z } from '@hono/zod-openapi'
import { deleteLetter, findLetter, listLetters } from '../db/letters.ts'
import { withDatabase } from '../db/connect.ts'
import type { Services } from '../engine/services.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import { changes, gone, idParam, listOf, moment, mustBe, pageAsked, reads, type App } from './routes.ts'

const letter = z
  .object({
    id: z.uuid(),
    runId: z.uuid(),
    sender: z.string(),
    subject: z.string(),
    text: z.string(),
    sentAt: moment,
    language: z.string().nullable(),
    attachments: z.int().openapi({ description: 'Files that came with it and are left out' }),
    isCut: z.boolean().openapi({ description: 'Its text is longer than what is kept' }),
    createdAt: z.iso.datetime(),
    readIn: z.uuid().nullable().openapi({ description: 'The episode in which it was read out' }),
  })
  .openapi('Letter')
export type ApiLetter = z.infer<typeof letter>

const routes = {
  list: reads('/letters', 'Listener mail, newest first', { query: pageQuery }, listOf(letter)),
  show: reads('/letters/{id}', 'A letter', { params: idParam }, letter),
  remove: changes(
    '/letters/{id}',
    'Delete a letter: what it says and who wrote it. What an episode has read out of it stays in that episode',
    { params: idParam },
    gone,
    200,
    'delete',
  ),
}

export function addLetters(app: App, { config }: Services): void {
  const { databaseUrl } = config
  app.openapi(routes.list, async (context) => {
    const query = context.req.valid('query')
    return context.json(
      pageOf(
        await withDatabase(databaseUrl, (db) => listLetters(db, pageAsked(context, query))),
        query.limit,
      ),
      200,
    )
  })
  app.openapi(routes.show, async (context) => {
    const { id } = context.req.valid('param')
    return context.json(
      mustBe(
        await withDatabase(databaseUrl, (db) => findLetter(db, context.var.caller.userId, id)),
        'letter',
      ),
      200,
    )
  })
  app.openapi(routes.remove, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const { id } = context.req.valid('param')
      const removed = await withDatabase(databaseUrl, (db) => deleteLetter(db, userId, id))
      return { status: 200, body: { removed: mustBe(removed || undefined, 'letter') } }
    })
    return context.json(body, status)
  })
}
