// How espeak-ng is held in, shown by programs of its name that do their worst.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { espeak, espeakVersion } from '../../shared/alignment/espeak.ts'

const { signal } = new AbortController()
const before = process.env['PATH']
let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-espeak-'))
  process.env['PATH'] = `${dir}:${before}`
})
afterAll(() => {
  process.env['PATH'] = before
  rmSync(dir, { recursive: true })
})

const plant = (saying: string): void => {
  const file = path.join(dir, 'espeak-ng')
  writeFileSync(file, `#!/bin/sh\n[ "$1" = --version ] && { echo 'eSpeak NG 9.9'; exit; }\n${saying}\n`)
  chmodSync(file, 0o755)
}

test('It has no setting of ours, and its memory and time have an end', async () => {
  process.env['SPOOL_SECRET'] = 'not to be seen'
  plant('echo "$(ulimit -v) $(ulimit -t) $(env | tr "\\n" " ")"')
  const said = await espeak(['a'], 'en', signal)
  delete process.env['SPOOL_SECRET']
  expect(said?.lines[0]).toMatch(/^262144 300 /)
  expect(said?.lines[0]).not.toContain('SPOOL_SECRET')
})

test('What prints without end says nothing, and a language that is none is not asked for', async () => {
  plant('yes')
  expect(await espeakVersion()).toBe('espeak-ng 9.9')
  expect(await espeak(['a'], 'en', signal)).toBeUndefined()
  plant('echo a')
  expect(await espeak(['a'], 'en-GB', signal)).toMatchObject({ lines: ['a'] })
  expect(await espeak(['a'], '../../etc/passwd', signal)).toBeUndefined()
})
