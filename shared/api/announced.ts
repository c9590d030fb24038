/** How a file is told of before it is sent: its name, its size, and its first bytes. */
import { z } from '@hono/zod-openapi'
import { headBytes } from '../audio/no-sound.ts'
import type { BroughtFile } from '../episode/preflight.ts'
import { isPathPart } from '../objects.ts'

/** A name as a part of a path. */
export const part = z
  .string()
  .refine(isPathPart, { error: 'has 1 to 200 characters, and no slash or control character' })

/** In base64, which takes four characters for three bytes. */
export const head = z
  .base64()
  .max(Math.ceil(headBytes / 3) * 4)
  .openapi({ description: `Its first ${headBytes} bytes, or fewer, in base64: they tell what is no sound.` })

interface Told {
  readonly file: string
  readonly bytes: number
  readonly head?: string | undefined
}

/** As its sender knows it. */
export const announcedFile = ({ file, bytes, head: start = '' }: Told): BroughtFile => ({
  name: file,
  bytes,
  head: (length) => Promise.resolve(Buffer.from(start, 'base64').subarray(0, length)),
})
