// The title of a new episode follows its file, until somebody types one.
import { expect, test } from '@jest/globals'
import { withTitle } from '../../shared/console/browser/new/title.ts'

const files = (...names: string[]) => names.map((name) => ({ kind: 'recording', name }))

test('a title that was filled in by itself follows the file, and one that was typed stays', () => {
  const tea = withTitle({ title: '', filled: '' }, files('black_tea.wav'))
  expect(tea.title).toBe('black tea')
  expect(withTitle(tea, []).title).toBe('black tea') // as after a reload, which takes the files away
  expect(withTitle(tea, files('coffee.wav', 'tea.wav')).title).toBe('coffee')
  expect(withTitle({ ...tea, title: 'Tea, again' }, files('coffee.wav')).title).toBe('Tea, again')
  expect(withTitle(tea, [{ kind: 'cover', name: 'cover.png' }])).toBe(tea)
})
