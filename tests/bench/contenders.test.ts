// Programs that are measured beside Spool only where they are installed.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { costOfPeer, findPeers, type Peer } from '../../bench/contenders.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-peers-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** A shell script in a folder of the search path. */
function install(folder: string, name: string, script: string, mode = 0o755): string {
  mkdirSync(path.join(dir, folder), { recursive: true })
  const file = path.join(dir, folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, mode)
  return path.join(dir, folder)
}

test('a peer is found in any folder of the search path, and the others are named', () => {
  const searchPath = [
    path.join(dir, 'nowhere'),
    install('not-runnable', 'ffmpeg-normalize', '', 0o644),
    install('environment', 'auto-editor', ''),
  ].join(path.delimiter)
  const { found, missing } = findPeers(searchPath)
  expect(found.map(({ program }) => program)).toEqual(['auto-editor'])
  expect(missing).toEqual(['ffmpeg-normalize'])
})

test('a peer finds nothing of an earlier run in its temporary folder, and leaves nothing', async () => {
  const folder = install('bin', 'keeper', 'test ! -e "$TMPDIR/kept" && touch "$TMPDIR/kept" && cp "$1" "$2"')
  const peer: Peer = {
    program: path.join(folder, 'keeper'),
    does: 'keeps what it found',
    args: (file, out) => [file, out],
  }
  const work = path.join(dir, 'work')
  mkdirSync(work)
  await costOfPeer(peer, path.join(folder, 'keeper'), work)
  await costOfPeer(peer, path.join(folder, 'keeper'), work)
  expect(readdirSync(work)).toEqual([])
})
