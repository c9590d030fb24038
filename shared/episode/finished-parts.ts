/**
 * What a finished episode is put together from: what earlier steps left in the bucket, what lies beside the recording, and
 * what of a proposal was taken. Hides where each of it is, and in which order its warnings come.
 */
import type { z } from 'zod'
import { decodeAnalysis } from '../audio/analysis-file.ts'
import type { Analysis } from '../audio/analysis.ts'
import type { Taken } from '../edits/decisions.ts'
import type { NamedVoice } from '../db/voices.ts'
import type { EditList } from '../edits/edits.ts'
import type { Tools } from '../engine/step.ts'
import { chaptersOf, type Chapter } from '../feed/chapters.ts'
import { coverOf, marksOf, picturesOf, showCoverOf } from '../feed/visuals.ts'
import { contentHash } from '../hash.ts'
import type { RunSettings } from '../settings/settings.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { nameSpeakers } from '../words/captions.ts'
import { heardWords, proposedChapters } from '../words/proposed-chapters.ts'
import type { Portrait, Transcript } from '../words/words.ts'
import type { RestorationReport } from './restoring.ts'
import { pick } from './run-context.ts'
import { marksFor, saidBy, speakersNamed, voicesNamed, type Given, type Said } from './taken.ts'

export const partsContext = pick(
  'timelineObject',
  'analysisObject',
  'restorationObject',
  'editsObject',
  'takenObject',
  'transcriptObject',
  'coverObject',
  'coverGeneration',
  'coverHash',
  'showCover',
  'chaptersObject',
  'chaptersGeneration',
  'chaptersHash',
  'marksObject',
  'sampleRate',
  'pictures',
  'episodeFacts',
)

/** What earlier steps left in the bucket, and what lies beside the recording. */
export interface Parts {
  readonly timeline: Timeline
  readonly edits: EditList
  readonly analysis: Analysis
  readonly restoration: RestorationReport | undefined
  readonly transcript: Transcript | undefined
  readonly voices: readonly NamedVoice<Portrait>[]
  readonly chapters: readonly Chapter[]
  readonly cover: Buffer | undefined
  /** The show's, where the episode has none of its own. */
  readonly showCover: Buffer | undefined
  readonly pictures: ReadonlyMap<string, Buffer>
  readonly said: Said
}

/** Of a run that has made them: the context of `finish`, and what the episode and its template say. */
export async function gather(
  context: z.output<typeof partsContext>,
  given: Given & { readonly settings: Pick<RunSettings, 'chapters'> },
  tools: Tools,
): Promise<Parts> {
  const { storage, config } = tools
  const work = (name: string) => ({ bucket: config.buckets.work, name })
  const { transcriptObject, restorationObject, takenObject } = context
  const [timeline, edits, analysis, transcript, restoration, taken] = await Promise.all([
    storage.readJson<Timeline>(work(context.timelineObject)),
    storage.readJson<EditList>(work(context.editsObject)),
    storage.read(work(context.analysisObject)).then(decodeAnalysis),
    transcriptObject === null ? undefined : storage.readJson<Transcript>(work(transcriptObject)),
    restorationObject === null ? undefined : storage.readJson<RestorationReport>(work(restorationObject)),
    takenObject === null ? {} : storage.readJson<Taken>(work(takenObject)),
  ])
  const said = saidBy(taken, given, timeline)
  said.warnings.forEach(tools.warn)
  const marks = marksFor(
    await marksOf(context, analysis.totalSamples, tools),
    taken,
    transcript && given.settings.chapters === 'automatic' ? proposedChapters(transcript, timeline) : [],
    timeline,
  )
  const names = speakersNamed(context.episodeFacts.speakers, taken)
  return {
    timeline,
    analysis,
    restoration,
    edits,
    transcript: transcript && nameSpeakers(transcript, names),
    voices: transcript ? voicesNamed(transcript, names) : [],
    chapters: chaptersOf(timeline, said.title ?? given.title, marks),
    cover: await coverOf(coverIn(context), tools), // one after the other, for the order of their warnings
    showCover: await showCoverOf(context.showCover[0], tools),
    pictures: await picturesOf(context.pictures, tools),
    said,
  }
}

function coverIn({ coverObject, coverGeneration, coverHash }: z.output<typeof partsContext>) {
  return coverObject === null
    ? undefined
    : { object: coverObject, generation: coverGeneration, contentHash: coverHash }
}

/** Equal where the same recorded words are heard, whatever is between them. */
export const heardHashOf = ({ transcript, timeline }: Parts): string =>
  transcript ? contentHash(JSON.stringify(heardWords(transcript, timeline))) : ''
