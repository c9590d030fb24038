/**
 * Step `page`: the finished episode's review page, with its sound inside it. It follows the episode, which waits
 * neither for it nor for its sound.
 */
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { findEpisode } from '../shared/db/episodes.ts'
import { findPodcast } from '../shared/db/podcasts.ts'
import { findRun } from '../shared/db/runs.ts'
import type { EditList } from '../shared/edits/edits.ts'
import { defineStep } from '../shared/engine/step.ts'
import { storeDeliverables } from '../shared/episode/deliverables.ts'
import { pick } from '../shared/episode/run-context.ts'
import type { Certificate } from '../shared/mastering/certificate.ts'
import { episodeName } from '../shared/objects.ts'
import { reviewPage } from '../shared/review/page.ts'
import type { Reel } from '../shared/review/reel.ts'
import { podcastSettings } from '../shared/settings/settings.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { nameSpeakers } from '../shared/words/captions.ts'
import type { Transcript } from '../shared/words/words.ts'

export const page = defineStep({
  name: 'page',
  version: 1,
  context: pick(
    'analysisObject',
    'editsObject',
    'timelineObject',
    'transcriptObject',
    'reelObject',
    'reelIndexObject',
    'episodeFacts',
    'contentHash',
  ),
  load: async (db: Knex, { runId, episodeId }) => {
    const { title, podcastId } = (await findEpisode(db, episodeId))!
    const { title: podcastTitle } = podcastSettings((await findPodcast(db, podcastId))!.settings)
    const { warnings } = (await findRun(db, runId))!
    return { title, podcastTitle, warnings }
  },
  inputs: ({ contentHash, reelObject }, titles) => ({ contentHash, reelObject, ...titles }),
  work: async (given, titles, { storage, config }) => {
    const work = (name: string) => ({ bucket: config.buckets.work, name })
    const { transcriptObject, episodeId, contentHash: hash } = given
    const { episodes: bucket } = config.buckets
    const transcript =
      transcriptObject === null ? undefined : await storage.readJson<Transcript>(work(transcriptObject))
    const data = reviewPage({
      ...titles,
      analysis: decodeAnalysis(await storage.read(work(given.analysisObject))),
      edits: await storage.readJson<EditList>(work(given.editsObject)),
      transcript: transcript && nameSpeakers(transcript, given.episodeFacts.speakers),
      reel: {
        ...(await storage.readJson<Omit<Reel, 'mp3'>>(work(given.reelIndexObject))),
        mp3: await storage.read(work(given.reelObject)),
      },
      finished: {
        timeline: await storage.readJson<Timeline>(work(given.timelineObject)),
        certificate: await storage.readJson<Certificate>({
          bucket,
          name: episodeName(episodeId, hash, 'certificate.json'),
        }),
      },
      waiting: [],
    })
    await storeDeliverables(storage, { bucket, episodeId, hash }, [{ file: 'review.html', data }])
    return {}
  },
})
