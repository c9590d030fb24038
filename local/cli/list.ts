/** `spool list`: the episodes there are, and `spool download`: the finished files of one. */
import path from 'node:path'
import { trials } from '../../shared/objects.ts'
import type { Client } from '../client/client.ts'
import {
  allEpisodes,
  episodesNamed,
  fetchFile,
  filesOf,
  findEpisode,
  shareMade,
  type Episode,
} from '../client/episodes.ts'
import { columns } from './columns.ts'
import { fillFolder, folderOf } from './output-folder.ts'
import { clock } from './summary.ts'

export interface ListedEpisode {
  readonly episodeId: string
  readonly podcast: string
  readonly slug: string
  readonly title: string
  readonly status: string
  readonly durationSeconds: number | null
  readonly publishedAt: string | null
  /** When one that is scheduled comes out. */
  readonly publishAt: string | null
  /** Of its audio. */
  readonly bytes: number | null
  /** The code with which its latest run failed. */
  readonly lastFailure: string | null
  /** How far it is, 0 to 1, while it is being made. */
  readonly share?: number
}

export async function list(client: Client): Promise<ListedEpisode[]> {
  const listed = async (episode: Episode): Promise<ListedEpisode> => {
    const { id, podcast, slug, title, status, durationSeconds, audioBytes } = episode
    const { publishedAt, publishAt, lastFailure } = episode
    return {
      ...{ episodeId: id, podcast, slug, title, status, durationSeconds },
      ...{ publishedAt, publishAt, bytes: audioBytes, lastFailure },
      ...(status === 'processing' ? { share: await shareMade(client, id) } : {}),
    }
  }
  return await Promise.all((await allEpisodes(client)).map(listed))
}

/** Where the word of the API says too little. */
const plainStatus: Readonly<Record<string, string>> = {
  pending: 'not begun',
  awaiting_review: 'waits for a decision',
  processed: 'finished',
}

/** Where an episode stands, what listeners have of it, and whether it is so because an attempt has failed. */
function standing(episode: ListedEpisode, isUp: boolean): string {
  const { status, lastFailure } = episode
  if (!lastFailure) return whereItIs(episode, isUp) // also of a Spool elsewhere that does not say it yet
  return status === 'failed'
    ? `failed (${lastFailure})`
    : `${whereItIs(episode, isUp)}; the last attempt failed (${lastFailure})`
}

function whereItIs({ status, publishedAt, publishAt, share }: ListedEpisode, isUp: boolean): string {
  const plain =
    status === 'processing'
      ? isUp
        ? `being made${share === undefined ? '' : `, ${Math.floor(100 * share)} %`}`
        : 'begun; goes on with ./spool up'
      : status === 'scheduled' && publishAt !== null
        ? `comes out ${publishAt.slice(0, 16).replace('T', ' ')} UTC`
        : (plainStatus[status] ?? status)
  if (publishedAt !== null && !['published', 'publishing'].includes(status))
    return `${plain}; the version before is in the feed`
  return status === 'processed' ? `${plain}, not in the feed` : plain
}

/**
 * Of episodes as they are listed, newest first. `isUp`: whether a Spool is there that goes on with what was begun; `all`:
 * also failed trials of what was tried again since.
 */
export function summariseList(
  episodes: readonly ListedEpisode[],
  { isUp, all = false }: { isUp: boolean; all?: boolean },
): string {
  if (episodes.length === 0)
    return 'There are no episodes yet. Make one with: ./spool assemble RECORDING, or ./spool upload.\n'
  const shown = all ? episodes : episodes.filter((episode, i) => !isSettled(episode, episodes.slice(0, i)))
  const table = [
    ['EPISODE', 'STATUS', 'LENGTH', 'TITLE'],
    ...shown.map((episode) => [
      `${episode.podcast}/${episode.slug}`,
      standing(episode, isUp),
      episode.durationSeconds === null ? '–' : clock(episode.durationSeconds),
      episode.title,
    ]),
  ]
  return `${[...columns(table), ...hiddenLine(episodes.length - shown.length)].join('\n')}\n`
}

/** A trial that failed, of a name that was tried again in a show since. */
const isSettled = (
  { podcast, slug, status, durationSeconds }: ListedEpisode,
  newer: readonly ListedEpisode[],
): boolean =>
  status === 'failed' &&
  durationSeconds === null &&
  podcast.startsWith(trials) &&
  newer.some((one) => one.slug === slug)

const hiddenLine = (hidden: number): string[] =>
  hidden === 0
    ? []
    : [
        `${hidden} failed trial${hidden === 1 ? ' is' : 's are'} left out that had another try since: ./spool list --all`,
      ]

export interface DownloadReport {
  readonly episodeId: string
  readonly status: string
  /** Where each file lies now. */
  readonly files: Readonly<Record<string, string>>
}

/** Throws Permanent `not_found` for an episode that is not there, or was never finished. */
export async function download(
  client: Client,
  named: string,
  out: string | undefined,
  signal: AbortSignal,
): Promise<DownloadReport> {
  const episode = await findEpisode(client, named)
  const found = new Map((await filesOf(client, episode)).map((each) => [each.file, each]))
  const folder =
    out === undefined ? folderOf(episode, await episodesNamed(client, episode.slug)) : path.resolve(out)
  const files = await fillFolder(folder, [...found.keys()], (file, to) =>
    fetchFile(found.get(file)!, to, signal),
  )
  return { episodeId: episode.id, status: episode.status, files }
}

export const summariseDownload = ({ files }: DownloadReport): string =>
  Object.values(files)
    .map((file) => `${file}\n`)
    .join('')
