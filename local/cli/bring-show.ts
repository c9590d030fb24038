/** Brings what a show's folder says now to the Spool that makes its episodes: its settings, its template and their files. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { ErrorCode } from '../../shared/codes.ts'
import { Permanent } from '../../shared/errors.ts'
import { remarksOn } from '../../shared/episode/plan.ts'
import { NotReady, type Fault } from '../../shared/episode/not-ready.ts'
import { fitCover } from '../../shared/feed/cover.ts'
import { otherCovers, showCovers, templateFile } from '../../shared/objects.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import { parseJson } from '../../shared/json-file.ts'
import type { Client } from '../client/client.ts'
import { episodesOf, isFinished, type Episode } from '../client/episodes.ts'
import { allPodcasts, podcastMeant, whichElse, type Podcast } from '../client/names.ts'
import { sendFile, type Memory } from '../client/send.ts'
import { filesOf, podcastOf, readPodcast, withShow, type Job } from './job-files.ts'
import { mustBeReady } from './preflight.ts'
import { assetsThere, isSameFile, takeFormerCovers } from './show-assets.ts'
import { note as noteLine } from './summary.ts'
import { isOtherTemplate, takeOver } from './taking-over.ts'

const showFile = 'podcast.json'

export interface ShowFolder {
  readonly folder: string
  /** As a job has it. */
  readonly sameShow?: boolean | undefined
}

/** What would be brought along, since a Spool has it not, or not so; and what of its episodes that changes. */
export interface Differences {
  readonly podcast: Podcast
  readonly files: readonly string[]
  readonly reasons: readonly ('template' | 'show')[]
  /** As `takeOver` has it, and what is done to a cover. */
  readonly note: string
}

/** Looks, and brings nothing. Throws NotReady with all that is wrong with its documents and their files; Permanent as `podcastIn` and `takeOver`. */
export async function compareShow(
  client: Client,
  { folder, sameShow }: ShowFolder,
  signal: AbortSignal,
): Promise<Differences> {
  const job = withShow({ recordings: [] }, folder)
  await mustBeReady(job)
  const podcast = await podcastIn(client, folder)
  const { id, slug, settings: known } = podcast
  const settings = await readPodcast(job.podcast!)
  const ofTemplate: string[] = []
  if (job.template !== undefined) {
    const { template } = await client.get<{ template: object }>(`/podcasts/${id}/template`)
    if (await isOtherTemplate(job.template, JSON.stringify(template)))
      ofTemplate.push(path.basename(job.template))
  }
  const note = takeOver({
    slug,
    known,
    told: settings,
    file: job.podcast!,
    changesTemplate: false, // `files` names it
    isMeant: sameShow,
  })
  if (ofTemplate.length > 0) await mustSuit(client, podcast, job.template!)
  const items = await assetsThere(client, id)
  const covers: string[] = []
  for (const { kind, file, source } of await filesOf(job))
    if (kind === 'asset' && file !== templateFile && 'path' in source) {
      const there = items.find((asset) => asset.file === file)
      const isHidden = otherCovers(file).some((other) => items.some((asset) => asset.file === other))
      if (there && !isHidden && (await isSameFile(source, there, signal))) continue
      if (showCovers.includes(file)) covers.push(source.path)
      else ofTemplate.push(file)
    }
  const remarks = ofTemplate.includes(templateFile) ? await remarksIn(job.template!) : ''
  return {
    podcast,
    note: note + remarks + (await Promise.all(covers.map(coverNote))).join(''),
    files: [
      ...(isDeepStrictEqual(settings, known) ? [] : [showFile]),
      ...ofTemplate,
      ...covers.map((file) => path.basename(file)),
    ],
    reasons: [
      ...(ofTemplate.length > 0 ? (['template'] as const) : []),
      // all that a script can say of it, and what the MP3 of an episode without a cover of its own carries
      ...(settings.title !== known.title || covers.length > 0 ? (['show'] as const) : []),
    ],
  }
}

/** Throws NotReady with every finished episode that could be made by the podcast's template as it is, and not by this one. */
async function mustSuit(client: Client, { slug }: Podcast, file: string): Promise<void> {
  const template = parseJson(readText(await readFile(file)).text)
  const found: Fault[] = []
  for (const episode of (await episodesOf(client, slug)).filter(isFinished))
    for (const { code, message } of await faultsBy(client, episode, template))
      found.push({ code, file, message: `${episode.slug} could not be made by it: ${message}` })
  if (found.length > 0) throw new NotReady(found)
}

/** Of an episode that cannot be made anew in any case: `rebuild` says so then. */
const cannotAnyway: readonly ErrorCode[] = ['not_publishable', 'upload_replaced', 'already_running']

async function faultsBy(client: Client, { id }: Episode, template: unknown): Promise<readonly Fault[]> {
  try {
    return (await client.post<{ faults: Fault[] }>(`/episodes/${id}/rebuild`, { template })).faults
  } catch (error) {
    if (error instanceof Permanent && cannotAnyway.includes(error.code)) return []
    throw error
  }
}

/** What is done to it for the feed; empty for one that is as it should be. */
async function coverNote(file: string): Promise<string> {
  const { changes } = await fitCover(await readFile(file), file)
  return changes.length === 0 ? '' : `Note      ${file} is ${changes.join(' and ')} (cover_fitted)\n`
}

/** What is to be known of a template that is brought. */
async function remarksIn(template: string): Promise<string> {
  const { text } = readText(await readFile(template))
  return remarksOn(parseTemplate(text, template))
    .map((warning) => `${noteLine(warning)}\n`)
    .join('')
}

/** The podcast that a show's folder is of. Throws Permanent `not_found` for a show of which nothing was made. */
async function podcastIn(client: Client, folder: string): Promise<Podcast> {
  const slug = await podcastOf(withShow({ recordings: [] }, folder))
  const all = await allPodcasts(client)
  const found = podcastMeant(slug, all)
  if (found) return found
  const others = whichElse(slug, all, path.join(folder, showFile))
  throw new Permanent('not_found', `Nothing was made of the show "${slug}" yet.${others}`)
}

/** Brings it; `tell` is told before. Throws as `compareShow`, before anything is sent. */
export async function bringShow(
  client: Client,
  memory: Memory,
  show: ShowFolder,
  tell: (note: string) => void,
  signal: AbortSignal,
): Promise<Differences> {
  const { folder } = show
  const differences = await compareShow(client, show, signal)
  tell(differences.note)
  const job: Job = withShow({ recordings: [] }, folder)
  const { id, slug, revision } = differences.podcast
  const settings = readText(await readFile(path.join(folder, showFile))).text
  const there = await assetsThere(client, id)
  for (const { kind, file, source } of await filesOf(job))
    if (kind === 'asset') {
      await takeFormerCovers(client, id, there, file)
      await sendFile(client, memory, { podcast: slug, file }, source, { signal, progress: () => undefined })
    }
  await client.put(`/podcasts/${id}`, { revision, settings: JSON.parse(settings) as unknown })
  return differences
}
