// What is to be known of what an episode is made by.
import { expect, test } from '@jest/globals'
import { remarksOn } from '../../shared/episode/plan.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'

const spoken = (type: string) => ({ type, source: { kind: 'spoken', script: 'Hi.' } })

test.each([
  [[spoken('intro'), spoken('outro')], /before the outro/],
  [[spoken('intro')], /behind its segments/],
  [[spoken('intro'), { type: 'content' }], undefined],
])('a template that says nowhere where the recording stands is told (%#)', (segments, where) => {
  const remarks = remarksOn(parseTemplate(JSON.stringify({ segments }), 'template.json'))
  expect(remarks).toEqual(
    where ? [{ code: 'content_added', message: expect.stringMatching(where) as unknown }] : [],
  )
})
