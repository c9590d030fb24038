/** One episode in the feed. Hides which namespace says what, and where the files of an imported episode lie. */
import type { ListedChapter } from '../db/episodes.ts'
import type { PublishedEpisode } from '../db/feed-episodes.ts'
import { storedDetails, type EpisodeDetails } from '../settings/episode.ts'
import { prefixed } from '../settings/feed-values.ts'
import { disclosureOf, type PodcastSettings } from '../settings/podcast.ts'
import { clockOf, withLinesBelow } from './chapters.ts'
import { sharedElements } from './rss-values.ts'
import { asParagraphs } from './show-notes.ts'

/** The public address of one of the episode's files. */
type AddressOf = (file: string) => string

export function item(episode: PublishedEpisode, settings: PodcastSettings, url: AddressOf) {
  const details = storedDetails(episode.details)
  const chapters = episode.chapters ?? []
  return {
    title: episode.title,
    link: details.link,
    ...texts(episode, details, settings),
    guid: { value: episode.guid ?? episode.id, isPermaLink: false },
    pubDate: episode.publishedAt,
    enclosures: [enclosure(episode, settings, url)],
    itunes: itunes(episode, details, settings, url),
    podcast: podcasting(episode, details, settings, url),
    psc: { chapters: chapters.map(simpleChapter) },
  }
}

/**
 * The description and, where there are show notes in HTML, those too; both with what is said of a synthetic voice and
 * with the chapters, since applications show one of them.
 */
function texts(
  { title, description, chapters, hasSyntheticVoice }: PublishedEpisode,
  { content, subtitle, summary }: EpisodeDetails,
  settings: PodcastSettings,
) {
  const disclosure = hasSyntheticVoice === true ? (disclosureOf(settings) ?? null) : null
  const first = description === '' ? (summary ?? subtitle ?? title) : description
  const below = withLinesBelow('', disclosure, chapters ?? [])
  return {
    description: withLinesBelow(first, disclosure, chapters ?? []),
    content: {
      encoded:
        content === undefined ? undefined : below === '' ? content : `${content}\n${asParagraphs(below)}`,
    },
  }
}

function enclosure(
  { audioBytes, elsewhere }: PublishedEpisode,
  { enclosurePrefix }: PodcastSettings,
  url: AddressOf,
) {
  const audio = elsewhere?.audio ?? { url: prefixed(enclosurePrefix, url('episode.mp3')), type: 'audio/mpeg' }
  return { ...audio, length: audioBytes ?? undefined }
}

function itunes(
  episode: PublishedEpisode,
  { type, explicit, block, subtitle, summary }: EpisodeDetails,
  settings: PodcastSettings,
  url: AddressOf,
) {
  const { durationSeconds, coverFile, elsewhere } = episode
  return {
    duration: durationSeconds === null ? undefined : Math.round(durationSeconds),
    explicit: explicit ?? settings.explicit,
    episodeType: type,
    episode: episode.episodeNumber ?? undefined,
    season: episode.seasonNumber ?? undefined,
    image: coverFile === null ? elsewhere?.image : url(coverFile),
    subtitle,
    summary,
    block: block ? true : undefined,
  }
}

function podcasting(
  episode: PublishedEpisode,
  details: EpisodeDetails,
  settings: PodcastSettings,
  url: AddressOf,
) {
  const { elsewhere, hasSyntheticVoice, hasTranscript } = episode
  const [number, season] = [episode.episodeNumber ?? undefined, episode.seasonNumber ?? undefined]
  const name = season === undefined ? undefined : (details.seasonName ?? settings.seasons[season])
  const isDisclosed = hasSyntheticVoice === true && disclosureOf(settings) !== undefined
  const ours = { url: url('chapters.json'), type: 'application/json+chapters' }
  return {
    chapters: elsewhere === undefined ? ours : elsewhere.chapters,
    transcripts:
      elsewhere === undefined && hasTranscript ? transcripts(settings, url) : elsewhere?.transcripts,
    soundbites: soundbitesWithin(details, episode.durationSeconds).map(({ start, duration, title }) => ({
      startTime: start,
      duration,
      display: title,
    })),
    episode: number === undefined ? undefined : { number },
    season: season === undefined ? undefined : { number: season, name },
    ...sharedElements({
      ...details,
      // no directory documents a tag for it; this purpose of podcast:txt is what feeds use
      txt: [...details.txt, ...(isDisclosed ? [{ purpose: 'ai-content', text: 'true' }] : [])],
    }),
  }
}

const transcripts = ({ language }: PodcastSettings, url: AddressOf) => [
  { url: url('transcript.vtt'), type: 'text/vtt', language, rel: 'captions' },
  { url: url('transcript.srt'), type: 'application/x-subrip', language, rel: 'captions' },
  { url: url('transcript.json'), type: 'application/json', language },
  { url: url('transcript.txt'), type: 'text/plain', language },
]

/** Those that lie in the episode, however its recording was cut meanwhile. */
export const soundbitesWithin = (
  { soundbites }: Pick<EpisodeDetails, 'soundbites'>,
  durationSeconds: number | null,
): EpisodeDetails['soundbites'] =>
  soundbites.filter(({ start, duration }) => start + duration <= (durationSeconds ?? Infinity))

/** Podlove Simple Chapters, for applications that read nothing else. */
const simpleChapter = ({ startMs, title, url, image }: ListedChapter) => ({
  start: clockOf(startMs),
  title,
  href: url,
  image,
})
