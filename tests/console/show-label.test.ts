// Shows in a list of choices can be told apart, also trials, which all have the title that nobody gave.
import { expect, test } from '@jest/globals'
import { showLabel } from '../../shared/console/browser/show-label.ts'

test('a title that two shows have comes with the name of each', () => {
  const shows = ['trial.a', 'trial.b', 'Night-talk'].map((slug) => ({
    slug,
    settings: { title: slug.startsWith('trial') ? 'My podcast' : 'Night talk' },
  }))
  expect(shows.map((each) => showLabel(each, shows))).toEqual([
    'My podcast (trial.a)',
    'My podcast (trial.b)',
    'Night talk',
  ])
})
