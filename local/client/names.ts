/** What somebody means who types the name of an episode or a show: as it is listed, as its file or its title has it. */
import { Permanent } from '../../shared/errors.ts'
import { nearest } from '../../shared/nearest.ts'
import { isRecording, showSlug, slugOf, trials } from '../../shared/objects.ts'
import type { Client } from './client.ts'

/** Where to look for an episode: in one podcast, or in all. */
export interface EpisodeName {
  readonly podcast: string | undefined
  readonly slug: string
}

/** From "name" or "podcast/name", the likeliest first; spaces and a recording's ending stand in no listed name. */
export function episodesMeant(typed: string): EpisodeName[] {
  const [name = '', ...folders] = typed.split('/').reverse()
  const podcast = folders.length > 0 ? folders.reverse().join('/') : undefined
  const stem = isRecording(name) ? name.replace(/\.[^.]*$/, '') : name
  const meant = [
    { podcast, slug: name },
    { podcast, slug: slugOf(stem) },
    { podcast: podcast && slugOf(podcast), slug: slugOf(stem) },
    { podcast: podcast && showSlug(podcast), slug: slugOf(stem) },
  ]
  const different = new Map(meant.map((each) => [JSON.stringify(each), each]))
  return [...different.values()]
}

const mostListed = 5

/** Names those there are, newest first, so that the right one can be typed. */
export function noEpisode(typed: string, others: readonly EpisodeName[]): Permanent {
  const likely = likelyEpisode(typed, others)
  const meant = likely === undefined ? '' : ` Did you mean "${likely}"?`
  const listed = others.slice(0, mostListed).map(({ podcast, slug }) => `${podcast}/${slug}`)
  const more = others.length > mostListed ? ', …' : ''
  const those = listed.length > 0 ? ` There are: ${listed.join(', ')}${more} (./spool list).` : ''
  return new Permanent('not_found', `There is no episode "${typed}".${meant}${those}`)
}

/** Whatever their accents, by its name or by that and its podcast's. */
function likelyEpisode(typed: string, others: readonly EpisodeName[]): string | undefined {
  const whole = ({ podcast, slug }: EpisodeName) => `${podcast}/${slug}`
  const names = others.flatMap((one) => [one.slug, whole(one)].map((name) => ({ one, name: folded(name) })))
  const name = nearest(
    folded(typed),
    names.map((each) => each.name),
  )
  const found = names.find((each) => each.name === name)
  return found && whole(found.one)
}

const folded = (typed: string): string => typed.split('/').map(plain).join('/')

export const severalEpisodes = (typed: string, found: readonly EpisodeName[]): Permanent =>
  new Permanent(
    'not_found',
    `There are ${found.length} episodes "${typed}": name the podcast too, as in ` +
      `${found.map(({ podcast, slug }) => `${podcast}/${slug}`).join(', ')}.`,
  )

export interface Podcast {
  readonly id: string
  readonly slug: string
  readonly feedUrl: string
  /** Absent where a Spool does not say. */
  readonly feedIsCurrent?: boolean
  readonly revision: number
  readonly settings: {
    readonly title: string
    readonly author: string
    readonly description: string
    readonly [setting: string]: unknown
  }
}

/** A podcast among others. */
interface NamedPodcast {
  readonly slug: string
  readonly settings: { readonly title: string }
}

/**
 * By its name as it is listed; else by its title, or by a name that differs in capitals and spaces only. Undefined when
 * none is meant, or more than one could be.
 */
export function podcastMeant<T extends NamedPodcast>(typed: string, all: readonly T[]): T | undefined {
  const meant = all.filter(({ slug, settings }) =>
    [slug, settings.title].some((name) => showSlug(name) === showSlug(typed)),
  )
  return all.find(({ slug }) => slug === typed) ?? (meant.length === 1 ? meant[0] : undefined)
}

export async function allPodcasts(client: Client): Promise<Podcast[]> {
  const all: Podcast[] = []
  for await (const podcast of client.items<Podcast>('/podcasts')) all.push(podcast)
  return all
}

/** As `podcastMeant`. */
export const findPodcast = async (client: Client, typed: string): Promise<Podcast | undefined> =>
  podcastMeant(typed, await allPodcasts(client))

/** The same. Throws Permanent `not_found`. */
export async function podcastNamed(client: Client, typed: string): Promise<Podcast> {
  const all = await allPodcasts(client)
  const found = podcastMeant(typed, all)
  if (found) return found
  throw new Permanent(
    'not_found',
    `There is no podcast "${typed}".${thoseThereAre(typed, all)} See ./spool list.`,
  )
}

const isTrial = ({ slug }: NamedPodcast): boolean => slug.startsWith(trials)

/** The shows there are, the likeliest first; trials are nobody's show. Empty when there are none. */
function thoseThereAre(typed: string, all: readonly NamedPodcast[]): string {
  const slugs = all.filter((one) => !isTrial(one)).map(({ slug }) => slug)
  const likely = likeliest(typed, all)?.slug
  const first = slugs.filter((slug) => slug !== likely).slice(0, mostListed)
  const more = slugs.length > mostListed + 1 ? ', …' : ''
  return slugs.length === 0
    ? ''
    : likely === undefined
      ? ` There are: ${first.join(', ')}${more}.`
      : ` Did you mean "${likely}"?${first.length > 0 ? ` There are also: ${first.join(', ')}${more}.` : ''}`
}

/** What is to be known before a show is begun beside others; empty where there is none that could have been meant. */
export function newShow(slug: string, all: readonly NamedPodcast[], settings?: string): string {
  const others = whichElse(slug, all, settings)
  return others === '' ? '' : `Show      "${slug}" is a new one.${others}\n`
}

/** The show that a name was mistyped of, and not one like it that is numbered on; undefined where it is like none. */
export function mistypedOf(slug: string, all: readonly NamedPodcast[]): string | undefined {
  const likely = likeliest(slug, all)
  return likely === undefined || isNextOf(plain(slug), likely.name) ? undefined : likely.slug
}

/** Names that differ in their numbers alone are no slip. */
const isNextOf = (one: string, other: string): boolean =>
  one !== other && one.replaceAll(/\d+/g, '') === other.replaceAll(/\d+/g, '')

/** Compared as the names that titles make, whatever their accents: a space is as good as a hyphen. */
const plain = (name: string): string =>
  showSlug(name).normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss')

/** By its name or by its title: the show, and which of both it is like. */
function likeliest(typed: string, all: readonly NamedPodcast[]): { slug: string; name: string } | undefined {
  const names = all
    .filter((one) => !isTrial(one))
    .flatMap(({ slug, settings }) => [slug, settings.title].map((name) => ({ slug, name: plain(name) })))
  const name = nearest(
    plain(typed),
    names.map((one) => one.name),
  )
  return names.find((one) => one.name === name)
}

/** The shows that could have been meant instead, and how one is named by its settings. */
export function whichElse(slug: string, all: readonly NamedPodcast[], settings?: string): string {
  const others = thoseThereAre(slug, all)
  if (others === '' || settings === undefined) return others
  return `${others} If it is one of these under a new title, let ${settings} say which: "slug": "NAME".`
}
