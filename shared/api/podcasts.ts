/**
 * API routes for podcasts: what a show is called and says of itself, the template its episodes are made by, and the
 * files that the template names. Hides that a template is a file among these. Whoever changes something names the
 * revision that they have seen, so that of two at once none is lost.
 */
import { z } from '@hono/zod-openapi'
import { withDatabase } from '../db/connect.ts'
import {
  changePodcast,
  findPodcastOf,
  insertPodcast,
  listPodcasts,
  markFeedOld,
  type Podcast,
} from '../db/podcasts.ts'
import { askFor } from '../engine/ask-for.ts'
import type { Services } from '../engine/services.ts'
import { podcastTemplate } from '../episode/podcast-template.ts'
import { Permanent } from '../errors.ts'
import { parseJson } from '../json-file.ts'
import {
  asSeen,
  assetsFolder,
  feedName,
  isPathPart,
  showCovers,
  spellings,
  templateFile,
  uploadName,
} from '../objects.ts'
import { assetsOf, picturesOf } from '../settings/needs.ts'
import { parsePodcast, podcastSettings, type PodcastSettings } from '../settings/podcast.ts'
import { parseTemplate } from '../settings/settings.ts'
import { pageOf, pageQuery } from './cursor.ts'
import { once } from './idempotency.ts'
import { linkSeconds } from './links.ts'
import { changes, gone, idParam, jsonBody, listOf, mustBe, pageAsked, reads, type App } from './routes.ts'

const document = z.record(z.string(), z.any())
const podcast = z
  .object({
    id: z.uuid(),
    slug: z.string(),
    revision: z.int(),
    settings: document.openapi({ description: 'Every field of podcast.json, with defaults filled in.' }),
    feedUrl: z.url(),
    feedIsCurrent: z.boolean().openapi({
      description: 'It shows what the show and its episodes say now. False until it has been written.',
    }),
    createdAt: z.iso.datetime(),
  })
  .openapi('Podcast')
const template = z
  .object({
    revision: z
      .string()
      .openapi({ description: '"0" while there is none: episodes are made by the defaults.' }),
    template: document,
  })
  .openapi('Template')
const asset = z
  .object({
    file: z.string(),
    bytes: z.int(),
    type: z.string(),
    md5: z.string().nullable().openapi({ description: 'In base64; null where the bucket has none.' }),
    url: z.url().openapi({ description: 'Good for an hour.' }),
  })
  .openapi('Asset')

const slug = z
  .string()
  .refine(isPathPart, { error: 'has 1 to 200 characters, and no slash or control character' })
  .openapi({ description: 'Its folder among the uploads; it never changes.' })

const assetFile = z
  .string()
  .refine((file) => isPathPart(file) && file !== templateFile, { error: 'is no asset’s name' })
  .openapi({ param: { name: 'file', in: 'path' } })
const finding = z
  .object({
    rule: z.string(),
    severity: z.enum(['error', 'warning']),
    where: z.string(),
    message: z.string(),
    remedy: z.string(),
    source: z.string(),
  })
  .openapi('Finding')

const routes = {
  list: reads('/podcasts', 'Your podcasts, newest first', { query: pageQuery }, listOf(podcast)),
  show: reads('/podcasts/{id}', 'A podcast', { params: idParam }, podcast),
  create: changes(
    '/podcasts',
    'Begin a podcast',
    jsonBody(z.strictObject({ slug, settings: document.default({}) })),
    podcast,
    201,
  ),
  change: changes(
    '/podcasts/{id}',
    'Change what a podcast says of itself; its feed follows',
    { params: idParam, ...jsonBody(z.strictObject({ revision: z.int(), settings: document })) },
    podcast,
    200,
    'put',
  ),
  template: reads('/podcasts/{id}/template', 'What its episodes are made by', { params: idParam }, template),
  changeTemplate: changes(
    '/podcasts/{id}/template',
    'Change what its episodes are made by, from the next one on',
    { params: idParam, ...jsonBody(z.strictObject({ revision: z.string(), template: document })) },
    template,
    200,
    'put',
  ),
  assets: reads(
    '/podcasts/{id}/assets',
    'The files that its template may name',
    { params: idParam },
    z.object({ items: z.array(asset) }),
  ),
  removeAsset: changes(
    '/podcasts/{id}/assets/{file}',
    'Delete one of these files; one that the template names is kept',
    { params: idParam.extend({ file: assetFile }) },
    gone,
    200,
    'delete',
  ),
  check: reads(
    '/podcasts/{id}/check',
    'What directories would object to in its feed as it is now; the files that it names are not asked for',
    { params: idParam },
    z.object({ feedUrl: z.url(), findings: z.array(finding) }),
  ),
}

/** Else it is of what was composed, which has none. */
const isMd5 = (contentHash: string): boolean => /^[\w+/]{22}==$/.test(contentHash)

/** Of a feed that is checked while somebody waits. */
const mostFeedBytes = 20 * 1024 * 1024

export function addPodcasts(app: App, services: Services): void {
  const { storage, config } = services
  const { databaseUrl } = config
  const uploads = config.buckets.uploads
  const find = async (userId: string, id: string) =>
    mustBe(await withDatabase(databaseUrl, (db) => findPodcastOf(db, userId, id)), 'podcast')
  const shown = ({ userId: _user, settings, feedRevision, ...rest }: Podcast) => ({
    ...rest,
    feedIsCurrent: feedRevision >= rest.revision,
    settings: podcastSettings(settings),
    feedUrl: `${config.publicBaseUrl}/${feedName(rest.id)}`,
  })
  const templateOf = async ({ userId, slug: folder }: Podcast) => {
    const { where, revision, text } = await podcastTemplate({ userId, podcast: folder }, services)
    return { where, shown: { revision, template: documentIn(text) } }
  }

  app.openapi(routes.list, async (context) => {
    const query = context.req.valid('query')
    const found = await withDatabase(databaseUrl, (db) => listPodcasts(db, pageAsked(context, query)))
    const { items, next } = pageOf(found, query.limit)
    return context.json({ items: items.map(shown), ...(next === undefined ? {} : { next }) }, 200)
  })
  app.openapi(routes.show, async (context) =>
    context.json(shown(await find(context.var.caller.userId, context.req.valid('param').id)), 200),
  )
  app.openapi(routes.create, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const { slug: name, settings } = context.req.valid('json')
      const asked = { userId, slug: asSeen(name), settings: settingsIn(settings) }
      const made = await withDatabase(databaseUrl, (db) => insertPodcast(db, asked))
      if (!made) throw new Permanent('already_there', `You have a podcast "${name}".`)
      return { status: 201, body: shown(made) }
    })
    return context.json(body, status)
  })
  app.openapi(routes.change, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const { id, slug: name } = await find(userId, context.req.valid('param').id)
      const { revision, settings } = context.req.valid('json')
      const change = { userId, id, revision, settings: settingsIn(settings) }
      const changed = await withDatabase(databaseUrl, (db) => changePodcast(db, change))
      if (!changed) throw changedMeanwhile(`The podcast "${name}"`)
      await askFor('sweep', `feed/${id}/${changed.revision}`, services)
      return { status: 200, body: shown(changed) }
    })
    return context.json(body, status)
  })
  app.openapi(routes.template, async (context) => {
    const found = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json((await templateOf(found)).shown, 200)
  })
  app.openapi(routes.changeTemplate, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const found = await find(userId, context.req.valid('param').id)
      const { where } = await templateOf(found)
      const { revision, template: changed } = context.req.valid('json')
      parseTemplate(JSON.stringify(changed), 'The template')
      if (!(await storage.swap(where, revision, JSON.stringify(changed, null, 2), 'application/json')))
        throw changedMeanwhile('The template')
      return { status: 200, body: (await templateOf(found)).shown }
    })
    return context.json(body, status)
  })
  app.openapi(routes.assets, async (context) => {
    const { userId, slug: folder } = await find(context.var.caller.userId, context.req.valid('param').id)
    const prefix = uploadName(userId, folder, assetsFolder, '')
    const found = (await storage.list(uploads, prefix)).filter(
      ({ name }) => isPathPart(name.slice(prefix.length)) && name !== `${prefix}${templateFile}`,
    )
    const items = found.map(async ({ name, bytes, contentType, contentHash }) => ({
      ...{ file: name.slice(prefix.length), bytes, type: contentType },
      md5: isMd5(contentHash) ? contentHash : null,
      url: await storage.signedUrl({ bucket: uploads, name }, linkSeconds),
    }))
    return context.json({ items: await Promise.all(items) }, 200)
  })
  app.openapi(routes.removeAsset, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, config, userId, async () => {
      const { id, file } = context.req.valid('param')
      const found = await find(userId, id)
      const { text } = await podcastTemplate({ userId, podcast: found.slug }, services)
      const user = userOf(file, text)
      if (user !== undefined)
        throw new Permanent('asset_in_use', `${user} names ${file}. Take it out of the template first.`)
      const names = spellings(uploadName(userId, found.slug, assetsFolder, file))
      const there = await Promise.all(names.map((name) => storage.stat({ bucket: uploads, name })))
      mustBe(there.find(Boolean), 'asset')
      for (const name of names) await storage.remove({ bucket: uploads, name })
      if (showCovers.includes(file)) {
        await withDatabase(databaseUrl, (db) => markFeedOld(db, userId, found.slug))
        await askFor('sweep', `cover/${id}/${crypto.randomUUID()}`, services)
      }
      return { status: 200, body: { removed: true } }
    })
    return context.json(body, status)
  })
  app.openapi(routes.check, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    const feed = { bucket: config.buckets.public, name: feedName(id) }
    const { bytes, generation } = mustBe(await storage.stat(feed), 'feed: nothing of it is published')
    if (bytes > mostFeedBytes)
      throw new Permanent('bad_feed', `The feed has ${bytes} bytes; up to ${mostFeedBytes} are checked here.`)
    const { checkFeed } = await import('../publishing/check-feed.ts') // a parser that only this needs
    const text = (await storage.read({ ...feed, generation })).toString('utf8')
    const feedUrl = `${config.publicBaseUrl}/${feed.name}`
    return context.json({ feedUrl, findings: await checkFeed(text, { feedUrl, asksFiles: false }) }, 200)
  })
}

/** What of the template names the file; undefined when nothing does. Throws Permanent `bad_template`. */
function userOf(file: string, text: string): string | undefined {
  const template = parseTemplate(text, `The podcast's ${templateFile}`)
  const named = [...assetsOf(template), ...picturesOf(template)]
  return named.find((each) => asSeen(each.file) === asSeen(file))?.neededBy
}

/** A template that came through the bucket may be anything. Throws Permanent `bad_template`. */
function documentIn(text: string): Record<string, unknown> {
  parseTemplate(text, `The podcast's ${templateFile}`)
  return parseJson(text.replace(/^\uFEFF/, '')) as Record<string, unknown>
}

/** Throws Permanent `bad_podcast_file`. */
const settingsIn = (given: object): PodcastSettings => parsePodcast(JSON.stringify(given), 'The podcast')

const changedMeanwhile = (what: string): Permanent =>
  new Permanent('changed_meanwhile', `${what} was changed meanwhile. Read it again and change that.`)
