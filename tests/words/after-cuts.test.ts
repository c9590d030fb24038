// How a transcript reads where something was cut: "~word" is gone.
import { expect, test } from '@jest/globals'
import { readAfterCuts } from '../../shared/words/after-cuts.ts'

const read = (text: string): string =>
  readAfterCuts(
    text.split(' ').map((word) => ({ text: word.replace('~', ''), gone: word.startsWith('~') })),
    ({ gone }) => !gone,
  )
    .map(({ text: word }) => word)
    .join(' ')

test.each([
  ['podcasts that, ~um, almost make', 'podcasts that almost make'],
  ['takes out the, ~uh, the embarrassing', 'takes out the embarrassing'],
  ['~Um, hello. ~Uh, I am Ben.', 'Hello. I am Ben.'],
  ['~Um, Today we talk', 'Today we talk'],
  ["~Um I'm saying that McDonald came", "I'm saying that McDonald came"],
  ['~Um, “yes”, he said', '“Yes”, he said'],
  ['I like it, ~you ~know. So do I.', 'I like it. So do I.'],
  ['well, I mean, ~uh, yes', 'well, I mean yes'],
  ['one, two, ~uh three', 'one, two, three'],
  ['all in small ~um letters', 'all in small letters'],
  ['It ends ~uh.', 'It ends.'],
  ['~Um.', ''],
  ['nothing is gone, nothing changes', 'nothing is gone, nothing changes'],
  ['that that he said', 'that that he said'],
])('"%s" reads "%s"', (said, expected) => {
  expect(read(said)).toBe(expected)
})
