/**
 * Whether a feed elsewhere is that of a show that is here. Hides what says so: the show's guid, or an episode of it; a title
 * says nothing, as any two shows may have one.
 */
import type { ImportedEpisode, KnownEpisode } from '../db/imported-episodes.ts'
import { Permanent } from '../errors.ts'
import { podcastGuid } from '../feed/rss-show.ts'
import type { PodcastSettings } from '../settings/podcast.ts'

export interface ShowHere {
  readonly slug: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly feedUrl: string
  readonly episodes: readonly KnownEpisode[]
}

interface ShowElsewhere {
  readonly settings: Pick<PodcastSettings, 'guid' | 'title'>
  readonly episodes: readonly Pick<ImportedEpisode, 'guid' | 'title' | 'publishedAt'>[]
}

/** Throws Permanent `already_there` where the show here has episodes, and nothing says that the feed is its own. */
export function mustBeSameShow(here: ShowHere, feed: ShowElsewhere): void {
  if (here.episodes.length === 0 || hasItsGuid(here, feed) || hasAnEpisodeOf(here, feed)) return
  const { slug, settings } = here
  throw new Permanent(
    'already_there',
    `The show "${slug}" ("${String(settings['title'])}") is there already, and nothing says that this feed ("${feed.settings.title}") is the same show: ` +
      'neither the guid of the feed nor an episode in it is known there. If it is another show, give it a name of its own: --podcast NAME. ' +
      'If it is the same, and its episodes belong into that feed, say so: --same-show.',
  )
}

const hasItsGuid = ({ settings, feedUrl }: ShowHere, feed: ShowElsewhere): boolean =>
  feed.settings.guid !== undefined && feed.settings.guid === (settings['guid'] ?? podcastGuid(feedUrl))

/** Some hosts count their guids from 1, so an episode has its title or its date besides. */
function hasAnEpisodeOf({ episodes }: ShowHere, feed: ShowElsewhere): boolean {
  const known = new Map(episodes.flatMap((one) => one.guids.map((guid) => [guid, one] as const)))
  return feed.episodes.some(({ guid, title, publishedAt }) => {
    const one = known.get(guid)
    return one && (one.title === title || one.firstPublishedAt?.getTime() === publishedAt.getTime())
  })
}
