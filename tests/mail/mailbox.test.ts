// Where messages lie, as a part of the run reads it: its own places and no others.
import { expect, test } from '@jest/globals'
import { decodePlaces, encodePlaces, placeBytes, type MessagePlace } from '../../shared/mail/places.ts'

const places: MessagePlace[] = [
  { start: 0, end: 300 },
  { entry: 0 },
  { start: 300, end: 2 ** 40 + 1 },
  { entry: 99_999 },
]

test('any of them come out as they were put in, whatever their size', () => {
  const bytes = encodePlaces(places)
  expect(bytes.length).toBe(places.length * placeBytes)
  expect(decodePlaces(bytes)).toEqual(places)
  expect(decodePlaces(bytes.subarray(placeBytes, 3 * placeBytes))).toEqual(places.slice(1, 3))
  expect(decodePlaces(encodePlaces([]))).toEqual([])
})
