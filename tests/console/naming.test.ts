// Shows and episodes get the same names in the console as from the commands, and a show like one is found.
import { expect, test } from '@jest/globals'
import { showLike, showSlug, slugOf } from '../../shared/console/browser/show/naming.ts'
import { showSlug as commandsName, slugOf as commandsEpisode } from '../../shared/objects.ts'

test.each([
  ['My show', 'my-show'],
  ['Über Show: Teil 2!', 'über-show-teil-2'],
  ['snake_case', 'snake_case'],
  ['İ'.repeat(120), undefined], // grows by its capitals
])('"%s" is called the same everywhere', (title, name = commandsName(title)) => {
  expect([showSlug(title), commandsName(title)]).toEqual([name, name])
})

test.each([
  ['Dritte Folge', 'Dritte-Folge'],
  ['Über Äpfel & Birnen', 'Über-Äpfel-Birnen'],
])('an episode "%s" is the same everywhere', (title, name) => {
  expect([slugOf(title), commandsEpisode(title)]).toEqual([name, name])
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
