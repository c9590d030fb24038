/**
 * The API route that says something else of an episode that is there: its title, its description. Hides that nothing is made
 * again for it: the feed is written anew, and what is being made just now gets it too.
 */
import { z } from '@hono/zod-openapi'
import { editDetails } from '../db/about-episodes.ts'
import { withDatabase } from '../db/connect.ts'
import { markFeedOld } from '../db/podcasts.ts'
import { askFor } from '../engine/ask-for.ts'
import type { Services } from '../engine/services.ts'
import { mostDescriptionCharacters, mostTitleCharacters } from '../settings/episode.ts'
import { episode } from './episodes.ts'
import { once } from './idempotency.ts'
import { changes, episodeFinder, idParam, jsonBody, type App } from './routes.ts'

const edited = z
  .strictObject({
    title: z
      .string()
      .trim()
      .min(1)
      .max(mostTitleCharacters)
      .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'has control characters')
      .optional(),
    description: z
      .string()
      .trim()
      .max(mostDescriptionCharacters)
      .regex(/^[^\u0000]*$/, 'has a NUL character')
      .optional()
      .openapi({ description: 'Empty: none.' }),
  })
  .openapi('EpisodeDetails', { description: 'What is left out stays as it is.' })

const edit = changes(
  '/episodes/{id}',
  'Change what is said of an episode; its feed follows, the tags of its MP3 when it is made again',
  { params: idParam, ...jsonBody(edited) },
  episode,
  200,
  'patch',
)

export function addEpisodeDetails(app: App, services: Services): void {
  const { config } = services
  const find = episodeFinder(services)
  app.openapi(edit, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const { id, podcast } = await find(userId, context.req.valid('param').id)
      const said = context.req.valid('json')
      await withDatabase(config.databaseUrl, (db) =>
        db.transaction(async (trx) => {
          await markFeedOld(trx, userId, podcast) // first, as by everybody who needs both rows
          await editDetails(trx, id, said)
        }),
      )
      await askFor('sweep', `details/${id}/${crypto.randomUUID()}`, services)
      return { status: 200, body: await find(userId, id) }
    })
    return context.json(body, status)
  })
}
