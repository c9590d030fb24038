/** Names of shows and episodes among commands and addresses, from titles; and the show that somebody may mean who begins another. */
import type { NamedShow } from '../show-label.ts'

/** As `slugOf` of shared/objects.ts has it, so that an episode is the same on every way; empty where nothing is left of the title. */
export const slugOf = (title: string): string =>
  title
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 100)

/** As `showSlug` there. */
export const showSlug = (title: string): string => slugOf(title).toLowerCase()

/** One with the same title or name, but for capitals and spaces. */
export function showLike<T extends NamedShow>(name: string, all: readonly T[]): T | undefined {
  const wanted = showSlug(name)
  return wanted === ''
    ? undefined
    : all.find(({ slug, settings: { title } }) => [slug, title].some((each) => showSlug(each) === wanted))
}
