// One local cloud per folder: who gets it, when several processes want it at the same moment and a dead one
// held it last.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { FolderBusy, holdFolder } from '../../../local/host/lock.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const module = JSON.stringify(path.join(import.meta.dirname, '../../../local/host/lock.ts'))

/** A process that says `ready`, takes the folder when it reads a line, and says what came of it. */
async function aStarter(): Promise<{ child: ChildProcess; go: () => Promise<string> }> {
  const program = `
    const { holdFolder } = await import(${module})
    process.stdin.once('data', () =>
      holdFolder(${JSON.stringify(dir)}).then(() => console.log('held'), (error) => console.log(error.constructor.name)))
    console.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const go = async () => {
    child.stdin.write('go\n')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return String(line).trim()
  }
  return { child, go }
}

async function end({ child }: { child: ChildProcess }): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

test('of many that find a dead holder at the same moment exactly one gets the folder', async () => {
  const starters = await Promise.all(Array.from({ length: 6 }, aStarter))
  const dead = await aStarter()
  expect(await dead.go()).toBe('held')
  await end(dead)
  const outcomes = await Promise.all(starters.map(({ go }) => go()))
  expect(outcomes.sort()).toEqual([...Array.from({ length: 5 }, () => 'FolderBusy'), 'held'])
  await Promise.all(starters.map(end))
})

test('whoever comes later is told who has it, and gets it once that one lets go', async () => {
  const first = await aStarter()
  expect(await first.go()).toBe('held')
  const refusal = await holdFolder(dir).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(FolderBusy)
  expect(refusal).toMatchObject({ pid: first.child.pid })
  await end(first)
  const { release } = await holdFolder(dir)
  await release()
  expect(readdirSync(dir)).toEqual([])
})

test('a number that belongs to another program since is nobody’s', async () => {
  const sleeper = spawn('sleep', ['1000'])
  writeFileSync(path.join(dir, `lock.${sleeper.pid}`), 'held')
  await (await holdFolder(dir)).release()
  sleeper.kill()
})
