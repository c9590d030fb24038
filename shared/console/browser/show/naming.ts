/** A show's name among commands and addresses, from its title; and the show that somebody may mean who begins another. */
import type { NamedShow } from '../show-label.ts'

/** As `showSlug` of shared/objects.ts has it; empty where nothing is left of the title. */
export const showSlug = (title: string): string =>
  title
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 100)
    .toLowerCase()

/** One with the same title or name, but for capitals and spaces. */
export function showLike<T extends NamedShow>(name: string, all: readonly T[]): T | undefined {
  const wanted = showSlug(name)
  return wanted === ''
    ? undefined
    : all.find(({ slug, settings: { title } }) => [slug, title].some((each) => showSlug(each) === wanted))
}
