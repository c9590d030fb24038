/**
 * Writes the ID3v2.3 tag at the front of an episode's MP3. Hides the library, what each frame wants
 * (three-letter languages, four-digit years), and that a table of contents must name the chapters for players
 * to show them.
 */
import type { Warning } from '../codes.ts'
import { listed, type Chapter } from './chapters.ts'
import { smallerPicture } from './cover.ts'

export interface Tagged {
  readonly title: string
  readonly podcastTitle: string
  readonly author: string
  readonly description: string
  readonly chapters: readonly Chapter[]
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

/** Applications that fetch the head of a file for its chapters and pictures ask for no more than this. */
const mostTagBytes = 3 * 1024 * 1024

/**
 * The tag, with chapters' pictures as large as fit into it: all made smaller where they must be, and the last
 * left out where that is not enough.
 */
export async function fittedTag(tagged: Tagged): Promise<{ tag: Buffer; warnings: Warning[] }> {
  const whole = await id3Tag(tagged)
  if (whole.length <= mostTagBytes || !tagged.pictures) return { tag: whole, warnings: [] }
  const pictures = new Map<string, Buffer>()
  for (const [file, jpeg] of tagged.pictures) pictures.set(file, await smallerPicture(jpeg))
  const warnings: Warning[] = [
    {
      code: 'cover_fitted',
      message: "The chapters' pictures were made smaller, so that the tag has at most 3 MiB.",
    },
  ]
  const smaller = await id3Tag({ ...tagged, pictures })
  if (smaller.length <= mostTagBytes) return { tag: smaller, warnings }
  const { chapters, leftOut } = withFewerPictures(
    tagged.chapters,
    pictures,
    mostTagBytes - (await id3Tag({ ...tagged, pictures: new Map() })).length,
  )
  warnings.push({
    code: 'chapters_repaired',
    message:
      `In the audio file the last ${leftOut} chapters with pictures have none, ` +
      'so that its tag has at most 3 MiB.',
  })
  return { tag: await id3Tag({ ...tagged, chapters, pictures }), warnings }
}

/** Of a picture's frame besides the picture. */
const frameBytes = 100

function withFewerPictures(
  chapters: readonly Chapter[],
  pictures: ReadonlyMap<string, Buffer>,
  room: number,
): { chapters: Chapter[]; leftOut: number } {
  let used = 0
  let leftOut = 0
  const fewer = listed(chapters).map((chapter) => {
    const jpeg = chapter.picture === undefined ? undefined : pictures.get(chapter.picture)
    if (!jpeg) return chapter
    used += jpeg.length + frameBytes
    if (used <= room) return chapter
    leftOut++
    return { ...chapter, picture: undefined }
  })
  return { chapters: fewer, leftOut }
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
 * CHAP for each chapter that is listed, in the order of time, and one CTOC that names them (ID3v2 Chapter
 * Frame Addendum); nothing for a single chapter. Players of ffmpeg's kind show every CHAP, so what is for
 * machines only has none.
 */
function chapterFrames({ title, chapters, pictures }: Pick<Tagged, 'title' | 'chapters' | 'pictures'>) {
  const marks = listed(chapters).map(({ startMs, endMs, title, url, picture }, i) => ({
    elementID: `chapter-${i + 1}`,
    startTimeMs: startMs,
    endTimeMs: endMs,
    tags: {
      title,
      ...(url === undefined ? {} : { userDefinedUrl: [{ description: 'chapter url', url }] }),
      ...pictureFrame(picture === undefined ? undefined : pictures?.get(picture)),
    },
  }))
  if (marks.length === 0) return {}
  const elements = marks.slice(0, mostInContents).map(({ elementID }) => elementID)
  return {
    chapter: marks,
    tableOfContents: [{ elementID: 'contents', isOrdered: true, elements, tags: { title } }],
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
