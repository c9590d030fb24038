/**
 * Reads what a call brings, once it is known who calls. Hides how much of it is read, and what an event must say.
 */
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { Permanent } from '../errors.ts'

/** Cloud Tasks and Eventarc send a megabyte at most. */
const mostBytes = 2 * 1024 * 1024

/** What no function of ours waits for, and never will: to bring it again changes nothing. */
export class ForeignBody extends Permanent {}

/** Throws ForeignBody, which says nothing of the body: it goes to the log. */
export async function bodyOf(request: Readable & { readonly rawBody?: Buffer }): Promise<unknown> {
  const bytes = request.rawBody ?? (await atMost(mostBytes, request))
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new ForeignBody('bad_context', 'The body is not JSON.')
  }
}

async function atMost(most: number, source: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of source) {
    bytes += piece.length
    if (bytes > most) throw new ForeignBody('bad_context', `The body has more than ${most} bytes, the limit.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What a finalize event says of its object, as far as Spool reads it. */
export interface FinalizedObject {
  readonly bucket: string
  readonly name: string
  readonly generation: string
  /** What whoever uploaded it wrote beside it. */
  readonly metadata?: Readonly<Record<string, string>>
}

const finalized = z.object({
  bucket: z.string().min(1),
  name: z.string().min(1),
  generation: z.string().regex(/^\d{1,19}$/),
  metadata: z.record(z.string(), z.string()).optional(),
})

/** Throws ForeignBody where it names no object of that bucket. */
export function readEvent(body: unknown, bucket: string): FinalizedObject {
  const event = finalized.safeParse(body)
  if (!event.success) throw new ForeignBody('bad_context', 'The event names no object.')
  const { metadata, ...object } = event.data
  if (object.bucket !== bucket)
    throw new ForeignBody('bad_context', 'The event is of another bucket than that of the uploads.')
  return { ...object, ...(metadata === undefined ? {} : { metadata }) }
}
