// The order of the rooms: the linter refuses what breaks it, and says where the thing belongs.
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { Linter } from 'eslint'
import rooms from '../eslint-rooms.ts'

const root = path.join(import.meta.dirname, '..')
const linter = new Linter({ cwd: root })

const complaints = (file: string, code: string): string[] =>
  linter
    .verify(
      code,
      [
        {
          files: ['**/*.ts'],
          plugins: { rooms },
          rules: { 'rooms/no-upward-import': 'error', 'rooms/no-circle': 'error' },
        },
      ],
      { filename: path.join(root, file) },
    )
    .map(({ message }) => message)

test('an import from above is refused, with what to do instead', () => {
  expect(complaints('shared/db/planted.ts', `import { chaptersOf } from '../feed/chapters.ts'`)).toEqual([
    expect.stringMatching(/shared\/db\/ lies below shared\/feed\/.*belongs in shared\/db\/ or below/),
  ])
  expect(complaints('shared/planted.ts', `export { lockRun } from './db/runs.ts'`)).toHaveLength(1)
  expect(
    complaints('functions/planted.ts', `const cloud = await import('../local/host/cloud.ts')`),
  ).toHaveLength(1)
})

test('an import from below, or of the same room, is welcome', () => {
  expect(complaints('shared/feed/planted.ts', `import { rows } from '../db/connect.ts'`)).toEqual([])
  expect(complaints('shared/db/planted.ts', `import { rows } from './connect.ts'`)).toEqual([])
  expect(complaints('local/cli/main.ts', `const bench = await import('../../bench/bench.ts')`)).toEqual([])
})

test('a circle is refused with its whole way', () => {
  expect(complaints('shared/edits/cuts.ts', `import { proposeEdits } from './propose.ts'`)).toEqual([
    expect.stringContaining('shared/edits/cuts.ts → shared/edits/propose.ts → shared/edits/cuts.ts'),
  ])
})
