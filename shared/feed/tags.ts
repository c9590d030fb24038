/**
 * Writes the ID3v2.3 tag at the front of an episode's MP3. Hides the library, what each frame wants
 * (three-letter languages, four-digit years), and that a table of contents must name the chapters for players
 * to show them.
 */
import type { Chapter } from './chapters.ts'

export interface Tagged {
  readonly title: string
  readonly podcastTitle: string
  readonly author: string
  readonly description: string
  readonly chapters: readonly Chapter[]
  readonly sampleRate: number
  /** JPEG bytes. */
  readonly cover: Buffer | undefined
  /** Chapters' pictures by file, JPEG bytes. */
  readonly pictures?: ReadonlyMap<string, Buffer>
  /** BCP 47. */
  readonly language?: string
  readonly number?: number | undefined
  readonly season?: number | undefined
  /** ISO 8601, the day. */
  readonly date?: string | undefined
}

export async function id3Tag(tagged: Tagged): Promise<Buffer> {
  const { title, podcastTitle, author, description, cover, number, season, date } = tagged
  const { default: id3 } = await import('node-id3')
  const language = await threeLetterLanguage(tagged.language ?? 'en')
  return id3.create({
    title,
    album: podcastTitle,
    artist: author,
    performerInfo: author,
    genre: 'Podcast',
    language,
    ...(number === undefined ? {} : { trackNumber: String(number) }),
    ...(season === undefined ? {} : { partOfSet: String(season) }),
    ...(date === undefined ? {} : { year: date.slice(0, 4), date: date.slice(8, 10) + date.slice(5, 7) }),
    ...(description === '' ? {} : { comment: { language, text: description } }),
    ...(cover
      ? {
          image: {
            mime: 'image/jpeg',
            type: { id: 3, name: 'front cover' },
            description: 'Cover',
            imageBuffer: cover,
          },
        }
      : {}),
    ...chapterFrames(tagged),
  })
}

/** The length of a table of contents is one byte. */
const mostInContents = 255

/**
 * CHAP for each chapter and one CTOC that lists them (ID3v2 Chapter Frame Addendum); nothing for a single
 * chapter.
 */
function chapterFrames({
  chapters,
  sampleRate,
  pictures,
}: Pick<Tagged, 'chapters' | 'sampleRate' | 'pictures'>) {
  if (chapters.length < 2) return {}
  const milliseconds = (samples: number) => Math.round((samples / sampleRate) * 1000)
  const marks = chapters.map(({ startSample, endSample, title, url, picture }, i) => ({
    elementID: `chapter-${i + 1}`,
    startTimeMs: milliseconds(startSample),
    endTimeMs: milliseconds(endSample),
    tags: {
      title,
      ...(url === undefined ? {} : { userDefinedUrl: [{ description: 'chapter url', url }] }),
      ...pictureFrame(picture === undefined ? undefined : pictures?.get(picture)),
    },
  }))
  const listed = marks.filter((_, i) => !chapters[i]!.isHidden).slice(0, mostInContents)
  return {
    chapter: marks,
    tableOfContents: [
      { elementID: 'contents', isOrdered: true, elements: listed.map(({ elementID }) => elementID) },
    ],
  }
}

const pictureFrame = (jpeg: Buffer | undefined) =>
  jpeg
    ? {
        image: {
          mime: 'image/jpeg',
          type: { id: 0, name: 'other' },
          description: 'Chapter',
          imageBuffer: jpeg,
        },
      }
    : {}

/** ISO 639-2 (terminological) of a BCP 47 tag; `und` when it has none. */
async function threeLetterLanguage(tag: string): Promise<string> {
  const { iso6392 } = await import('iso-639-2')
  const subtag = tag.toLowerCase().split('-')[0]!
  const found = iso6392.find(({ iso6391, iso6392B, iso6392T }) =>
    [iso6391, iso6392B, iso6392T].includes(subtag),
  )
  return found?.iso6392T ?? found?.iso6392B ?? (/^[a-z]{3}$/.test(subtag) ? subtag : 'und')
}
