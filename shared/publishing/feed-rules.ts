/**
 * The rules of a podcast's feed, as data: what Apple, Spotify, RSS, the PSP-1 standard and the Podcasting 2.0 namespace ask
 * of it.
 */
import { episodeRules } from './episode-rules.ts'
import type { FeedRule } from './feed-rule.ts'
import { podcastingRules } from './podcasting-rules.ts'
import { showRules } from './show-rules.ts'

export const feedRules: readonly FeedRule[] = [...showRules, ...episodeRules, ...podcastingRules]
