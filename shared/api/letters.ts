/** API routes for listener mail. */
import { z } from '@hono/zod-openapi'
import { findLetter, listLetters } from '../db/letters.ts'
import { withDatabase } from '../db/connect.ts'
import type { Services } from '../engine/services.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { idParam, listOf, moment, mustBe, pageAsked, reads, type App } from './routes.ts'

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
  })
  .openapi('Letter')

const routes = {
  list: reads('/letters', 'Listener mail, newest first', { query: pageQuery }, listOf(letter)),
  show: reads('/letters/{id}', 'A letter', { params: idParam }, letter),
}

export function addLetters(app: App, { config: { databaseUrl } }: Services): void {
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
}
