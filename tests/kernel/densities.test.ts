// Densities by many distributions are the reference's bits, however many there are and however many fit at once.
import { expect, test } from '@jest/globals'
import { layOutNormals, logDensities } from '../../shared/kernel/densities.ts'
import { noiseOf } from '../restoration/made-sounds.ts'
import * as reference from './reference.ts'

const size = 26
const rows = 150

test.each([1, 5, 302, 515])('Rows by %i distributions', (normals) => {
  const next = noiseOf(normals)
  const numbers = (count: number) => Float64Array.from({ length: count }, next)
  const means = numbers(normals * size)
  const halfPrecisions = numbers(normals * size).map((value) => 1.5 + value)
  const constants = numbers(normals)
  const asked = Float32Array.from({ length: rows * size }, next)
  const out = new Float32Array(rows * normals)
  logDensities(layOutNormals(means, halfPrecisions, constants), asked, out)
  expect(Buffer.from(out.buffer)).toEqual(
    Buffer.from(reference.logDensities(means, halfPrecisions, constants, asked).buffer),
  )
})

test('Rows that are longer than fit are refused', () => {
  expect(() => layOutNormals(new Float64Array(65), new Float64Array(65), new Float64Array(1))).toThrow(
    'A row has at most 64 numbers, not 65.',
  )
})
