/**
 * Chapter marks of a recording: the titles and times at which its chapters begin, as supplied beside it or inside it.
 * Hides the repair of marks that no player would accept; how they are read from files is in chapter-files.ts.
 */

/** As supplied; nothing is checked but that it could be read. */
export interface SuppliedMark {
  readonly startSeconds: number
  readonly title: string
  readonly url?: string | undefined
  readonly image?: string | undefined
  /** For machines only: players neither list it nor jump to it. */
  readonly isHidden?: boolean | undefined
}

/** A chapter mark that can be used: in order, apart, inside the recording, with a title. */
export interface Mark extends Omit<SuppliedMark, 'startSeconds'> {
  readonly startSample: number
  /** The file of a picture among the podcast's assets. */
  readonly picture?: string | undefined
}

/** As many as a tag's table of contents can name beside the show's own segments. */
export const mostMarks = 200
const longestTitle = 255
const graphemes = new Intl.Segmenter()

/**
 * Marks put in order at whole samples, without what no player would accept; `remarks` says what was done, for
 * the producer.
 */
export function repairMarks(
  supplied: readonly SuppliedMark[],
  { sampleRate, totalSamples }: { readonly sampleRate: number; readonly totalSamples: number },
): { marks: Mark[]; remarks: string[] } {
  const placed = supplied.map(({ startSeconds, ...mark }) => ({
    ...mark,
    startSample: Math.round(startSeconds * sampleRate),
  }))
  const inside = placed.filter(({ startSample }) => startSample >= 0 && startSample < totalSamples)
  const ordered = inside.toSorted((a, b) => a.startSample - b.startSample)
  const apart = ordered.filter(({ startSample }, i) => startSample !== ordered[i - 1]?.startSample)
  const few = apart.slice(0, mostMarks)
  const untitled = few.filter(({ title }) => onOneLine(title) === '').length
  const remarks = [
    count(placed.length - inside.length, 'mark', 'outside of the recording, left out'),
    ...(ordered.some((mark, i) => mark !== inside[i]) ? ['the marks were not in order'] : []),
    count(ordered.length - apart.length, 'mark', 'at the time of another, left out'),
    count(apart.length - few.length, 'mark', `beyond the limit of ${mostMarks}, left out`),
    count(untitled, 'mark', 'without a title, numbered'),
  ].filter((remark) => remark !== '')
  const marks = few.map(({ startSample, title, url, image, isHidden }, i) => ({
    startSample,
    title: onOneLine(title) || `Chapter ${i + 1}`,
    ...webAddress('url', url),
    ...webAddress('image', image),
    ...pictureFile(image),
    ...(isHidden ? { isHidden } : {}),
  }))
  return { marks, remarks }
}

const count = (number: number, one: string, what: string): string =>
  number === 0 ? '' : `${number} ${one}${number === 1 ? '' : 's'} ${what}`

/** Players show a title in one line, and XML cannot hold what is never seen. */
const onOneLine = (title: string): string =>
  Array.from(graphemes.segment(title.replaceAll(/[\s\p{Cc}\p{Cs}\uFFFE\uFFFF]+/gu, ' ').trim()))
    .filter(({ index, segment }) => index + segment.length <= longestTitle)
    .map(({ segment }) => segment)
    .join('')

/** A link that a player may open; anything else is none. */
function webAddress<K extends 'url' | 'image'>(key: K, text: string | undefined): { [P in K]?: string } {
  const url = URL.parse(text?.trim() ?? '')
  const isUsable = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href.length <= 2000
  return (isUsable ? { [key]: url.href } : {}) as { [P in K]?: string }
}

/** An image without an address is a file among the assets. */
const isFile = (image: string): boolean => /^[^/\\:]{1,200}\.(?:jpe?g|png)$/i.test(image)
const pictureFile = (image: string | undefined): { picture?: string } =>
  image !== undefined && isFile(image) ? { picture: image } : {}

/** The pictures that marks name, each once. */
export const picturesIn = (marks: readonly SuppliedMark[]): string[] => [
  ...new Set(marks.flatMap(({ image }) => (image !== undefined && isFile(image) ? [image] : []))),
]
