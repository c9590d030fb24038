/**
 * The API route that says what stands in an episode's way, and what it will take, before its recording is sent. What belongs
 * to the recording is among the uploads by then, or told of as the recording is: so what lies there stays as it is until nothing
 * stands in the way. Nothing is begun.
 */
import { z } from '@hono/zod-openapi'
import { withDatabase } from '../db/connect.ts'
import type { Services } from '../engine/services.ts'
import { broughtTo, templateOf } from '../episode/brought.ts'
import { faultsOf } from '../episode/preflight.ts'
import { quote } from '../episode/quote.ts'
import { whatIsAtWork, whatIsReplaced } from '../episode/replaced.ts'
import { announcedBeside, announcedFile, beside, head, part } from './announced.ts'
import { faultList, jsonBody, opens, type App } from './routes.ts'

const md5 = z
  .base64()
  .length(24)
  .optional()
  .openapi({ description: 'Of all of it: what is in the feed is then told apart by its content.' })
const recording = z.strictObject({ file: part, bytes: z.int().min(0), head: head.optional(), md5 })
const asked = z
  .strictObject({
    podcast: part,
    episode: part,
    recordings: z.array(recording).min(1).max(20),
    beside: beside.optional(),
    seconds: z
      .number()
      .min(0)
      .max(1e6)
      .optional()
      .openapi({ description: 'How long they are together, where that is known.' }),
    withWords: z.boolean().default(false).openapi({ description: 'Words will come that are not there yet.' }),
  })
  .openapi('PreflightAsked')
const answer = z
  .object({
    replaces: z
      .object({
        title: z.string(),
        isPublished: z.boolean(),
        number: z.number().nullable(),
        season: z.number().nullable(),
        recordings: z.array(z.string()).readonly(),
      })
      .nullable()
      .openapi({
        description:
          'The finished episode of that name that would be made anew of these recordings, and what it is made of; null where there ' +
          'is none, or where they are the same: by name and size, or by `md5` where that is told and the episode is in the feed.',
      }),
    waits: z
      .boolean()
      .openapi({ description: 'A version of it waits for a decision; this one would take its place.' }),
    isBeingMade: z.boolean().openapi({
      description: 'A version of it is being made of these recordings already, by their names and sizes.',
    }),
    faults: faultList,
    quote: z.object({
      minutes: z.number().nullable(),
      minutesLeft: z.number().nullable(),
      transcribedBy: z
        .object({
          provider: z.string(),
          priceList: z.url().nullable(),
          usd: z.number().nullable(),
          listedIn: z.string().nullable(),
        })
        .nullable(),
      notedBy: z.string().nullable(),
      roomBytes: z.number(),
      seconds: z
        .number()
        .nullable()
        .openapi({ description: 'By the runs there were; null before there was one.' }),
    }),
  })
  .openapi('Preflight')

const routes = {
  look: opens(
    '/preflight',
    'What stands in the way of an episode, all at once, and what it will take: asked before any of it is sent, or when all but its recording is uploaded',
    jsonBody(asked),
    answer,
  ),
}

const compared = ({ file, bytes, md5: told }: z.output<typeof recording>) => ({
  ...{ name: file, bytes },
  ...(told === undefined ? {} : { md5: () => Promise.resolve(told) }),
})

export function addPreflight(app: App, services: Services): void {
  app.openapi(routes.look, async (context) => {
    const { userId } = context.var.caller
    const asked = context.req.valid('json')
    const { podcast, episode, recordings, withWords, seconds = null } = asked
    const announced = {
      ...{ podcast, episode, recordings: recordings.map(announcedFile) },
      beside: asked.beside && announcedBeside(asked.beside),
    }
    const brought = await broughtTo(userId, announced, services)
    const faults = await faultsOf(brought)
    const template = await templateOf(brought)
    const bytes = recordings.reduce((sum, each) => sum + each.bytes, 0)
    const coming = { userId, podcast, episode, recordings: recordings.map(compared) }
    const told = await withDatabase(services.config.databaseUrl, async (db) => ({
      quote: await quote(db, services.config, {
        ...{ userId, seconds, bytes, template },
        hasWords: withWords || brought.words !== undefined,
      }),
      replaces: (await whatIsReplaced(db, coming)) ?? null,
      ...(await whatIsAtWork(db, coming)),
    }))
    return context.json({ faults, ...told }, 200)
  })
}
