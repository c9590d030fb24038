/** finish: chunks → the episode: joined audio with its tag, transcripts, chapters, certificate, manifest and review page. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Knex } from 'knex'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { certify } from '../shared/mastering/certificate.ts'
import { masteringOf } from '../shared/mastering/chunk-step.ts'
import { keptSamples } from '../shared/timeline/ledger.ts'
import { infoFrame } from '../shared/mastering/mp3.ts'
import { joinPartials } from '../shared/mastering/partials.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { findEpisode, saveFinishedAudio, type ListedChapter } from '../shared/db/episodes.ts'
import { findPodcast } from '../shared/db/podcasts.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { readFacts, type EpisodeFacts } from '../shared/episode/run.ts'
import {
  chaptersOf,
  listedChapters,
  toChaptersJson,
  withChapterLines,
  type Chapter,
} from '../shared/feed/chapters.ts'
import { coverOf, marksOf, picturesOf } from '../shared/feed/visuals.ts'
import { id3Tag } from '../shared/feed/tags.ts'
import { episodeName, fileTypes } from '../shared/objects.ts'
import { reviewPage } from '../shared/review/page.ts'
import type { Reel } from '../shared/review/reel.ts'
import { podcastSettings } from '../shared/settings/settings.ts'
import { defineStep, type Tools } from '../shared/engine/step.ts'
import {
  heardWords,
  nameSpeakers,
  toPlainText,
  toSrt,
  toTranscriptJson,
  toVtt,
} from '../shared/words/captions.ts'
import type { EditList } from '../shared/edits/edits.ts'
import type { Transcript } from '../shared/words/words.ts'

const context = z.object({
  timelineObject: z.string(),
  analysisObject: z.string(),
  editsObject: z.string(),
  transcriptObject: z.string().nullable(),
  reelObject: z.string(),
  reelIndexObject: z.string(),
  coverObject: z.string().nullable(),
  coverGeneration: z.string().nullable(),
  coverHash: z.string().nullable(),
  chaptersObject: z.string().nullable().default(null),
  chaptersGeneration: z.string().nullable().default(null),
  chaptersHash: z.string().nullable().default(null),
  marksObject: z.string().nullable().default(null),
  pictures: z.string().default('[]'),
  episodeFacts: z.string().default('{}'),
  recordingHash: z.string(),
  gainDb: z.number(),
  sampleRate: z.number(),
})

type Input = Awaited<ReturnType<typeof load>>
type Context = z.infer<typeof context> & { readonly episodeId: string }

export const finish = defineStep({
  name: 'finish',
  version: 4,
  context,
  load,
  inputs: (
    {
      timelineObject,
      editsObject,
      transcriptObject,
      coverHash,
      recordingHash,
      gainDb,
      episodeId,
      ...context
    },
    input,
  ) => ({
    ...{ timelineObject, editsObject, transcriptObject, coverHash, recordingHash, gainDb, episodeId },
    ...{
      chaptersHash: context.chaptersHash,
      marksObject: context.marksObject,
      pictures: context.pictures,
      episodeFacts: context.episodeFacts,
    },
    ...input,
  }),
  work: assemble,
  record: async (
    trx,
    { episodeId, episodeFacts },
    { contentHash, durationSeconds, audioBytes, hasTranscript, coverFile, chapters },
  ) => {
    const { number = null, season = null } = readFacts(episodeFacts)
    const facts = {
      chapters: JSON.parse(chapters) as ListedChapter[],
      episodeNumber: number,
      seasonNumber: season,
    }
    await saveFinishedAudio(trx, episodeId, {
      contentHash,
      durationSeconds,
      audioBytes,
      hasTranscript,
      coverFile,
      ...facts,
    })
  },
  passOn: ({ contentHash, files }) => ({ contentHash, files }),
})

async function load(
  db: Knex,
  { runId, episodeId, sampleRate }: { runId: string; episodeId: string; sampleRate: number },
) {
  const episode = await findEpisode(db, episodeId)
  const podcast = await findPodcast(db, episode!.podcastId)
  const settings = await settingsOf(db, runId)
  const chunks = (await outputsOf(db, runId, 'render')).map(({ output }) => ({
    frames: String(output['framesObject']),
    partials: String(output['partialsObject']),
    bytes: Number(output['bytes']),
    truePeakDbtp: output['truePeakDbtp'] === null ? -Infinity : Number(output['truePeakDbtp']),
  }))
  const { title: podcastTitle, author, language } = podcastSettings(podcast!.settings)
  const { title, description } = episode!
  return {
    title,
    description,
    podcastTitle,
    author,
    language,
    settings,
    chunks,
    ...masteringOf(settings, sampleRate),
  }
}

async function assemble(context: Context, input: Input, tools: Tools) {
  const { storage, config, inputKey } = tools
  const work = config.buckets.work
  const timeline = await storage.readJson<Timeline>({ bucket: work, name: context.timelineObject })
  const edits = await storage.readJson<EditList>({ bucket: work, name: context.editsObject })
  const analysis = decodeAnalysis(await storage.read({ bucket: work, name: context.analysisObject }))
  const facts = readFacts(context.episodeFacts)
  const transcript =
    context.transcriptObject === null
      ? undefined
      : nameSpeakers(
          await storage.readJson<Transcript>({ bucket: work, name: context.transcriptObject }),
          facts.speakers,
        )
  const cover = await coverOf(context, tools)
  const pictures = await picturesOf(context.pictures, tools)
  const chapters = chaptersOf(timeline, input.title, await marksOf(context, analysis.totalSamples, tools))
  const contentHash = inputKey
  const place = (file: string) => ({
    bucket: config.buckets.episodes,
    name: episodeName(context.episodeId, contentHash, file),
  })
  const put = (file: keyof typeof fileTypes, data: string | Buffer) =>
    storage.create(place(file), data, fileTypes[file])

  const audio = await join(timeline, chapters, { cover, pictures }, facts, input, tools)
  await storage.copy({ bucket: work, name: audio.object }, place('episode.mp3'))
  const [blocks] = await joinPartials(
    storage,
    work,
    input.chunks.map(({ partials }) => partials),
  )
  const certificate = certify({
    blocks: blocks!,
    truePeakDbtp: Math.max(...input.chunks.map(({ truePeakDbtp }) => truePeakDbtp)),
    timeline,
    sha256: audio.sha256,
    ...input,
  })
  if (!certificate.pass && certificate.integratedLufs !== null) {
    const { integratedLufs, truePeakDbtp, targetLufs, maxTruePeakDbtp } = certificate
    tools.warn({
      code: 'certificate_failed',
      message: `The audio measures ${integratedLufs} LUFS and ${truePeakDbtp} dBTP; the bars are ${targetLufs} ±0.2 LUFS and ${maxTruePeakDbtp} dBTP.`,
    })
  }
  const files: string[] = [
    'episode.mp3',
    'chapters.json',
    'edits.json',
    'timeline.json',
    'certificate.json',
    'manifest.json',
    'review.html',
  ]
  await put('chapters.json', toChaptersJson(chapters, timeline.sampleRate))
  await put('edits.json', pretty(edits))
  await put('timeline.json', pretty(timeline))
  await put('certificate.json', pretty(certificate))
  const { title, podcastTitle } = input
  const reel = await reelOf(context, tools)
  await put(
    'review.html',
    reviewPage({
      title,
      podcastTitle,
      analysis,
      edits,
      transcript,
      reel,
      finished: { timeline, certificate },
      waiting: [],
    }),
  )
  const words = heardWords(transcript, timeline)
  if (words.length > 0) {
    await put('transcript.vtt', toVtt(words))
    await put('transcript.srt', toSrt(words))
    await put('transcript.json', toTranscriptJson(words))
    await put('transcript.txt', toPlainText(words))
    files.push('transcript.vtt', 'transcript.srt', 'transcript.json', 'transcript.txt')
  }
  if (cover) {
    await put('cover.jpg', cover)
    files.push('cover.jpg')
  }
  await put('manifest.json', pretty(manifest(context, input, certificate.sha256, files)))
  const { sampleRate, ledger } = timeline
  return {
    contentHash,
    files: files.join(' '),
    durationSeconds: timeline.totalSamples / sampleRate,
    sourceSeconds: analysis.totalSamples / sampleRate,
    removedSeconds: (analysis.totalSamples - keptSamples(ledger)) / sampleRate,
    audioBytes: audio.bytes,
    hasTranscript: words.length > 0,
    coverFile: cover ? 'cover.jpg' : null,
    chapters: feedChapters(chapters, sampleRate, tools),
    integratedLufs: certificate.integratedLufs,
    truePeakDbtp: certificate.truePeakDbtp,
  }
}

async function reelOf({ reelObject, reelIndexObject }: Context, { storage, config }: Tools): Promise<Reel> {
  const bucket = config.buckets.work
  const places = await storage.readJson<Omit<Reel, 'mp3'>>({ bucket, name: reelIndexObject })
  return { ...places, mp3: await storage.read({ bucket, name: reelObject }) }
}

/** Tag and Info frame in front, then the chunks, joined where they lie. */
async function join(
  timeline: Timeline,
  chapters: readonly Chapter[],
  shown: { readonly cover: Buffer | undefined; readonly pictures: ReadonlyMap<string, Buffer> },
  { number, season, date }: EpisodeFacts,
  input: Input,
  { storage, config, workObject }: Tools,
) {
  const { title, podcastTitle, author, language, format, chunks } = input
  const { sampleRate } = timeline
  const description = withChapterLines(input.description, listedChapters(chapters, sampleRate))
  const tag = await id3Tag({
    title,
    podcastTitle,
    author,
    description,
    chapters,
    sampleRate,
    language,
    number,
    season,
    date,
    ...shown,
  })
  const frames = chunks.reduce((sum, { bytes }) => sum + bytes, 0)
  const info = infoFrame(format, timeline.totalSamples, frames)
  const head = workObject('head')
  await storage.create(head, Buffer.concat([tag, info]), 'audio/mpeg')
  const object = workObject('episode.mp3').name
  await storage.compose(
    config.buckets.work,
    [head.name, ...chunks.map((chunk) => chunk.frames)],
    object,
    'audio/mpeg',
  )
  const hash = createHash('sha256')
  const bytes = tag.length + info.length + frames
  for await (const part of storage.readStream(
    { bucket: config.buckets.work, name: object },
    { start: 0, end: bytes },
  ))
    hash.update(part)
  return { object, bytes, sha256: hash.digest('hex') }
}

/** Rows and contexts are for scalars: a list longer than this stays out of the feed, which names chapters.json. */
const mostFeedChapterBytes = 32 * 1024

function feedChapters(chapters: readonly Chapter[], sampleRate: number, { warn }: Tools): string {
  const listed = JSON.stringify(listedChapters(chapters, sampleRate))
  if (Buffer.byteLength(listed) <= mostFeedChapterBytes) return listed
  warn({
    code: 'chapters_left_out',
    message: `The ${chapters.length} chapters are too long to list in the feed; chapters.json and the audio have them.`,
  })
  return '[]'
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`

/** What went in and what came out, so that anybody can check that the same inputs give the same bytes. */
const manifest = (
  { recordingHash, coverHash, chaptersHash, gainDb }: Context,
  { settings, chunks }: Input,
  sha256: string,
  files: readonly string[],
) => ({
  version: 1,
  inputs: { recording: recordingHash, cover: coverHash, chapters: chaptersHash },
  settings,
  mastering: { gainDb, chunks: chunks.length },
  audioSha256: sha256,
  files: [...files].sort(),
})
