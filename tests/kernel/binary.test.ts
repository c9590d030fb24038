// The committed binary is what its source compiles to.
import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { binaryFile, compiled } from '../../shared/kernel/make.ts'

test('shared/kernel/binary.ts is up to date (else: node shared/kernel/make.ts)', async () => {
  expect(await readFile(binaryFile, 'utf8')).toBe(await compiled())
})
