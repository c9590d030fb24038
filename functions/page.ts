/**
 * Step `page`: the finished episode's review page, with its sound inside it. It follows the episode, which waits
 * neither for it nor for its sound.
 */
import { Readable } from 'node:stream'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis-file.ts'
import { ffmpegVersion } from '../shared/audio/ffmpeg.ts'
import { findEpisode } from '../shared/db/episodes.ts'
import { findPodcast } from '../shared/db/podcasts.ts'
import { findRun } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import type { Taken } from '../shared/edits/decisions.ts'
import type { EditList } from '../shared/edits/edits.ts'
import { defineStep } from '../shared/engine/step.ts'
import { storeDeliverables } from '../shared/episode/deliverables.ts'
import { toTimelineSource, unrestoredRecording } from '../shared/episode/recording.ts'
import { readPlan } from '../shared/episode/restoring.ts'
import { pick } from '../shared/episode/run-context.ts'
import { speakersNamed } from '../shared/episode/taken.ts'
import type { Certificate } from '../shared/mastering/certificate.ts'
import { episodeName } from '../shared/objects.ts'
import { reviewPage } from '../shared/review/page.ts'
import { shownProposal } from '../shared/review/shown-proposal.ts'
import { planReel } from '../shared/review/reel.ts'
import { restoredParts } from '../shared/review/restored-places.ts'
import { podcastSettings } from '../shared/settings/podcast.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { nameSpeakers } from '../shared/words/captions.ts'
import type { Proposal } from '../shared/words/proposal.ts'
import type { Transcript } from '../shared/words/words.ts'

export const page = defineStep({
  name: 'page',
  version: 10,
  madeBy: ffmpegVersion,
  context: pick(
    'analysisObject',
    'editsObject',
    'timelineObject',
    'transcriptObject',
    'episodeFacts',
    'takenObject',
    'contentHash',
    'proposalObject',
    'planObject',
  ),
  load: async (db: Knex, { runId, episodeId, planObject }) => {
    const { title, podcastId } = (await findEpisode(db, episodeId))!
    const { title: podcastTitle } = podcastSettings((await findPodcast(db, podcastId))!.settings)
    const { warnings } = (await findRun(db, runId))!
    const reel = (await outputsOf(db, runId, 'preview')).map(({ output }) => String(output['reelObject']))
    const unrestored = planObject === null ? null : await unrestoredRecording(db, runId)
    return { title, podcastTitle, warnings, reel, unrestored }
  },
  inputs: ({ contentHash, proposalObject }, input) => ({ contentHash, proposalObject, ...input }),
  consistsOf: (_output, { episodeId, contentHash }) => [
    { bucket: 'episodes', name: episodeName(episodeId, contentHash, 'review.html') },
  ],
  work: async (given, { reel, unrestored, ...titles }, { storage, config, signal }) => {
    const work = (name: string) => ({ bucket: config.buckets.work, name })
    const { transcriptObject, takenObject, proposalObject, planObject, episodeId, contentHash: hash } = given
    const { episodes: bucket } = config.buckets
    async function* sounds(): AsyncGenerator<Buffer> {
      for (const name of reel) yield await storage.read(work(name)) // 0.8 MB of 10
    }
    const transcript =
      transcriptObject === null ? undefined : await storage.readJson<Transcript>(work(transcriptObject))
    const taken = takenObject === null ? {} : await storage.readJson<Taken>(work(takenObject))
    const edits = await storage.readJson<EditList>(work(given.editsObject))
    const timeline = await storage.readJson<Timeline>(work(given.timelineObject))
    const certificate = await storage.readJson<Certificate>({
      bucket,
      name: episodeName(episodeId, hash, 'certificate.json'),
    })
    const proposal =
      proposalObject === null ? undefined : await storage.readJson<Proposal>(work(proposalObject))
    const analysis = decodeAnalysis(await storage.read(work(given.analysisObject)))
    const restored =
      planObject === null || unrestored === null
        ? undefined
        : await restoredParts(
            {
              plan: await readPlan(planObject, { storage, config }),
              ...{ analysis, edits, recording: timeline.sources[0]! },
              unrestored: toTimelineSource(unrestored),
            },
            { storage, bucket: config.buckets.work },
            signal,
          )
    const html = reviewPage({
      ...titles,
      ...{ analysis, restored },
      edits,
      transcript: transcript && nameSpeakers(transcript, speakersNamed(given.episodeFacts.speakers, taken)),
      reel: { ...planReel(edits, timeline), mp3: sounds() },
      restoration: certificate.restoration,
      finished: { timeline, certificate },
      waiting: [],
      proposal: proposal && shownProposal(proposal, timeline),
    })
    await storeDeliverables(storage, { bucket, episodeId, hash }, [
      { file: 'review.html', data: Readable.from(html).map((piece: string) => Buffer.from(piece)) },
    ])
    return {}
  },
})
