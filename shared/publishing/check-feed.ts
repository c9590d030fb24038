/** Checks a feed against the rules of the directories, and says what is wrong, where, and what to do. */
import { checkObjects } from './check-objects.ts'
import { childOf, childrenOf, readFeed, textOf, type Element } from './feed-tree.ts'
import { feedRules } from './feed-rules.ts'
import type { Finding } from './finding.ts'

/**
 * Everything that is wrong with a feed, errors first; with its address, its files there are asked for too. Throws
 * Permanent `bad_feed` for what is no feed.
 */
export async function checkFeed(text: string, feedUrl?: string): Promise<Finding[]> {
  const root = readFeed(text)
  const channel = childOf(root, 'channel')
  const files = channel && feedUrl !== undefined ? await checkObjects(channel, feedUrl) : []
  return [...checkText(root, channel), ...files].sort(
    (a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'),
  )
}

function checkText(root: Element, channel: Element | undefined): Finding[] {
  if (!channel)
    return [
      {
        rule: 'rss-channel',
        severity: 'error',
        where: 'show',
        message: 'There is no <channel>.',
        remedy: 'Put the show into one <channel>.',
        source: 'https://www.rssboard.org/rss-specification',
      },
    ]
  const items = childrenOf(channel, 'item')
  return feedRules.flatMap(({ id, severity, of, remedy, source, wrong }) =>
    (of === 'show' ? [channel] : items).flatMap((element, i): Finding[] => {
      const message = wrong(element, root)
      const where = of === 'show' ? 'show' : `episode ${i + 1} (${textOf(element, 'title')})`
      return message === undefined ? [] : [{ rule: id, severity, where, message, remedy, source }]
    }),
  )
}
