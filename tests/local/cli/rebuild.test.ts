// Which episodes of a show are made anew, which wait, and what is said of the feed.
import { expect, test } from '@jest/globals'
import { summariseRebuild, untilAllowed, type RebuiltEpisode } from '../../../local/cli/rebuild.ts'

const episode = (slug: string, given: Partial<RebuiltEpisode>): RebuiltEpisode => ({
  ...{ episodeId: slug, slug, title: slug, reasons: ['template'], status: 'planned', inFeed: false },
  ...{ isFirst: false, message: null, before: null, after: null, ...given },
})
const summary = (...episodes: RebuiltEpisode[]) =>
  summariseRebuild({ podcast: 'my-show', minutes: 1, episodes })

test('an episode that waits is no failure, and the way to its review is said', () => {
  const told = summary(episode('bread', { status: 'waits' }), episode('long', { status: 'busy' }))
  expect(summary(episode('bread', { status: 'waits', isFirst: true }))).toContain(
    'nothing of it is finished yet',
  )
  expect(told).toMatch(
    /bread +waits +for a decision; its former version stays.*\.\/spool review my-show\/bread\n/,
  )
  expect(told).toMatch(/long +busy +it is being made just now/)
  expect(told).not.toContain('fail')
})

test('what comes before listeners is said, before and afterwards', () => {
  const measured = { durationSeconds: 1, integratedLufs: -16, sha256: 'a' }
  const rebuilt = { status: 'rebuilt', before: measured, after: measured } as const
  expect(summary(episode('bread', { inFeed: true }), episode('held', {}))).toContain(
    'In the feed the new version takes the place of: bread.\n',
  )
  expect(summary(episode('bread', { ...rebuilt, inFeed: true }), episode('held', rebuilt))).toContain(
    'The new version is in the feed now, of: bread.\n',
  )
})

test('what was fetched or exported before is older, and how the new comes there is said', () => {
  const [before, after] = ['a', 'b'].map((sha256) => ({ durationSeconds: 1, integratedLufs: -16, sha256 }))
  const told = summary(episode('bread', { status: 'rebuilt', inFeed: true, before: before!, after: after! }))
  expect(told).toMatch(/download my-show\/bread\nSo is a site.*\.\/spool export my-show --url/)
})

test('what may not be started yet is waited for, until the next hour, and nothing is refused', async () => {
  const paused: number[] = []
  const said: Date[] = []
  const client = {
    get: <T>() =>
      Promise.resolve({ items: [{ kind: 'runs', used: paused.length === 0 ? 60 : 1, most: 60 }] } as T),
  }
  await untilAllowed(
    client,
    (until) => said.push(until),
    (ms) => Promise.resolve(paused.push(ms)),
  )
  expect(said.map((until) => until.toISOString().slice(14))).toEqual(['00:00.000Z'])
  expect(paused[0]).toBeGreaterThan(said[0]!.getTime() - Date.now())
})
