/** The ID3v2 tag in front of an episode. Hides the library and that a table of contents must name the chapters for players to show them. */
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
}

export async function id3Tag({ title, podcastTitle, author, description, chapters, sampleRate, cover }: Tagged): Promise<Buffer> {
  const { default: id3 } = await import('node-id3')
  const milliseconds = (samples: number) => Math.round((samples / sampleRate) * 1000)
  const marks = chapters.map((chapter, i) => ({
    elementID: `chapter-${i + 1}`,
    startTimeMs: milliseconds(chapter.startSample),
    endTimeMs: milliseconds(chapter.endSample),
    tags: { title: chapter.title },
  }))
  return id3.create({
    title,
    album: podcastTitle,
    artist: author,
    genre: 'Podcast',
    ...(description === '' ? {} : { comment: { language: 'eng', text: description } }),
    ...(cover ? { image: { mime: 'image/jpeg', type: { id: 3, name: 'front cover' }, description: 'Cover', imageBuffer: cover } } : {}),
    ...(marks.length > 1
      ? { chapter: marks, tableOfContents: [{ elementID: 'contents', isOrdered: true, elements: marks.map(({ elementID }) => elementID) }] }
      : {}),
  })
}
