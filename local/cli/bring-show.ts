/** Brings what a show's folder says now to the Spool that makes its episodes: its settings, its template and their files. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { parsePodcast } from '../../shared/settings/podcast.ts'
import { readText } from '../../shared/text-file.ts'
import type { Client } from '../client/client.ts'
import { findPodcast } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { filesOf, podcastOf, withShow, type Job } from './job-files.ts'

/** Throws Permanent saying what is wrong with a document, or `not_found` for a show of which nothing was made. */
export async function bringShow(
  client: Client,
  memory: Memory,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const job: Job = withShow({ recordings: [] }, folder)
  const slug = await podcastOf(job)
  const settings = readText(await readFile(path.join(folder, 'podcast.json'))).text
  parsePodcast(settings, 'podcast.json')
  const found = await findPodcast(client, slug)
  if (found?.slug !== slug)
    throw new Permanent('not_found', `Nothing was made of the show "${slug}" yet. See ./spool list.`)
  const { id, revision } = found
  for (const { kind, file, source } of await filesOf({ ...job, recordings: [] }))
    if (kind === 'asset')
      await sendFile(client, memory, { podcast: slug, file }, source, { signal, progress: () => undefined })
  await client.put(`/podcasts/${id}`, { revision, settings: JSON.parse(settings) as unknown })
  return slug
}
