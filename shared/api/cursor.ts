/**
 * Cursors of paged lists in the API. A cursor names the last item of a page, so items added meanwhile neither
 * repeat nor hide another. Hides the cursor's format.
 */
import { z } from '@hono/zod-openapi'
import type { Position } from '../db/page.ts'
import { Permanent } from '../errors.ts'

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20).openapi({ description: 'Items a page.' }),
  cursor: z.string().max(300).optional().openapi({ description: '`next` of the page before.' }),
})

const position = z.object({ at: z.string().regex(/^\d{1,16}$/), id: z.uuid() })

/** Throws Permanent `bad_request`. */
export function readCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch (error) {
    throw new Permanent(
      'bad_request',
      'The cursor is not one of ours. Take `next` of the page before, as it is.',
      { cause: error },
    )
  }
}

/** The items without their positions, and the next page's cursor when there may be one. */
export function pageOf<T extends { readonly id: string; readonly position: string }>(
  found: readonly T[],
  limit: number,
): { items: Omit<T, 'position'>[]; next?: string } {
  const last = found.length === limit ? found.at(-1) : undefined
  const items = found.map(({ position: _own, ...item }) => item)
  return last
    ? { items, next: Buffer.from(JSON.stringify({ at: last.position, id: last.id })).toString('base64url') }
    : { items }
}
