// How espeak-ng is held in, shown by programs of its name that do their worst; and npm's package in its place.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { espeak, espeakPackage, espeakVersion, synthesise } from '../../shared/alignment/espeak.ts'

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

/** It is no dependency: whoever wants it installs it, beside Spool or where NODE_PATH says. */
function isInstalled(): boolean {
  try {
    return createRequire(import.meta.url).resolve(espeakPackage) !== ''
  } catch {
    return false
  }
}

;(isInstalled() ? test : test.skip)(
  'Where the system has no such program, npm’s package says the same, within limits of its own',
  async () => {
    const bare = path.join(dir, 'bare')
    mkdirSync(bare)
    const [prlimit] = spawnSync('which', ['prlimit']).stdout.toString().split('\n')
    if (prlimit !== undefined && prlimit !== '') symlinkSync(prlimit, path.join(bare, 'prlimit'))
    process.env['PATH'] = bare
    expect(await espeakVersion()).toMatch(/^espeak-ng-emscripten \d/)
    const said = await espeak(['hello', '', 'church', 'Mr Smith'], 'en', signal)
    expect(said?.lines).toEqual(['h_ə_l_ˈoʊ', '', 'tʃ_ˈɜː_tʃ', 'm_ˈɪ_s_t_ɚ s_m_ˈɪ_θ'])
    expect(await espeak(['hello'], 'zz-nowhere', signal)).toBeUndefined()
    const speech = await synthesise('Hello.', 'en', signal)
    expect(speech!.sampleRate).toBe(22_050)
    expect(Math.max(...speech!.samples)).toBeGreaterThan(0.05)
  },
)
