/**
 * Reads a list page by page, newest first. Each page begins after the last item of the one before, named by
 * its time and id, so items added meanwhile neither repeat nor hide another. Hides how a time is named
 * exactly.
 */

/** Where a page ended: the time and id of its last item. */
export interface Position {
  /** Microseconds since 1970: as exact as the database, and the same in every time zone. */
  readonly at: string
  readonly id: string
}

export interface Page {
  readonly userId: string
  readonly limit: number
  readonly after: Position | undefined
}

/** An item with the `at` of its position. */
export type Positioned<T> = T & { readonly position: string }

/** SQL: a time as microseconds since 1970. */
export const microsecondsOf = (time: string): string =>
  `(extract(epoch FROM ${time}) * 1000000)::bigint::text`

/** SQL: the time that a binding names in microseconds since 1970. */
export const timeOf = (binding: string): string =>
  `(timestamptz 'epoch' + CAST(:${binding} AS double precision) * interval '1 microsecond')`

/** SQL: the column that `Positioned` adds. */
export const positionColumn = `${microsecondsOf('created_at')} AS position`

/** SQL: the condition and the order that end a statement with the bindings of `pageBindings`. */
export const onPage = `
  (CAST(:at AS text) IS NULL OR (created_at, id) < (${timeOf('at')}, CAST(:id AS uuid)))
  ORDER BY created_at DESC, id DESC
  LIMIT :limit`

export const pageBindings = ({ limit, after, userId }: Page) => ({
  userId,
  limit,
  at: after?.at ?? null,
  id: after?.id ?? null,
})
