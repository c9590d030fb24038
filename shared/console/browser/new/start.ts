/**
 * Begins an episode from what was dropped: looks what stands in its way before anything is changed, makes its show where there
 * is none, and uploads in the order that matters: what belongs to a recording first, since the last recording starts the work.
 */
import { get, post, type ListOf } from '../api.ts'
import { upload } from '../upload.ts'
import type { Dropped } from './kinds.ts'
import { mustBeReady } from './preflight.ts'

export interface Asked {
  /** A show that is there, or one to begin. */
  readonly podcast: string
  readonly newShow: string | undefined
  readonly slug: string
  /** For episode.json. */
  readonly episode: Readonly<Record<string, unknown>>
  readonly files: readonly Dropped[]
}

export interface Told {
  readonly signal: AbortSignal
  readonly progress: (name: string, bytes: number) => void
  readonly waiting: (isWaiting: boolean) => void
}

const lookEveryMs = 500

/** The episode's id, once it is being made. Throws Refused, and the signal's reason when it is aborted. */
export async function start(asked: Asked, told: Told): Promise<string> {
  const { podcast, newShow, slug, episode, files } = asked
  const since = new Date()
  const recordings = files.filter(({ kind }) => kind === 'recording')
  const settings = {
    ...episode,
    ...(recordings.length > 1 ? { recordings: recordings.map(({ name }) => ({ file: name })) } : {}),
  }
  const own = new File([JSON.stringify(settings)], 'episode.json', {
    type: 'application/json',
    lastModified: 0,
  })
  const place = { podcast, episode: slug }
  const send = async (name: string, file: File) =>
    await upload(place, name, file, { ...told, progress: (bytes) => told.progress(name, bytes) })
  const sidecars = files.filter(({ kind }) => kind !== 'recording')
  const beside = [{ name: 'episode.json', file: own }, ...sidecars]
  await mustBeReady({ podcast, slug, recordings, beside }) // what is refused changes nothing that is there
  if (newShow !== undefined) await post('/podcasts', { slug: podcast, settings: { title: newShow } })
  // what an earlier try brought, and this one does not
  const coming = recordings.length > 1 ? recordings.map(({ name }) => name) : []
  await post('/uploads/forget', { ...place, keep: beside.map(({ name }) => name), coming })
  for (const { name, file } of beside) await send(name, file)
  await mustBeReady({ podcast, slug, recordings }) // with what was too large to be told of
  for (const { name, file } of recordings) await send(name, file)
  return await begun(podcast, slug, since, told.signal)
}

/** The news of an upload takes a moment. */
async function begun(podcast: string, slug: string, since: Date, signal: AbortSignal): Promise<string> {
  const query = new URLSearchParams({ podcast, slug, limit: '1' })
  for (;;) {
    const { items } = await get<ListOf<{ id: string }>>(`/episodes?${query}`)
    if (items[0]) {
      const { items: runs } = await get<ListOf<{ createdAt: string }>>(
        `/runs?episodeId=${items[0].id}&limit=1`,
      )
      if (runs[0] && new Date(runs[0].createdAt).getTime() >= since.getTime() - 60_000) return items[0].id
    }
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}
