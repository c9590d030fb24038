// Words that are said otherwise than they are written: which sound is theirs.
import { expect, test } from '@jest/globals'
import { withOwnSound } from '../../shared/alignment/own-sound.ts'

const textOf = (line: string) => line.split(' ').map((text) => ({ text }))
const placed = textOf('one two three').map((_, i) => ({ start: 100 * i, end: 100 * i + 40 }))
const sound = (start: number, end: number) => ({ start, end, loud: end - start })
const claimed = (line: string, ...untold: ReturnType<typeof sound>[]) => {
  const { words, untold: left } = withOwnSound(textOf(line), placed, untold)
  return { ends: words.map((word) => word!.end), left: left.length }
}

test('What of a figure, of initials or of an address the text does not explain is theirs', () => {
  for (const written of ['8500', 'IVR', 'spool.dev'])
    expect(claimed(`dial ${written} now`, sound(142, 190))).toEqual({ ends: [40, 190, 240], left: 0 })
})

test('Addresses and telephone numbers are said in groups, with short pauses between them', () => {
  const groups = [sound(160, 168), sound(180, 190)]
  for (const written of ['www.spool.dev.', '555-0123'])
    expect(claimed(`dial ${written} now`, ...groups)).toEqual({ ends: [40, 190, 240], left: 0 })
  expect(claimed('dial spool.dev now', sound(175, 190)).left).toBe(1)
})

test("Sound beside another word is nobody's, and so is sound behind a pause", () => {
  expect(claimed('dial it now', sound(142, 190))).toEqual({ ends: [40, 140, 240], left: 1 })
  expect(claimed('dial 8500 now', sound(155, 185))).toEqual({ ends: [40, 140, 240], left: 1 })
})

test('One digit alone says nothing more than its own sound', () => {
  for (const written of ['4', '4.', '“4”,'])
    expect(claimed(`dial ${written} now`, sound(142, 190)).left).toBe(1)
  for (const written of ['4%', '$4', '2nd', '42'])
    expect(claimed(`dial ${written} now`, sound(142, 190)).left).toBe(0)
})

test('In a text of capitals they tell nothing', () => {
  expect(claimed('DIAL IT NOW', sound(142, 190)).left).toBe(1)
})

test('Nobody takes longer for it than its signs allow: a sentence behind an address is not the address', () => {
  expect(claimed('see www.spool.dev. now', sound(142, 400))).toMatchObject({ left: 0 })
  expect(claimed('see www.spool.dev. now', sound(142, 600))).toEqual({ ends: [40, 140, 240], left: 1 })
})
