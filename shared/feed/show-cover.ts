/**
 * The show's own cover: `cover.jpg` or `cover.png` among the podcast's assets. Hides where it lies, and whichever way the
 * podcast's name is written.
 */
import type { Config } from '../config.ts'
import { assetsFolder, fileOf, showCovers, spellings, uploadName } from '../objects.ts'
import type { ObjectStore, StoredObject } from '../storage.ts'

export async function findShowCover(
  { userId, slug }: { readonly userId: string; readonly slug: string },
  { storage, config }: { readonly storage: ObjectStore; readonly config: Config },
): Promise<StoredObject | undefined> {
  const lists = spellings(uploadName(userId, slug, assetsFolder, 'cover.')).map((prefix) =>
    storage.list(config.buckets.uploads, prefix),
  )
  const found = (await Promise.all(lists)).flat()
  return showCovers
    .map((file) => found.find(({ name }) => fileOf(name) === file))
    .find((cover) => cover !== undefined)
}
