// From placed passages back to the words of a text: where marks stand that nobody says.
import { describe, expect, test } from '@jest/globals'
import { cuesIn, gathered, type TextWord } from '../../shared/alignment/told.ts'

const word = (text: string, start?: number, cue?: number): TextWord => ({
  text,
  start,
  end: start === undefined ? undefined : start + 20,
  cue,
})
const found = (...starts: number[]) => ({
  words: starts.map((start) => ({ start, end: start + 20 })),
  fit: -1,
  untold: [],
  under: [],
})
const startsOf = (words: TextWord[], ...placed: ReturnType<typeof found>[]) =>
  gathered(words, cuesIn(words), placed).words.map((at) => at?.start ?? null)

test('A mark stands at the word that it is said to be nearer to, whichever sentence it was taken for', () => {
  const words = [word('one', 0), word('...', 290), word('two', 300), word('—', 322), word('three', 600)]
  expect(startsOf(words, found(0), found(305), found(610))).toEqual([0, 305, 305, 325, 610])
  expect(startsOf([word('Yes.', 0), word('...', 25), word('No.', 300)], found(0), found(300))).toEqual([
    0, 20, 300,
  ])
})

test('A mark of a caption stays in its caption, and is nowhere where nothing else is', () => {
  const words = [
    word('one', 0, 1),
    word('—', 20, 1),
    word('♪', 100, 2),
    word('…', 200, 3),
    word('two', 200, 3),
  ]
  expect(startsOf(words, found(5), found(210))).toEqual([5, 25, null, 210, 210])
})

describe('A caption that sounds but little like its text', () => {
  const words = Array.from({ length: 9 }, (_, i) => word(`word${i}`, 300 * i, i + 1))
  const poor = { ...found(0), fit: -2.4 }
  const others = words.slice(1).map(({ start }) => found(start!))
  const isPlaced = (untold: { start: number; end: number; loud: number }[]) =>
    gathered(words, cuesIn(words), [{ ...poor, untold }, ...others]).cues[0]!.isPlaced

  test('is believed where it is all that is said in its place, and not where most of that is something else', () => {
    expect(isPlaced([])).toBe(true)
    expect(isPlaced([{ start: 5, end: 200, loud: 25 }])).toBe(false)
  })
})

describe('A caption that was found where something else is said', () => {
  const words = Array.from({ length: 9 }, (_, i) => word(`word${i}`, 1000 * i, i + 1))
  const others = words.slice(1).map(({ start }) => found(start!))
  const untoldWith = (under: { start: number; end: number; loud: number }, behind: number) => {
    const beside = { start: under.end + 10, end: under.end + 10 + behind, loud: behind }
    const wrong = { ...found(under.start), fit: -9, under: [under], untold: [beside] }
    return gathered(words, cuesIn(words), [wrong, ...others]).untold
  }

  test('leaves that untold, as one sound with what is beside it', () => {
    expect(untoldWith({ start: 400, end: 550, loud: 150 }, 100)).toEqual([
      { start: 400, end: 660, loud: 250, confidence: 1 },
    ])
  })

  test('and not what is said in its own place: that is its own, said otherwise', () => {
    expect(untoldWith({ start: 2, end: 18, loud: 16 }, 100)).toMatchObject([{ start: 28, end: 128 }])
  })
})
