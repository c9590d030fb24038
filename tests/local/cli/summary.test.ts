// What came of an episode, in a few lines.
import { expect, test } from '@jest/globals'
import { summarise } from '../../../local/cli/summary.ts'
import type { Report } from '../../../local/cli/assemble.ts'

const report: Report = {
  ...{ episodeId: 'e1', runId: 'r1', status: 'finished', files: { 'episode.mp3': '/x/episode.mp3' } },
  ...{ durationSeconds: 20, sourceSeconds: 20, removedSeconds: 0, edits: {}, steps: [], warnings: [] },
  ...{ loudness: { integratedLufs: null, truePeakDbtp: null }, quote: null, receipt: null },
}

test.each([
  ['silent', 'nobody could hear it'],
  ['manual', 'it waits for you, as its settings say'],
  ['unheard_of', 'unheard_of'],
])('an episode held as %s is said to be out of the feed, with why and the way in', (heldFor, why) => {
  expect(summarise({ ...report, heldFor })).toContain(
    `Feed      not in it: ${why}. ./spool publish e1 puts it there.`,
  )
})

test('of an episode in the feed nothing is said', () => {
  expect(summarise(report)).not.toContain('Feed ')
})
