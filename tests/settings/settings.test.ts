// Settings of a run that was started before a field was there.
import { expect, test } from '@jest/globals'
import { presets, restoresAnything, restoreSettings } from '../../shared/settings/restore.ts'
import {
  defaultTemplate,
  parseTemplate,
  runSettings,
  templateProblems,
} from '../../shared/settings/settings.ts'

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

test.each([
  ['"hom"', /restore: should be one of studio, home, field, off, or an object/],
  ['{"noise": "much"}', /restore.*noise.*should be auto, off, or a number of dB from 1 to 24/],
  ['{"nois": 3}', /there is no setting "nois"; did you mean "noise"/],
  ['{"author": 1, "explicit": 2}', /no setting "author"; there is no setting "explicit"; there are [^;]*$/],
  ['{"level": 3}', /restore, level: should be at most 1, not 3/],
])('restoring by %s is refused by what it should be', (restore, remark) => {
  expect(() => parseTemplate(`{"restore": ${restore}}`, 'template.json')).toThrow(remark)
})

test('what an object does not say of restoration is as at home, and where a template says nothing it is as in a studio', () => {
  const { restore } = parseTemplate('{"restore": {"noise": 12}}', 'template.json')
  expect(restore).toEqual({ ...presets.home, noise: 12 })
  expect(restoreSettings(defaultTemplate().restore)).toEqual(presets.studio)
  expect(['off' as const, restore].map(restoresAnything)).toEqual([false, true])
})

test('a voice that flite does not have is refused where it is named, with those it has', () => {
  const spoken = { kind: 'spoken', script: 'Hello', voice: { voice: 'eve' } }
  const segments = [{ type: 'content' }, { type: 'outro', source: spoken }]
  const problems = templateProblems(JSON.stringify({ voice: { voice: 'bob' }, segments }))
  expect(problems.map(({ path, message }) => [path.join('.'), message])).toEqual([
    ['voice.voice', 'flite has no voice "bob"; it has slt, rms, awb, kal16'],
    ['segments.1.source.voice.voice', 'flite has no voice "eve"; it has slt, rms, awb, kal16'],
  ])
  expect(templateProblems('{"voice":{"provider":"openai","voice":"bob"}}')).toEqual([])
})
