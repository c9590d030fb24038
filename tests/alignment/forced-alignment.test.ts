// A trellis: the ways to fit words to a sound, weighed against one another.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cepstrumSize } from '../../shared/alignment/cepstra.ts'
import {
  learn,
  pause,
  unitsOf,
  tally,
  type UnitInventory,
  type LetterModels,
} from '../../shared/alignment/acoustic-model.ts'
import { fit, layOut, wordsIn, type Reported } from '../../shared/alignment/forced-alignment.ts'

/** A sound is drawn as its units, a frame each; "." is a pause. A model that hears the drawing. */
const drawn = (drawing: string, inventory: UnitInventory) => {
  const soundAt = Array.from(drawing, (unit) => (unit === '.' ? pause : unitsOf(unit, false, inventory)[0]!))
  const models: LetterModels = {
    likelihoods: (unit, _rows, _speakers, out) =>
      soundAt.forEach((sound, i) => (out[i] = sound === unit || (unit <= 1 && sound === pause) ? 0 : -60)),
  }
  return { frames: drawing.length, models }
}

/** Where each of the words, [text, reported start, reported end], is found in the drawing. */
function found(
  drawing: string,
  words: readonly (readonly [string, number, number])[],
  more: Partial<Reported> = {},
) {
  const inventory: UnitInventory = new Map()
  const { frames, models } = drawn(drawing, inventory)
  const reported = words.map(([text, start, end]) => ({
    start,
    end,
    units: unitsOf(text, false, inventory),
  }))
  const trellis = layOut({ words: reported, frames, opens: false, closes: false, deviation: 5, ...more })
  const shares = fit(trellis, models, new Float32Array(frames * cepstrumSize), new Uint8Array(frames))
  return shares && wordsIn(trellis, shares).map(({ start, end }) => [Math.round(start), Math.round(end)])
}

describe('Words are found', () => {
  test('where their units sound, though reported elsewhere', () => {
    expect(
      found('.....aaaabbbbb....cccccddd....', [
        ['ab', 2, 12],
        ['cd', 22, 30],
      ]),
    ).toEqual([
      [5, 14],
      [18, 26],
    ])
  })

  test('where they run into one another', () => {
    expect(
      found('.....aaaabbbbbcccccddd....', [
        ['ab', 2, 12],
        ['cd', 12, 26],
      ]),
    ).toEqual([
      [5, 14],
      [14, 22],
    ])
  })

  test('when a unit is silent, or drawn out', () => {
    expect(found('.....aaaacccccccccccccccc....', [['abc', 4, 20]])).toEqual([[5, 25]])
  })

  test('where the trellis begins inside the first, and ends inside the last', () => {
    expect(
      found(
        'abbbbcccccdddd',
        [
          ['ab', -3, 8],
          ['c', 8, 10],
          ['de', 10, 20],
        ],
        { opens: true, closes: true },
      )!.slice(1, 2),
    ).toEqual([[5, 10]])
  })

  test('at the nearer of two places where they would fit', () => {
    const twice = '.....aaaabbbb...............aaaabbbb....'
    expect(found(twice, [['ab', 7, 15]])).toEqual([[5, 13]])
    expect(found(twice, [['ab', 24, 33]])).toEqual([[28, 36]])
  })

  test('nowhere when there is no room for them', () => {
    expect(found('...', [['abcdefgh', 0, 3]])).toBeUndefined()
  })
})

test('Whatever is reported, the shares of a frame add up to one, and words come in order', () => {
  const drawing = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), minLength: 30, maxLength: 60 })
  const edges = fc
    .array(fc.integer({ min: 0, max: 60 }), { minLength: 6, maxLength: 6 })
    .map((list) => list.sort((a, b) => a - b))
  fc.assert(
    fc.property(drawing, edges, ([...units], [a, b, c, d, e, f]) => {
      const inventory: UnitInventory = new Map()
      const { frames, models } = drawn(units.join(''), inventory)
      const words = [
        ['ab', a!, b!],
        ['c', c!, d!],
        ['ba', e!, f!],
      ] as const
      const reported = words.map(([text, start, end]) => ({
        start,
        end,
        units: unitsOf(text, false, inventory),
      }))
      const trellis = layOut({ words: reported, frames, opens: false, closes: false, deviation: 8 })
      const shares = fit(trellis, models, new Float32Array(frames * cepstrumSize), new Uint8Array(frames))
      if (!shares) return
      for (let i = 0; i < frames; i++) {
        expect(
          shares.subarray(i * trellis.steps, (i + 1) * trellis.steps).reduce((sum, share) => sum + share, 0),
        ).toBeCloseTo(1, 6)
      }
      let from = -1e-6
      for (const { start, end, startDoubt, endDoubt } of wordsIn(trellis, shares)) {
        expect(start).toBeGreaterThanOrEqual(from)
        expect(end).toBeGreaterThanOrEqual(start)
        expect(Math.min(startDoubt, endDoubt)).toBeGreaterThanOrEqual(0)
        from = end - 1e-6
      }
    }),
    { numRuns: 200 },
  )
})

describe('Letters', () => {
  test('are spelt without accents and doubling; those of a hesitation are its own, and drawn out', () => {
    const inventory: UnitInventory = new Map()
    expect(unitsOf('Café,', false, inventory)).toEqual(unitsOf('cafe', false, inventory))
    expect(unitsOf('mmm', false, inventory)).toHaveLength(1)
    expect(unitsOf('Um,', true, inventory)).toHaveLength(4)
    expect(unitsOf('uh', true, inventory)).toEqual(unitsOf('um', true, inventory).slice(0, 2))
    expect(
      unitsOf('um', true, inventory).some((sound) => unitsOf('um', false, inventory).includes(sound)),
    ).toBe(false)
    expect(unitsOf('…', false, inventory)).toHaveLength(1)
  })

  test('are likeliest where they were heard, also from a speaker who never said them', () => {
    const heard = tally(4, 2)
    const rows = new Float32Array(2 * cepstrumSize).map((_, i) => (i < cepstrumSize ? 3 : -3))
    for (let i = 0; i < 50; i++) {
      heard.add(0, 2, rows, 0, 1)
      heard.add(0, 3, rows, 1, 1)
    }
    for (const speaker of [0, 1]) {
      const [first, second] = [new Float64Array(2), new Float64Array(2)]
      const models = learn(heard)
      models.likelihoods(2, rows, Uint8Array.of(speaker, speaker), first)
      models.likelihoods(3, rows, Uint8Array.of(speaker, speaker), second)
      expect(first[0]).toBeGreaterThan(second[0]!)
      expect(second[1]).toBeGreaterThan(first[1]!)
    }
  })
})
