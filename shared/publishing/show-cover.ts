/**
 * The show's own cover: `cover.jpg` or `cover.png` among the podcast's assets, made into what directories accept. Hides
 * that it is made once for each picture: its public name has the picture's hash, so that Apple fetches another one.
 */
import type { Podcast } from '../db/podcasts.ts'
import { Permanent } from '../errors.ts'
import { coverOf } from '../feed/visuals.ts'
import { contentHash } from '../hash.ts'
import { assetsFolder, coverName, fileOf, showCovers, spellings, uploadName } from '../objects.ts'
import type { StoredObject } from '../storage.ts'
import { oneYear, type Publisher } from './public-files.ts'

type Show = Pick<Podcast, 'id' | 'userId' | 'slug'>

/** The public object of the cover; undefined without one, and with a warning for one that cannot be used. */
export async function publishCover(show: Show, tools: Publisher): Promise<string | undefined> {
  const { storage, config, warn } = tools
  const found = await findCover(show, tools)
  if (!found) return undefined
  const target = { bucket: config.buckets.public, name: coverName(show.id, contentHash(found.contentHash)) }
  if (await storage.stat(target)) return target.name
  try {
    const jpeg = await coverOf(
      { object: found.name, generation: found.generation, contentHash: found.contentHash },
      tools,
    )
    await storage.create(target, jpeg!, 'image/jpeg', { cacheControl: oneYear })
    return target.name
  } catch (error) {
    if (!(error instanceof Permanent)) throw error
    warn({ code: 'show_cover_left_out', message: `The show’s cover is not used. ${error.message}` })
    return undefined
  }
}

/** Whichever way the podcast's name is written. */
async function findCover(
  { userId, slug }: Show,
  { storage, config }: Publisher,
): Promise<StoredObject | undefined> {
  const lists = spellings(uploadName(userId, slug, assetsFolder, 'cover.')).map((prefix) =>
    storage.list(config.buckets.uploads, prefix),
  )
  const found = (await Promise.all(lists)).flat()
  return showCovers
    .map((file) => found.find(({ name }) => fileOf(name) === file))
    .find((cover) => cover !== undefined)
}
