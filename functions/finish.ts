/**
 * Step `finish`: rendered chunks → the finished episode: joined audio with its tag, transcripts, chapters,
 * loudness certificate and manifest. The review page follows, in a step of its own that nothing waits for.
 */
import type { Knex } from 'knex'
import type { z } from 'zod'
import type { Warning } from '../shared/codes.ts'
import { markReadOut } from '../shared/db/letters.ts'
import { aboutOf, describeAsMade } from '../shared/db/about-episodes.ts'
import { findEpisode, saveFinishedAudio, type ListedChapter } from '../shared/db/episodes.ts'
import { findPodcast } from '../shared/db/podcasts.ts'
import { findRun, settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { rememberVoices, type NamedVoice } from '../shared/db/voices.ts'
import { defineStep, type Identity, type Tools } from '../shared/engine/step.ts'
import { storeDeliverables } from '../shared/episode/deliverables.ts'
import { documents, pretty } from '../shared/episode/finished-documents.ts'
import { gather, heardHashOf, partsContext, type Parts } from '../shared/episode/finished-parts.ts'
import { pick } from '../shared/episode/run-context.ts'
import { listedChapters, withLinesBelow, type Chapter } from '../shared/feed/chapters.ts'
import { fittedTag } from '../shared/feed/tags.ts'
import { certify, type Certificate } from '../shared/mastering/certificate.ts'
import { episodeName, fileOf } from '../shared/objects.ts'
import { masteringOf } from '../shared/mastering/chunk-step.ts'
import { joinAudio } from '../shared/mastering/join.ts'
import { joinPartials } from '../shared/mastering/partials.ts'
import { disclosureOf, podcastSettings } from '../shared/settings/podcast.ts'
import { keptSamples } from '../shared/timeline/ledger.ts'
import type { Portrait } from '../shared/words/words.ts'

const context = partsContext.and(
  pick('coverHash', 'chaptersHash', 'spokenHashes', 'recordingHash', 'gainDb', 'letters'),
)

type Context = z.output<typeof context> & Identity
type Input = Awaited<ReturnType<typeof load>>

export const finish = defineStep({
  name: 'finish',
  version: 18,
  context,
  load,
  inputs: (given, input) => ({
    timelineObject: given.timelineObject,
    editsObject: given.editsObject,
    transcriptObject: given.transcriptObject,
    coverHash: given.coverHash,
    ...(given.showCover.length === 0 ? {} : { showCover: given.showCover.map(contentOf) }),
    chaptersHash: given.chaptersHash,
    marksObject: given.marksObject,
    pictures: given.pictures.map(contentOf),
    episodeFacts: given.episodeFacts,
    recordingHash: given.recordingHash,
    ...(given.takenObject === null ? {} : { takenObject: given.takenObject }),
    ...(given.restorationObject === null ? {} : { restorationObject: given.restorationObject }),
    gainDb: given.gainDb,
    episodeId: given.episodeId,
    ...input,
  }),
  work: finishEpisode,
  record: async (
    trx,
    { runId, episodeId, episodeFacts, spokenHashes, letters },
    {
      files: _files,
      isCertified: _certified,
      isSilent: _silent,
      isUnbleeped: _unbleeped,
      isOfOtherWords: _otherWords,
      chapters,
      takenTitle,
      takenDescription,
      voices,
      ...audio
    },
  ) => {
    const { number: episodeNumber = null, season: seasonNumber = null } = episodeFacts
    await saveFinishedAudio(trx, episodeId, {
      contentHash: audio.contentHash,
      durationSeconds: audio.durationSeconds,
      audioBytes: audio.audioBytes,
      hasTranscript: audio.hasTranscript,
      coverFile: audio.coverFile,
      chapters: JSON.parse(chapters) as ListedChapter[],
      episodeNumber,
      seasonNumber,
      hasSyntheticVoice: spokenHashes.length > 0,
      taken: { title: takenTitle, description: takenDescription },
    })
    await describeAsMade(trx, runId)
    if (letters.length > 0) await markReadOut(trx, episodeId, letters)
    if (voices) await rememberVoices(trx, episodeId, JSON.parse(voices) as NamedVoice<Portrait>[])
  },
  // the page is made by a step of its own, and is there a little later
  consistsOf: ({ contentHash, files }, { episodeId }) =>
    files
      .split(' ')
      .filter((file) => file !== 'review.html')
      .map((file) => ({ bucket: 'episodes', name: episodeName(episodeId, contentHash, file) })),
  passOn: ({ contentHash, files, isCertified, isSilent, isUnbleeped, isOfOtherWords, heardHash }) => ({
    contentHash,
    files,
    isCertified,
    isSilent,
    isUnbleeped,
    isOfOtherWords,
    heardHash,
  }),
})

async function load(
  db: Knex,
  {
    runId,
    episodeId,
    sampleRate,
    spokenHashes,
  }: Pick<Context, 'runId' | 'episodeId' | 'sampleRate' | 'spokenHashes'>,
) {
  const { title, description } = await aboutOf(db, runId)
  const { slug, podcastId } = (await findEpisode(db, episodeId))!
  const podcast = podcastSettings((await findPodcast(db, podcastId))!.settings)
  const { publish: _, notes: _notes, ...settings } = await settingsOf(db, runId)
  const { warnings } = (await findRun(db, runId))!
  const chunks = (await outputsOf(db, runId, 'render')).map(({ output }) => ({
    frames: String(output['framesObject']),
    partials: String(output['partialsObject']),
    bytes: Number(output['bytes']),
    crc: Number(output['crc']),
    truePeakDbtp: output['truePeakDbtp'] === null ? -Infinity : Number(output['truePeakDbtp']),
  }))
  return {
    title,
    description,
    slug,
    podcastTitle: podcast.title,
    author: podcast.author,
    language: podcast.language,
    disclosure: spokenHashes.length === 0 ? null : (disclosureOf(podcast) ?? null),
    settings,
    warnings: warnings.toSorted(byCode), // steps that ran side by side warned in any order
    chunks,
    ...masteringOf(settings, sampleRate),
  }
}

/** Where each word is said is not known, or of some not. */
const leavesWordsUnknown = ({ code }: Warning): boolean =>
  code === 'no_words' || code === 'captions_only' || code === 'words_unlike_sound'

const byCode = (a: Warning, b: Warning): number =>
  a.code === b.code ? a.message.localeCompare(b.message) : a.code.localeCompare(b.code)

async function finishEpisode(given: Context, input: Input, outer: Tools) {
  const warnings = [...input.warnings]
  const tools: Tools = {
    ...outer,
    warn: (warning) => {
      warnings.push(warning)
      outer.warn(warning)
    },
  }
  const { storage, config, inputKey: contentHash } = tools
  const parts = await gather(given, input, tools)
  const { timeline, analysis, chapters, cover, said } = parts
  const named = {
    ...input,
    title: said.title ?? input.title,
    description: said.description ?? input.description,
  }
  const tag = await tagOf(parts, given, named, tools)
  const audio = await joinAudio(tag, { ...input, totalSamples: timeline.totalSamples }, tools)
  const certificate = await certifyAudio(audio.sha256, parts, input, tools)
  const listed = feedChapters(chapters, tools)
  const made = [
    { file: 'episode.mp3', data: { copyOf: audio.object } } as const,
    ...documents(parts, certificate),
  ]
  const names = [...made.map(({ file }) => file), 'manifest.json', 'review.html'].sort()
  const manifest = pretty(manifestOf(given, input, certificate.sha256, names, warnings))
  await storeDeliverables(
    storage,
    { bucket: config.buckets.episodes, episodeId: given.episodeId, hash: contentHash },
    [...made, { file: 'manifest.json', data: manifest }],
  )
  const { sampleRate, ledger, totalSamples } = timeline
  return {
    contentHash,
    files: names.join(' '),
    durationSeconds: totalSamples / sampleRate,
    sourceSeconds: analysis.totalSamples / sampleRate,
    removedSeconds: (analysis.totalSamples - keptSamples(ledger)) / sampleRate,
    audioBytes: audio.bytes,
    // what is spoken between alone would be offered as what is said in the episode
    hasTranscript: given.transcriptObject !== null && names.includes('transcript.vtt'),
    coverFile: cover ? 'cover.jpg' : null,
    chapters: listed,
    isCertified: certificate.pass || certificate.integratedLufs === null,
    // an intro would be heard, and nothing of what was recorded
    isSilent: certificate.integratedLufs === null || warnings.some(({ code }) => code === 'silent_recording'),
    isUnbleeped: input.settings.cleaning.censor.enabled && warnings.some(leavesWordsUnknown),
    isOfOtherWords: warnings.some(({ code }) => code === 'words_unlike_sound'),
    integratedLufs: certificate.integratedLufs,
    truePeakDbtp: certificate.truePeakDbtp,
    takenTitle: said.title,
    takenDescription: said.description,
    heardHash: heardHashOf(parts),
    voices: input.settings.transcription.rememberVoices ? JSON.stringify(parts.voices) : null,
  }
}

/** The tag, with what was done to make it small enough. */
async function tagOf(
  { chapters, cover, showCover, pictures }: Parts,
  { episodeFacts: { number, season, date } }: Context,
  { title, description, podcastTitle, author, language, disclosure }: Input,
  { warn }: Tools,
): Promise<Buffer> {
  const { tag, warnings } = await fittedTag({
    title,
    podcastTitle,
    author,
    description: withLinesBelow(description, disclosure, listedChapters(chapters)),
    chapters,
    language,
    number,
    season,
    date,
    cover: cover ?? showCover,
    pictures,
  })
  warnings.forEach(warn)
  return tag
}

/** What a file says, whenever it was sent. */
const contentOf = ({ object, contentHash }: { readonly object: string; readonly contentHash: string }) => ({
  file: fileOf(object),
  contentHash,
})

/** The certificate of the joined audio; a missed target is a warning. */
async function certifyAudio(
  sha256: string,
  { timeline, restoration }: Parts,
  { chunks, loudness, format }: Input,
  { storage, config, warn }: Tools,
): Promise<Certificate> {
  const partials = chunks.map((chunk) => chunk.partials)
  const [blocks] = await joinPartials(storage, config.buckets.work, partials)
  const peak = Math.max(...chunks.map((chunk) => chunk.truePeakDbtp))
  const certificate = certify({
    ...{ blocks: blocks!, truePeakDbtp: peak, timeline, sha256, loudness, format },
    restoration,
  })
  const { pass, integratedLufs, truePeakDbtp, targetLufs, maxTruePeakDbtp } = certificate
  if (!pass && integratedLufs !== null) {
    warn({
      code: 'certificate_failed',
      message:
        `The audio measures ${integratedLufs} LUFS and ${truePeakDbtp} dBTP; ` +
        `the bars are ${targetLufs} ±0.2 LUFS and ${maxTruePeakDbtp} dBTP.`,
    })
  }
  return certificate
}

/**
 * A chapter list longer than this does not fit a row or a context and stays out of the feed, which names
 * chapters.json.
 */
const mostFeedChapterBytes = 32 * 1024

function feedChapters(chapters: readonly Chapter[], { warn }: Tools): string {
  const listed = JSON.stringify(listedChapters(chapters))
  if (Buffer.byteLength(listed) <= mostFeedChapterBytes) return listed
  warn({
    code: 'chapters_left_out',
    message:
      `The ${chapters.length} chapters are too long to list in the feed; ` +
      'chapters.json and the audio have them.',
  })
  return '[]'
}

/** What went in and what came out, so that anybody can check that the same inputs give the same bytes. */
const manifestOf = (
  { recordingHash, coverHash, chaptersHash, gainDb }: Context,
  { settings, chunks }: Input,
  sha256: string,
  files: readonly string[],
  warnings: readonly Warning[],
) => ({
  version: 1,
  inputs: { recording: recordingHash, cover: coverHash, chapters: chaptersHash },
  settings,
  mastering: { gainDb, chunks: chunks.length },
  audioSha256: sha256,
  files,
  warnings,
})
