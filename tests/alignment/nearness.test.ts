// How near passages are to where they are said to be: what most of them show narrows the search for all.
import { expect, test } from '@jest/globals'
import { nearer, nearnessOf, notNearer } from '../../shared/alignment/nearness.ts'
import type { Passage } from '../../shared/alignment/passages.ts'

/** Thirty passages of two words, a second each, looked for a second before and behind. */
const passages: Passage[] = Array.from({ length: 30 }, (_, i) => {
  const place = { phones: [1], from: 1000 * i - 100, to: 1000 * i + 200 }
  return [place, place]
})
/** Each is off by up to 30 frames, evenly spread. */
const found = passages.map((_, i) => {
  const off = Math.round(((i * 7) % 30) * 2.07) - 30
  return { start: 1000 * i + off, end: 1000 * i + 100 + off }
})

test('All are looked for where most were found, and nothing of that is lost', () => {
  const { before, behind } = nearnessOf(passages, found)
  expect(before).toBeGreaterThan(50)
  expect(behind).toBeGreaterThan(50)
  nearer(passages, { before, behind }).forEach((passage, i) => {
    expect(passage[0]!.from).toBeLessThanOrEqual(found[i]!.start)
    expect(passage[1]!.to).toBeGreaterThanOrEqual(found[i]!.end)
  })
})

test('A few that were found far off, or not at all, change nothing for the others', () => {
  const strayed = found.map((at, i) =>
    i % 12 === 0 ? { ...at, start: at.start - 60 } : i % 12 === 1 ? null : at,
  )
  expect(nearnessOf(passages, strayed).before).toBeGreaterThan(45)
})

test('Too few show nothing, nor do words with places of their own; and a place is never made wider', () => {
  expect(nearnessOf(passages.slice(0, 19), found)).toEqual(notNearer)
  const outside = passages.map((_, i) => ({ start: 1000 * i - 150, end: 1000 * i + 250 }))
  expect(nearnessOf(passages, outside)).toEqual(notNearer)
  const ownPlaces = passages.map((passage, i) => passage.map((word) => ({ ...word, about: 1000 * i })))
  expect(nearnessOf(ownPlaces, found)).toEqual(notNearer)
})

test('A word that has a place of its own within its passage keeps what is left of it', () => {
  const [passage] = nearer(
    [
      [
        { phones: [1], from: 0, to: 300 },
        { phones: [2], from: 80, to: 200 },
      ],
    ],
    {
      before: 50,
      behind: 20,
    },
  )
  expect(passage).toEqual([
    { phones: [1], from: 50, to: 180 },
    { phones: [2], from: 80, to: 180 },
  ])
})
