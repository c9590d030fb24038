/** One page of a bucket's names. Hides that what shares a prefix up to the delimiter is one entry, and what a page's token is. */

const PAGE_LIMIT = 1000

export interface ListQuery {
  prefix: string
  delimiter: string
  pageToken?: string | undefined
  maxResults?: number | undefined
  startOffset: string
  endOffset?: string | undefined
}

/**
 * One page in name order; names that share a prefix up to the delimiter count as one entry. The token is the
 * last entry's name.
 */
export function page(
  sortedNames: readonly string[],
  query: ListQuery,
): { entries: { name: string; isPrefix: boolean }[]; nextPageToken?: string } {
  const { prefix, delimiter, startOffset, endOffset } = query
  const after =
    query.pageToken === undefined ? undefined : Buffer.from(query.pageToken, 'base64url').toString()
  const limit = Math.min(query.maxResults ?? PAGE_LIMIT, PAGE_LIMIT)
  const entries: { name: string; isPrefix: boolean }[] = []
  for (const name of sortedNames) {
    if (!name.startsWith(prefix) || name < startOffset || (endOffset !== undefined && name >= endOffset))
      continue
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const entry =
      cut < 0 ? { name, isPrefix: false } : { name: name.slice(0, cut + delimiter.length), isPrefix: true }
    const last = entries.at(-1)
    if ((after !== undefined && entry.name <= after) || (entry.isPrefix && entry.name === last?.name))
      continue
    if (last && entries.length === limit)
      return { entries, nextPageToken: Buffer.from(last.name).toString('base64url') }
    entries.push(entry)
  }
  return { entries }
}
