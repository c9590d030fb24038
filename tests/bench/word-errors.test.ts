// Words that were heard wrongly are counted as the field counts them.
import { expect, test } from '@jest/globals'
import { wordErrors } from '../../bench/word-errors.ts'

test.each([
  ['one two three', 'One, two: three!', 0],
  ['one two three', 'one too three', 1],
  ['one two three', 'one three', 1],
  ['one two three', 'one two and a three', 2],
  ["it's well-known", 'It’s well known.', 0],
  ['one two', '', 2],
])('"%s" heard as "%s" has %i', (said, heard, errors) => {
  expect(wordErrors(said, heard).errors).toBe(errors)
})
