/**
 * What a run is given at its start, of what was planned. Hides which scalars stand for its uploads, and what of an earlier version
 * stays where nothing new is said.
 */
import type { AboutEpisode } from '../db/about-episodes.ts'
import type { Pipeline } from '../engine/pipeline.ts'
import { contentHash } from '../hash.ts'
import { fileOf } from '../objects.ts'
import type { EpisodeSettings } from '../settings/episode.ts'
import type { PodcastSettings } from '../settings/podcast.ts'
import type { Variables } from '../settings/script.ts'
import type { StoredObject } from '../storage.ts'
import { pinned, type EpisodePlan, type RecordingPart } from './plan.ts'
import type { EpisodeFacts } from './run-context.ts'

/** Stands for every step with its version: with other ones the same inputs may give other bytes. */
export const versionsOf = ({ stages }: Pipeline): string =>
  contentHash(JSON.stringify(stages.map(({ step: { name, version } }) => [name, version])))

/** What scripts may say of this episode, on the day its run starts. */
export function variablesOf(
  podcast: PodcastSettings,
  { number, season, guest, date }: EpisodeSettings,
  title: string,
): Variables {
  const day = new Intl.DateTimeFormat(podcast.language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    date === undefined ? new Date() : new Date(date),
  )
  return {
    podcast_name: podcast.title,
    episode_title: title,
    date: day,
    ...(number === undefined ? {} : { episode_number: String(number) }),
    ...(season === undefined ? {} : { season_number: String(season) }),
    ...(guest === undefined ? {} : { guest }),
  }
}

/**
 * What is not given again stays as it was, and so does what is given as it was before (`then`), since it may have been edited
 * meanwhile. An empty description, as a show's episode.json has it, says nothing.
 */
export function aboutIn(
  { title, description }: EpisodeSettings,
  before: Pick<AboutEpisode, 'title' | 'description'>,
  then: AboutEpisode['given'] = {},
): AboutEpisode {
  const given = { ...(title ? { title } : {}), ...(description ? { description } : {}) }
  const isNew = (field: 'title' | 'description') => given[field] !== then[field]
  return {
    title: (isNew('title') ? given.title : undefined) ?? before.title,
    description: (isNew('description') ? given.description : undefined) ?? before.description,
    given,
  }
}

/** Every upload the run works on, by name and generation. */
export function uploadsOf(plan: EpisodePlan, recording: StoredObject) {
  const { words, cover, showCover, chapters } = plan
  const recordings = plan.recordings!
  const first = recordings[0] ?? { object: recording.name, generation: recording.generation }
  return {
    recordingObject: first.object,
    recordingGeneration: first.generation,
    recordingHash:
      recordings.length > 0
        ? contentHash(JSON.stringify(recordings.map(whatIsHeard)))
        : recording.contentHash,
    recordings: [...recordings],
    recordingsAre: plan.said.recordingsAre ?? 'sequence',
    assets: plan.assets.map(pinned),
    wordsObject: words?.name ?? null,
    wordsGeneration: words?.generation ?? null,
    wordsHash: words?.contentHash ?? null,
    coverObject: cover?.name ?? null,
    coverGeneration: cover?.generation ?? null,
    coverHash: cover?.contentHash ?? null,
    showCover: showCover ? [pinned(showCover)] : [],
    chaptersObject: chapters?.name ?? null,
    chaptersGeneration: chapters?.generation ?? null,
    chaptersHash: chapters?.contentHash ?? null,
    pictures: plan.pictures.map(pinned),
  }
}

/** Of one of several files: the same where it is uploaded again, or for another episode. */
const whatIsHeard = ({ object, generation: _, ...heard }: RecordingPart) => ({
  file: fileOf(object),
  ...heard,
})

export const factsOf = ({ number, season, date, speakers }: EpisodeSettings): EpisodeFacts => ({
  speakers,
  ...(number === undefined ? {} : { number }),
  ...(season === undefined ? {} : { season }),
  ...(date === undefined ? {} : { date }),
})
