// What a job is called: its show and its episode.
import { expect, test } from '@jest/globals'
import { podcastOf } from '../../../local/cli/job-files.ts'
import { slugOf } from '../../../shared/objects.ts'

test('a recording without a show is in no feed with another, nor in that of any show', async () => {
  const [talk, other] = await Promise.all(
    ['talk.wav', 'other.wav'].map((file) => podcastOf({ recordings: [file] })),
  )
  expect(talk).not.toBe(other)
  expect(slugOf(talk!)).not.toBe(talk) // so no show's title makes it
})
