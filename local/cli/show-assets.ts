/** The files of a show that a Spool has. Hides how what lies there is compared with what lies here. */
import { otherCovers } from '../../shared/objects.ts'
import type { Client } from '../client/client.ts'
import type { Source } from '../client/send.ts'
import { bytesOf, md5Of, piecesOf } from './announce.ts'

export interface Asset {
  readonly file: string
  readonly bytes: number
  /** In base64; null where the Spool does not know it, absent where it does not say. */
  readonly md5?: string | null
  readonly url: string
}

export const assetsThere = async (client: Client, podcastId: string): Promise<Asset[]> =>
  (await client.get<{ items: Asset[] }>(`/podcasts/${podcastId}/assets`)).items

/** Piece by piece, so that no file is held whole. */
export async function isSameFile(source: Source, there: Asset, signal: AbortSignal): Promise<boolean> {
  if ((await bytesOf(source)) !== there.bytes) return false
  const known = there.md5 ?? (await md5Of((await fetch(there.url, { signal })).body ?? []))
  return (await md5Of(piecesOf(source))) === known
}

/** Of the covers that a show's folder ever brought, the one that is in it now counts. */
export async function takeFormerCovers(
  client: Client,
  podcastId: string,
  there: readonly Asset[],
  file: string,
): Promise<void> {
  const others = otherCovers(file)
  for (const { file: other } of there)
    if (others.includes(other))
      await client.delete(`/podcasts/${podcastId}/assets/${encodeURIComponent(other)}`)
}
