/** Checks a feed against the rules of the directories, and says what is wrong, where, and what to do. */
import { checkObjects } from './check-objects.ts'
import { childOf, childrenOf, readFeed, textOf, type Element } from './feed-tree.ts'
import { feedRules } from './feed-rules.ts'
import { psp1 } from './feed-rule.ts'
import type { Finding } from './finding.ts'
import { ownAddress } from './show-rules.ts'

export interface FeedPlace {
  readonly feedUrl: string
  /** Whether its files there are asked for too. */
  readonly asksFiles: boolean
}

/** Everything that is wrong with a feed, errors first. Throws Permanent `bad_feed` for what is no feed. */
export async function checkFeed(text: string, place?: FeedPlace): Promise<Finding[]> {
  const root = readFeed(text)
  const channel = childOf(root, 'channel')
  const there = channel && place ? await checkPlace(channel, place) : []
  return [...checkText(root, channel), ...there].sort(
    (a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'),
  )
}

async function checkPlace(channel: Element, { feedUrl, asksFiles }: FeedPlace): Promise<Finding[]> {
  return [...checkAddress(channel, feedUrl), ...(asksFiles ? await checkObjects(channel, feedUrl) : [])]
}

/** Applications keep the address that a feed says is its own. */
function checkAddress(channel: Element, feedUrl: string): Finding[] {
  const said = ownAddress(channel)
  if (said === '' || isSameAddress(said, feedUrl)) return []
  return [
    {
      rule: 'show-address',
      severity: 'warning',
      where: 'show',
      message: `The feed says that it is at ${said}, and it is at ${feedUrl}.`,
      remedy: 'Publish it at the address that it names, or let it name the one where it is.',
      source: psp1,
    },
  ]
}

/** Whatever the scheme and the query, and with or without slashes at its end, as `podcast:guid` has it. */
function isSameAddress(one: string, other: string): boolean {
  const [first, second] = [one, other].map((address) => {
    if (!URL.canParse(address)) return address
    const { host, pathname } = new URL(address)
    return host + pathname.replace(/\/+$/, '')
  })
  return first === second
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
