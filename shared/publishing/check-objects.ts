/**
 * Asks for a feed's files as a listener's application would, and says what it would trip over. Hides which of them are
 * asked for: those at the feed's own address, each once, a few at a time.
 */
import { childOf, childrenOf, textOf, type Element } from './feed-tree.ts'
import type { Finding } from './finding.ts'

interface Asked {
  readonly where: string
  readonly url: string
  readonly type: string | undefined
  readonly bytes: number | undefined
}

const howTo = 'docs/feed.md has the settings of a server that does'
const parallel = 4
const longestMs = 20_000
const source = 'https://podcasters.apple.com/support/823-podcast-requirements'

/** Looks at every file of the channel that lies where `feedUrl` does. */
export async function checkObjects(channel: Element, feedUrl: string): Promise<Finding[]> {
  const { origin } = new URL(feedUrl)
  const own = filesOf(channel).filter(({ url }) => URL.canParse(url) && new URL(url).origin === origin)
  const rest = own.values()
  const findings: Finding[] = []
  const worker = async () => {
    for (const asked of rest) findings.push(...(await look(asked)))
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return findings
}

function filesOf(channel: Element): Asked[] {
  const cover = childOf(channel, 'itunes:image')?.attributes['href']
  return [
    ...(cover === undefined ? [] : [{ where: 'show', url: cover, type: undefined, bytes: undefined }]),
    ...childrenOf(channel, 'item').flatMap((item, i) => {
      const where = `episode ${i + 1} (${textOf(item, 'title')})`
      return ['enclosure', 'podcast:transcript', 'podcast:chapters'].flatMap((name) =>
        childrenOf(item, name).map(({ attributes: { url = '', type, length } }) => ({
          where,
          url,
          type,
          bytes: length === undefined ? undefined : Number(length),
        })),
      )
    }),
  ]
}

async function look({ where, url, type, bytes }: Asked): Promise<Finding[]> {
  const finding = (
    rule: string,
    message: string,
    remedy: string,
    severity: Finding['severity'] = 'error',
  ): Finding => ({ rule, severity, where, message, remedy, source })
  let response: Response
  try {
    const headers = bytes === undefined ? {} : { range: 'bytes=0-1' }
    response = await fetch(url, { headers, signal: AbortSignal.timeout(longestMs) })
    await response.body?.cancel()
  } catch (error) {
    return [finding('file-answers', `${url} does not answer: ${String(error)}.`, 'Make it reachable.')]
  }
  if (!response.ok)
    return [finding('file-answers', `${url} answers ${response.status}.`, 'Publish the episode again.')]
  const { headers, status } = response
  const findings: Finding[] = []
  if (bytes !== undefined && status !== 206)
    findings.push(
      finding('audio-in-ranges', `${url} is not given in ranges.`, `Host it where ranges work: ${howTo}.`),
    )
  const all = Number(headers.get('content-range')?.split('/')[1])
  if (bytes !== undefined && status === 206 && all !== bytes)
    findings.push(
      finding(
        'audio-length',
        `${url} has ${all} bytes; the feed says ${bytes}.`,
        'Publish the episode again.',
      ),
    )
  const given = headers.get('content-type')?.split(';')[0]
  if (type !== undefined && given !== type)
    findings.push(
      finding(
        'file-type',
        `${url} is given as ${given ?? 'nothing'}; the feed says ${type}.`,
        `Let the server say that type: ${howTo}.`,
        bytes === undefined ? 'warning' : 'error', // applications look into chapters and transcripts themselves
      ),
    )
  return findings
}
