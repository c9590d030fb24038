// What is said of a value that has none of several shapes.
import { expect, test } from '@jest/globals'
import { z } from 'zod'
import { inNearestShape } from '../../shared/settings/explain.ts'

const file = z.strictObject({ file: z.string() })
const shapes = [
  file.extend({ show: z.string(), bytes: z.int().min(1) }),
  file.extend({ mailbox: z.literal(true) }),
] as const
const told = (schema: z.ZodType, value: unknown) =>
  (schema.safeParse(value).error?.issues ?? [])
    .flatMap(inNearestShape)
    .map(({ path, message }) => [path.join('.'), message])

test('is what is wrong with the shape it comes nearest to, at its own place', () => {
  const uploads = z.object({ uploads: z.array(z.union(shapes)) })
  expect(told(uploads, { uploads: [{ file: 'a', show: 's', bytes: 0 }, { mailbox: true }] })).toEqual([
    ['uploads.0.bytes', expect.stringMatching(/^Too small/)],
    ['uploads.1.file', expect.stringMatching(/expected string/)],
  ])
})

test('are the schema’s own words where it has some', () => {
  expect(told(z.union(shapes, { error: 'a file, or a mailbox' }), {})).toEqual([['', 'a file, or a mailbox']])
})
