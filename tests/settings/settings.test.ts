// Settings of a run that was started before a field was there.
import { expect, test } from '@jest/globals'
import { defaultTemplate, parseTemplate, runSettings } from '../../shared/settings/settings.ts'

test('what was stored stays in its order, and a field that came since has its default', () => {
  const { review, ...cleaning } = defaultTemplate().cleaning
  const { pause: _pause, ...earlier } = review
  const stored = { version: 1, output: { channels: 'mono' }, cleaning: { ...cleaning, review: earlier } }
  const settings = runSettings(stored)
  expect(settings.cleaning.review).toEqual(review)
  expect(Object.keys(settings).slice(0, 3)).toEqual(['version', 'output', 'cleaning'])
  expect(settings.output).toEqual({ channels: 'mono' })
  expect(settings.loudness).toEqual(defaultTemplate().loudness)
})

test('what is complete comes back to the letter', () => {
  const settings = parseTemplate(
    '{"segments":[{"type":"intro","source":{"kind":"spoken","script":"Hi."}},{"type":"content"}]}',
    'template.json',
  )
  expect(JSON.stringify(runSettings(settings))).toBe(JSON.stringify(settings))
})
