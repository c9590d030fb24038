/** Episodes from the items of a feed that is imported. Hides what an item must have to be one, and what is left of it. */
import type { Warning } from '../codes.ts'
import type { ListedChapter } from '../db/episodes.ts'
import type { FilesElsewhere } from '../db/feed-episodes.ts'
import type { ImportedEpisode } from '../db/imported-episodes.ts'
import type { ParsedFeed, ParsedItem } from '../feed/rss.ts'
import { cleanNotes } from '../feed/show-notes.ts'
import { usableDetails } from '../settings/episode.ts'
import { secondsOf } from '../timecode.ts'
import { defined, sharedValues, unread } from './imported-values.ts'

const mostGuidCharacters = 1000
const readOfItem = [
  ...['title', 'link', 'description', 'enclosures', 'guid', 'pubDate', 'itunes', 'podcast', 'psc', 'content'],
]
const readOfItunes = [
  ...['duration', 'image', 'explicit', 'title', 'episode', 'season', 'episodeType', 'block', 'summary'],
  'subtitle',
]
const readOfPodcasting = [
  ...['transcripts', 'chapters', 'soundbites', 'persons', 'locations', 'season', 'episode', 'license'],
  ...['values', 'images', 'txts', 'chat'],
]

/** Every item that is an episode, as the feed has them; the others and what is missing are in the warnings. */
export async function importedEpisodes({ items = [] }: ParsedFeed): Promise<{
  episodes: ImportedEpisode[]
  warnings: Warning[]
}> {
  const [episodes, warnings]: [ImportedEpisode[], Warning[]] = [[], []]
  const guids = new Set<string>()
  const notKept = new Set<string>()
  for (const [i, item] of items.entries()) {
    const name = `Item ${i + 1} (${(item.title ?? 'without a title').slice(0, 100)})`
    const guid = guidOf(item)
    const lack = lackOf(item) ?? (guids.has(guid) ? `the guid "${guid}" stands there twice` : undefined)
    if (lack !== undefined) {
      warnings.push({ code: 'import_left_out', message: `${name} is left out: ${lack}.` })
      continue
    }
    guids.add(guid)
    const episode = await episodeOf(item, guid)
    episodes.push(episode)
    const unsaid = unsaidOf(episode)
    if (unsaid !== undefined)
      warnings.push({ code: 'import_incomplete', message: `${name} does not say ${unsaid}.` })
    if ((item.enclosures ?? []).length > 1)
      warnings.push({
        code: 'import_not_kept',
        message: `${name} has several enclosures; the first is kept.`,
      })
    for (const tag of unreadOf(item)) notKept.add(tag)
  }
  if (notKept.size > 0) {
    const tags = [...notKept].join(', ')
    warnings.push({ code: 'import_not_kept', message: `Of episodes, these have no place here: ${tags}.` })
  }
  return { episodes, warnings }
}

const unreadOf = (item: ParsedItem): string[] => [
  ...unread(item, readOfItem, ''),
  ...unread(item.itunes, readOfItunes, 'itunes:'),
  ...unread(item.podcast, readOfPodcasting, 'podcast:'),
]

/** Without a guid the address of the audio tells episodes apart, as applications have it. */
const guidOf = ({ guid, enclosures }: ParsedItem): string => guid?.value ?? enclosures?.[0]?.url ?? ''

/** Why an item is no episode. */
function lackOf(item: ParsedItem): string | undefined {
  const url = item.enclosures?.[0]?.url ?? ''
  if (url === '') return 'it has no audio'
  if (!isAddress(url)) return `"${url.slice(0, 200)}" is no address of audio`
  if (Number.isNaN(new Date(item.pubDate ?? NaN).getTime()))
    return item.pubDate === undefined ? 'it has no date' : `"${item.pubDate.slice(0, 100)}" is no date`
  if (guidOf(item).length > mostGuidCharacters)
    return `its guid has more than ${mostGuidCharacters} characters`
  return undefined
}

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

function unsaidOf({ durationSeconds, audioBytes }: ImportedEpisode): string | undefined {
  const unsaid = [
    ...(durationSeconds === null ? ['how long it is'] : []),
    ...(audioBytes === null ? ['how many bytes it has'] : []),
  ]
  return unsaid.length === 0 ? undefined : unsaid.join(' and ')
}

async function episodeOf(item: ParsedItem, guid: string): Promise<ImportedEpisode> {
  const { itunes = {}, podcast = {}, enclosures, psc } = item
  return {
    guid,
    title: item.title ?? itunes.title ?? 'Untitled',
    description: await cleaned(item.description ?? itunes.summary ?? ''),
    publishedAt: new Date(item.pubDate!),
    durationSeconds: positive(itunes.duration),
    audioBytes: positive(enclosures![0]!.length),
    episodeNumber: whole(itunes.episode ?? podcast.episode?.number),
    seasonNumber: whole(itunes.season ?? podcast.season?.number),
    chapters: (psc?.chapters ?? []).flatMap(chapterOf),
    details: await detailsOf(item),
    elsewhere: filesOf(item),
  }
}

async function detailsOf(item: ParsedItem) {
  const { itunes = {}, podcast = {}, content } = item
  const notes = content?.encoded === undefined ? '' : (await cleanNotes(content.encoded)).html
  return usableDetails(
    defined({
      type: itunes.episodeType?.toLowerCase(),
      explicit: itunes.explicit,
      link: item.link,
      block: itunes.block,
      subtitle: itunes.subtitle,
      summary: itunes.summary,
      content: notes === '' ? undefined : notes,
      seasonName: podcast.season?.name,
      soundbites: podcast.soundbites?.map(({ startTime, duration, display }) =>
        defined({ start: startTime, duration, title: display }),
      ),
      ...sharedValues(podcast),
    }),
  )
}

/** Markup in it is kept as far as applications show it. */
const cleaned = async (description: string): Promise<string> =>
  /<\/?[a-z][^>]*>/i.test(description) ? (await cleanNotes(description)).html : description

const positive = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) && value > 0 ? value : null
const whole = (value: number | undefined): number | null =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : null

type Chapter = NonNullable<NonNullable<ParsedItem['psc']>['chapters']>[number]

function chapterOf({ start = '', title = '', href, image }: Chapter): ListedChapter[] {
  const seconds = secondsOf(start)
  return seconds === undefined
    ? []
    : [{ startMs: Math.round(1000 * seconds), title, ...defined({ url: href, image }) }]
}

function filesOf({ enclosures, itunes, podcast }: ParsedItem): FilesElsewhere {
  const { url = '', type } = enclosures![0]!
  const { chapters, transcripts = [] } = podcast ?? {}
  const named = transcripts.filter(({ url: at }) => at !== undefined && isAddress(at))
  return {
    audio: { url, type: type ?? 'audio/mpeg' },
    ...(itunes?.image !== undefined && isAddress(itunes.image) ? { image: itunes.image } : {}),
    ...(chapters?.url !== undefined && isAddress(chapters.url)
      ? { chapters: { url: chapters.url, type: chapters.type ?? 'application/json+chapters' } }
      : {}),
    ...(named.length === 0
      ? {}
      : {
          transcripts: named.map(({ url: at, type: kind, language, rel }) => ({
            url: at!,
            type: kind ?? 'text/plain',
            ...(language === undefined ? {} : { language }),
            ...(rel === undefined ? {} : { rel }),
          })),
        }),
  }
}
