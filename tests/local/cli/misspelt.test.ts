// An option that is written almost right is recognised where another one is asked for.
import { Command } from 'commander'
import { expect, test } from '@jest/globals'
import { add } from '../../../local/cli/commands/episodes.ts'
import { misspelt } from '../../../local/cli/misspelt.ts'
import { nearest } from '../../../shared/nearest.ts'

const program = new Command('spool')
add(program)

test.each([
  ['upload a.wav --podcst my-show --wait', 'There is no option --podcst; did you mean --podcast?\n'],
  ['upload a.wav --wrods=a.vtt', 'There is no option --wrods; did you mean --words?\n'],
  ['upload a.wav --wait --help', ''],
  ['upload a.wav --quite-another', ''],
  ['upload -- --podcst', ''],
  ['unheard --of', ''],
])('%s', (line, said) => {
  expect(misspelt(program, line.split(' '))).toBe(said)
})

test('in a short word two letters that differ make another word', () => {
  expect([nearest('text', ['rest']), nearest('rset', ['rest']), nearest('tape', ['take'])]).toEqual([
    undefined,
    'rest',
    'take',
  ])
})
