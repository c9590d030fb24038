// The pages of docs/ that are made from the code say what the code says.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { pages } from '../docs/make.ts'

test.each(Object.keys(pages))('docs/%s is up to date (else: node docs/make.ts)', async (name) => {
  expect(await readFile(path.join(import.meta.dirname, '../docs', name), 'utf8')).toBe(pages[name])
})
