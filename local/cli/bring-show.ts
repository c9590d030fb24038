/** Brings what a show's folder says now to the Spool that makes its episodes: its settings, its template and their files. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Permanent } from '../../shared/errors.ts'
import { readText } from '../../shared/text-file.ts'
import type { Client } from '../client/client.ts'
import { allPodcasts, podcastMeant, whichElse, type Podcast } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { filesOf, podcastOf, withShow, type Job } from './job-files.ts'
import { mustBeReady } from './preflight.ts'

const showFile = 'podcast.json'

/** The podcast that a show's folder is of. Throws Permanent `not_found` for a show of which nothing was made. */
export async function podcastIn(client: Client, folder: string): Promise<Podcast> {
  const slug = await podcastOf(withShow({ recordings: [] }, folder))
  const all = await allPodcasts(client)
  const found = podcastMeant(slug, all)
  if (found) return found
  const others = whichElse(slug, all, path.join(folder, showFile))
  throw new Permanent('not_found', `Nothing was made of the show "${slug}" yet.${others}`)
}

/** Throws NotReady with all that is wrong with its documents and their files, or Permanent `not_found`, before anything is sent. */
export async function bringShow(
  client: Client,
  memory: Memory,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const job: Job = withShow({ recordings: [] }, folder)
  await mustBeReady(job)
  const { id, slug, revision } = await podcastIn(client, folder)
  const settings = readText(await readFile(path.join(folder, showFile))).text
  for (const { kind, file, source } of await filesOf({ ...job, recordings: [] }))
    if (kind === 'asset')
      await sendFile(client, memory, { podcast: slug, file }, source, { signal, progress: () => undefined })
  await client.put(`/podcasts/${id}`, { revision, settings: JSON.parse(settings) as unknown })
  return slug
}
