/**
 * Converts a cover picture to what podcast directories accept: a square sRGB JPEG of 1400 to 3000 pixels.
 * Hides the picture library.
 */
import { Permanent } from '../errors.ts'

export const maxCoverBytes = 10 * 1024 * 1024
const leastPixels = 1400
const mostPixels = 3000
const quality = 88

const pictureSide = 800
const pictureQuality = 80

/**
 * A chapter's picture: a square that fits a phone's screen, small enough that twenty of them do not weigh
 * down an episode. Throws Permanent `bad_cover`.
 */
export async function fitPicture(bytes: Buffer, name: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  try {
    const picture = sharp(bytes, { failOn: 'error' })
      .rotate()
      .resize(pictureSide, pictureSide, { fit: 'cover', withoutEnlargement: true })
    return await picture
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .jpeg({ quality: pictureQuality })
      .toBuffer()
  } catch (error) {
    throw new Permanent('bad_cover', `${name} cannot be read as a picture: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}

/** Fits a JPEG or PNG; `changes` says in words what was done to it. Throws Permanent `bad_cover`. */
export async function fitCover(bytes: Buffer, name: string): Promise<{ jpeg: Buffer; changes: string[] }> {
  if (bytes.length > maxCoverBytes)
    throw new Permanent(
      'bad_cover',
      `${name} has ${bytes.length} bytes; the limit is ${maxCoverBytes}. Save it smaller.`,
    )
  const { default: sharp } = await import('sharp') // loading takes a tenth of a second that only covers need
  try {
    const picture = sharp(bytes, { failOn: 'error' })
    const { format, width, height } = await picture.metadata()
    if (format !== 'jpeg' && format !== 'png')
      throw new Permanent('bad_cover', `${name} is ${format}; a cover is a JPEG or a PNG.`)
    const side = Math.min(mostPixels, Math.max(leastPixels, Math.min(width, height)))
    const changes: string[] = []
    if (width !== height) changes.push(`cropped from ${width}×${height} to a square`)
    if (side !== Math.min(width, height)) changes.push(`scaled to ${side}×${side} pixels`)
    const jpeg = await picture
      .rotate()
      .resize(side, side, { fit: 'cover' })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .jpeg({ quality })
      .toBuffer()
    return { jpeg, changes }
  } catch (error) {
    if (error instanceof Permanent) throw error
    throw new Permanent('bad_cover', `${name} cannot be read as a picture: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}
