/**
 * Converts a cover picture to what podcast directories accept: a square sRGB JPEG of 1400 to 3000 pixels.
 * Hides the picture library.
 */
import type { Sharp } from 'sharp'
import { Permanent } from '../errors.ts'

export const maxCoverBytes = 10 * 1024 * 1024
/** Unpacked it would take a gigabyte and more. */
const mostPixelsInAll = 50_000_000
/** Nothing that is drawn by a program, names other files or brings pages. */
const readable = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']
const bounds = { failOn: 'error', limitInputPixels: mostPixelsInAll } as const
const leastPixels = 1400
const mostPixels = 3000
/** Apple asks for covers of at most 512 kB, and its fetch gives up on much larger ones. */
const mostJpegBytes = 500_000
/** Tried in this order, at the size it should have and then at smaller ones. */
const qualities = [88, 80, 72, 64, 56, 48, 40] as const
const smallerSides = [2000, leastPixels] as const

const pictureSide = 800
const pictureQuality = 80
const smallSide = 400

/**
 * A chapter's picture: a square that fits a phone's screen, small enough that twenty of them do not weigh
 * down an episode. Throws Permanent `bad_cover`.
 */
export async function fitPicture(bytes: Buffer, name: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  try {
    const picture = sharp(bytes, bounds)
    const { format } = await picture.metadata()
    if (!readable.includes(format)) throw new Error(`it is ${format}`)
    return await picture
      .rotate()
      .resize(pictureSide, pictureSide, { fit: 'cover', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .jpeg({ quality: pictureQuality })
      .toBuffer()
  } catch (error) {
    throw unreadable(name, error as Error)
  }
}

const unreadable = (name: string, error: Error): Permanent => {
  const known = [
    [
      /pixel limit/,
      `it has more than ${mostPixelsInAll / 1e6} million pixels, the limit; ${mostPixels} × ${mostPixels} are enough`,
    ],
    [/^it is /, error.message],
    [
      /unsupported image format|contains no image/i,
      'it is of no kind that is known, or is no picture at all',
    ],
  ] as const
  // the library's own words speak of its parts
  const [, what] = known.find(([mark]) => mark.test(error.message)) ?? [, 'it is damaged, or ends too early']
  return new Permanent('bad_cover', `${name} cannot be read as a picture: ${what}. Save it as JPEG or PNG.`, {
    cause: error,
  })
}

/** The same where a tag would be too large. */
export async function smallerPicture(jpeg: Buffer): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  return await sharp(jpeg)
    .resize(smallSide, smallSide, { fit: 'cover', withoutEnlargement: true })
    .jpeg({ quality: pictureQuality })
    .toBuffer()
}

/** Throws Permanent `bad_cover` for what is no picture that a cover can be made of, as far as its header tells. */
export async function checkCover(bytes: Buffer, name: string): Promise<void> {
  await openCover(bytes, name)
}

/** Opens what is small enough, of a kind that is taken, and of a known size. */
async function openCover(bytes: Buffer, name: string) {
  if (bytes.length > maxCoverBytes)
    throw new Permanent(
      'bad_cover',
      `${name} has ${bytes.length} bytes; the limit is ${maxCoverBytes}. Save it smaller.`,
    )
  const { default: sharp } = await import('sharp') // loading takes a tenth of a second that only covers need
  try {
    const picture = sharp(bytes, bounds)
    const { format, autoOrient } = await picture.metadata()
    if (!readable.includes(format)) throw new Error(`it is ${format}`)
    return { picture, ...autoOrient } // its size as it is seen, not as the camera held it
  } catch (error) {
    throw unreadable(name, error as Error)
  }
}

/** Fits a picture; `changes` says in words what was done to it. Throws Permanent `bad_cover`. */
export async function fitCover(bytes: Buffer, name: string): Promise<{ jpeg: Buffer; changes: string[] }> {
  const { picture, width, height } = await openCover(bytes, name)
  try {
    const side = Math.min(mostPixels, Math.max(leastPixels, Math.min(width, height)))
    const changes: string[] = []
    if (width !== height) changes.push(`cropped from ${width}×${height} to a square`)
    const made = await smallEnough(picture, side)
    if (made.side < Math.min(width, height)) changes.push(`scaled to ${made.side}×${made.side} pixels`)
    if (made.side > Math.min(width, height))
      changes.push(
        `enlarged to ${made.side}×${made.side} pixels, so it is blurred: directories ask for at least ${leastPixels}`,
      )
    if (made.quality < qualities[0])
      changes.push(`saved at a lower quality, so that it has at most ${mostJpegBytes / 1000} kB`)
    return { jpeg: made.jpeg, changes }
  } catch (error) {
    if (error instanceof Permanent) throw error
    throw unreadable(name, error as Error)
  }
}

/** The best that is small enough; noise may be larger even so, and is taken as it comes. */
async function smallEnough(
  picture: Sharp,
  wanted: number,
): Promise<{ jpeg: Buffer; side: number; quality: number }> {
  let made: { jpeg: Buffer; side: number; quality: number } | undefined
  for (const side of [wanted, ...smallerSides.filter((smaller) => smaller < wanted)])
    for (const quality of qualities) {
      const jpeg = await picture
        .clone()
        .autoOrient()
        .resize(side, side, { fit: 'cover' })
        .flatten({ background: '#ffffff' })
        .toColourspace('srgb')
        .jpeg({ quality })
        .toBuffer()
      made = { jpeg, side, quality }
      if (jpeg.length <= mostJpegBytes) return made
    }
  return made!
}
