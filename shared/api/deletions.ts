/**
 * API routes for what is to be deleted for good: an episode, a podcast, everything of the caller. Each takes the rows away
 * at once and answers with a deletion; the files go within a minute or two, through `sweep`, which alone may delete them.
 */
import { z } from '@hono/zod-openapi'
import { withDatabase } from '../db/connect.ts'
import { findDeletionOf } from '../db/deletions.ts'
import { askFor } from '../engine/ask-for.ts'
import type { Services } from '../engine/services.ts'
import { askForEpisode, askForEverything, askForPodcast } from '../housekeeping/ask-deletion.ts'
import { once } from './idempotency.ts'
import { changes, idParam, jsonBody, mustBe, reads, type App } from './routes.ts'

const begun = z.object({ deletionId: z.uuid() }).openapi('DeletionBegun')
const deletion = z
  .object({
    id: z.uuid(),
    episodeId: z.uuid().nullable(),
    podcastId: z.uuid().nullable(),
    askedAt: z.iso.datetime(),
    isDone: z.boolean().openapi({ description: 'Nothing of it was found any more.' }),
    rows: z.int(),
    objects: z.int(),
    bytes: z.number(),
  })
  .openapi('Deletion', { description: 'What was asked to be deleted, and how much of it has gone.' })

const yes = z.enum(['true', 'false']).default('false')
const cancel = yes.openapi({ description: 'Cancels what is being made first; else that is refused.' })

/** To be written as it is: nobody asks for this by a slip. */
export const confirmation = 'delete everything'

const routes = {
  episode: changes(
    '/episodes/{id}',
    'Delete an episode for good: out of the feed, then its files, its recordings and all that was made of them',
    { params: idParam, query: z.object({ cancel }) },
    begun,
    202,
    'delete',
  ),
  podcast: changes(
    '/podcasts/{id}',
    'Delete a podcast for good, with its settings, template, assets and feed',
    {
      params: idParam,
      query: z.object({
        episodes: yes.openapi({ description: 'Its episodes too; else a podcast that has one is kept.' }),
        cancel,
      }),
    },
    begun,
    202,
    'delete',
  ),
  everything: changes(
    '/account/deletion',
    'Delete everything of yours for good: podcasts, episodes, recordings, letters, keys, and what they were used for. ' +
      'Keys and sessions end at once; feeds and their files are gone for listeners within minutes',
    jsonBody(z.strictObject({ confirm: z.literal(confirmation) })),
    begun,
    202,
  ),
  show: reads('/deletions/{id}', 'How far a deletion is', { params: idParam }, deletion),
}

/** What is gone already has only its id left, and that must be one. */
const idOf = (id: string, what: string): string =>
  mustBe(z.uuid().safeParse(id).success ? id : undefined, what)

export function addDeletions(app: App, services: Services): void {
  const { databaseUrl } = services.config
  const goOn = async (deletionId: string) => {
    await askFor('sweep', `deletion/${deletionId}`, services)
    return { status: 202 as const, body: { deletionId } }
  }

  app.openapi(routes.episode, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const episode = { userId, episodeId: idOf(context.req.valid('param').id, 'episode') }
      const options = { cancel: context.req.valid('query').cancel === 'true' }
      return await goOn(await askForEpisode(services, episode, options))
    })
    return context.json(body, status)
  })
  app.openapi(routes.podcast, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const podcast = { userId, podcastId: idOf(context.req.valid('param').id, 'podcast') }
      const query = context.req.valid('query')
      const options = { withEpisodes: query.episodes === 'true', cancel: query.cancel === 'true' }
      return await goOn(await askForPodcast(services, podcast, options))
    })
    return context.json(body, status)
  })
  app.openapi(routes.everything, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () =>
      goOn(await askForEverything(services, userId)),
    )
    return context.json(body, status)
  })
  app.openapi(routes.show, async (context) => {
    const { userId } = context.var.caller
    const { id } = context.req.valid('param')
    const found = mustBe(await withDatabase(databaseUrl, (db) => findDeletionOf(db, userId, id)), 'deletion')
    const { isSettled: _settled, userId: _own, ...shown } = found
    return context.json(shown, 200)
  })
}
