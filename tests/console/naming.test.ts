// A show gets the same name from its title in the console as from the commands, and one like it is found.
import { expect, test } from '@jest/globals'
import { showLike, showSlug } from '../../shared/console/browser/show/naming.ts'
import { showSlug as commandsName } from '../../shared/objects.ts'

test.each([
  ['My show', 'my-show'],
  ['Über Show: Teil 2!', 'über-show-teil-2'],
  ['snake_case', 'snake_case'],
  ['İ'.repeat(120), undefined], // grows by its capitals
])('"%s" is called the same everywhere', (title, name = commandsName(title)) => {
  expect([showSlug(title), commandsName(title)]).toEqual([name, name])
})

test('capitals and spaces make no show unlike another', () => {
  const all = [
    { slug: 'My-show', settings: { title: 'On tape' } },
    { slug: 'b', settings: { title: '' } },
  ]
  expect(['my show', 'ON TAPE', 'Other', ''].map((name) => showLike(name, all)?.slug)).toEqual([
    ...['My-show', 'My-show'],
    ...[undefined, undefined],
  ])
})
