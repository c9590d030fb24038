/**
 * The benchmark of a refusal: how long the command takes to say all that is wrong with a recording, its template, its words
 * and its cover, before anything is started. As a user runs it, with the launcher.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { medianOf } from './repeat.ts'

export interface RefusalFigures {
  readonly seconds: number
  /** Files that are wrong, each of which is named. */
  readonly faults: number
}

const runs = 5
const wrong = {
  'empty.wav': '',
  'template.json': '{ "output": { "channels": "both" ',
  'words.json': '{ "says": "nothing" }',
  'cover.png': 'not a picture',
}

export async function benchRefusal(root: string, dir: string): Promise<RefusalFigures> {
  const folder = await mkdtemp(path.join(dir, 'wrong-'))
  for (const [file, text] of Object.entries(wrong)) await writeFile(path.join(folder, file), text)
  const options = ['--template', 'template.json', '--words', 'words.json', '--cover', 'cover.png']
  const refused = () => {
    const began = performance.now()
    const { status, stderr } = spawnSync(
      path.join(root, 'spool'),
      ['assemble', 'empty.wav', ...options, '--out', 'out'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, SPOOL_STATE: path.join(folder, 'state') } },
    )
    const missing = Object.keys(wrong).filter((file) => !stderr.includes(file))
    if (status !== 1 || missing.length > 0)
      throw new Error(`The refusal ended with ${status} and did not name ${missing.join(', ')}: ${stderr}`)
    return Promise.resolve({ seconds: (performance.now() - began) / 1000 })
  }
  const { seconds } = await medianOf(runs, refused)
  return { seconds, faults: Object.keys(wrong).length }
}
