// A voice known again in another recording by how its cepstra vary together, and when none is.
import { describe, expect, test } from '@jest/globals'
import { distanceBetween, likenesses, portraitOf } from '../../shared/alignment/portraits.ts'

const size = 12
const rows = 6000

/** Numbers between −½ and ½, the same for a seed. */
function chance(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5
}

/** A voice mixes the same sounds in its own way; a microphone moves them all; a take says something else. */
function heard(voice: number, microphone: number, take: number) {
  const [ways, moved, said] = [chance(1000 + voice), chance(77 * microphone + 5), chance(31 * take + 9)]
  const way = Array.from({ length: size * size }, (_, at) => ways() + (at % (size + 1) === 0 ? 1 : 0))
  const place = Array.from({ length: size }, () => 20 * moved())
  const values = new Float32Array(rows * size)
  for (let row = 0; row < rows; row++) {
    const sound = Array.from({ length: size }, said)
    for (let d = 0; d < size; d++)
      values[row * size + d] =
        place[d]! + 5 * sound.reduce((sum, part, k) => sum + way[d * size + k]! * part, 0)
  }
  return portraitOf({ values, count: rows, size }, (row) => row % 3 > 0)
}

const [ada, ben, eve] = [1, 2, 3]
const known = [
  { name: 'Ada', portrait: heard(ada, 1, 1) },
  { name: 'Ben', portrait: heard(ben, 2, 2) },
]

describe('A voice', () => {
  test('is as far from another as that is from it, and nowhere from itself', () => {
    const [one, other] = [heard(ada, 1, 1), heard(ben, 1, 2)]
    expect(distanceBetween(one, one)).toBeCloseTo(0, 10)
    expect(distanceBetween(one, other)).toBeCloseTo(distanceBetween(other, one), 10)
    expect(distanceBetween(one, other)).toBeGreaterThan(0.5)
  })

  test('is known again behind another microphone, saying something else', () => {
    const likes = likenesses([heard(ben, 5, 5), heard(ada, 6, 6)], known)
    expect(likes.map((like) => like?.name)).toEqual(['Ben', 'Ada'])
    for (const like of likes) expect(like!.sureness).toBeGreaterThan(0.5)
  })

  test('that is nobody’s has no name, nor has any where none is known', () => {
    expect(likenesses([heard(eve, 1, 7), heard(ada, 2, 8)], known).map((like) => like?.name)).toEqual([
      undefined,
      'Ada',
    ])
    expect(likenesses([heard(ada, 1, 7)], [])).toEqual([undefined])
  })

  test('as near to two names as to one has neither, and of two voices as near to a name neither has it', () => {
    const both = [...known, { name: 'Adas twin', portrait: heard(ada, 3, 3) }]
    expect(likenesses([heard(ada, 4, 4)], both)).toEqual([undefined])
    expect(likenesses([heard(ada, 4, 4), heard(ada, 5, 5)], known)).toEqual([undefined, undefined])
  })
})
