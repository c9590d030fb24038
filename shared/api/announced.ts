/** How a file is told of before it is sent: its name, its size, and its first bytes. */
import { z } from '@hono/zod-openapi'
import { headBytes } from '../audio/no-sound.ts'
import type { AnnouncedFile } from '../episode/brought.ts'
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

/** So many bytes of what lies beside a recording have room in one request. */
const mostToldBytes = 600 * 1024

/** What is to lie beside a recording, before any of it is sent. */
export const beside = z
  .array(
    z.strictObject({
      file: part,
      bytes: z.int().min(0),
      content: z
        .base64()
        .max(Math.ceil(mostToldBytes / 3) * 4)
        .optional()
        .openapi({ description: 'All of it, in base64. Unset: it is judged when it has come.' }),
    }),
  )
  .max(100)
  .openapi({
    description:
      'What is going to lie beside the recording, in place of what lies there; unset: what lies there.',
  })

/** As they will be; `head` of those that are told of with all their bytes. */
export const announcedBeside = (files: z.output<typeof beside>): AnnouncedFile[] =>
  files.map(({ file, bytes, content }) => ({
    ...{ name: file, bytes },
    ...(content === undefined ? {} : { head: announcedFile({ file, bytes, head: content }).head }),
  }))

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
