/**
 * Runs the matrix: every case, or a sample of them, side by side in one cloud that lasts; what can say whose calls are
 * whose runs in lanes, the rest alone. Hides how the recording is made and how the cloud begins and ends.
 */
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ffmpeg } from '../shared/audio/ffmpeg.ts'
import { findOrphans } from '../shared/housekeeping/orphans.ts'
import { startFaultyCloud, type FaultyCloud } from './cloud.ts'
import { casesOf, nameOfCase, runCase, undisturbed, type Case } from './matrix.ts'
import { random } from './random.ts'
import { scenariosOf, type Recording, type Scenario } from './scenarios.ts'

export interface MatrixOptions {
  readonly root: string
  /** Of all cases only so many, chosen by `seed`; all of them when not given. */
  readonly sample?: number
  readonly seed?: number
  /** This one alone, by its number. */
  readonly only?: number
  readonly lanes?: number
  readonly say?: (text: string) => void
}

export interface Failure {
  readonly number: number
  readonly name: string
  readonly complaints: readonly string[]
}

export interface MatrixResult {
  /** How many there are, whether they were run or not. */
  readonly known: number
  readonly cases: number
  /** Cases whose point the call did not come to that time: nothing went wrong there. */
  readonly unreached: number
  readonly failures: readonly Failure[]
  /** By scenario, then by what went wrong: how many were run. */
  readonly table: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly seconds: number
}

interface Numbered extends Case {
  readonly number: number
}

const recordingSeconds = 2.5

export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { root, lanes = 3, say = () => undefined } = options
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-faults-'))
  const began = performance.now()
  let cloud: FaultyCloud | undefined
  try {
    const { recording, words } = await excerpt(root, dir)
    cloud = await startFaultyCloud(path.join(dir, 'cloud'), { workers: 2 * lanes + 1, words })
    const scenarios = scenariosOf(cloud, recording)
    const expected = new Map<string, unknown>()
    const all: Case[] = []
    for (const scenario of scenarios) {
      const { points, outcome } = await undisturbed(cloud, scenario)
      expected.set(scenario.name, outcome)
      all.push(...casesOf(scenario.name, points))
    }
    const numbered = all.map((one, i): Numbered => ({ ...one, number: i + 1 }))
    const chosen = choose(numbered, options)
    say(`${all.length} cases; ${chosen.length} of them now`)
    const failures: Failure[] = []
    const table: Record<string, Record<string, number>> = {}
    let [done, unreached] = [0, 0]
    const run = async (one: Numbered, scenario: Scenario): Promise<void> => {
      const { reached, complaints } = await runCase(cloud!, scenario, one, expected.get(scenario.name))
      if (!reached) unreached++
      const row = (table[one.scenario] ??= {})
      const column = `${one.fault} ${one.after}`
      row[column] = (row[column] ?? 0) + 1
      if (complaints.length > 0) {
        failures.push({ number: one.number, name: nameOfCase(one), complaints })
        say(`FAILED ${one.number}: ${nameOfCase(one)}: ${complaints.join('; ')}`)
      }
      if (++done % 50 === 0) say(`${done} of ${chosen.length}, ${failures.length} failed`)
    }
    for (const scenario of scenarios) {
      const own = chosen.filter((one) => one.scenario === scenario.name).values()
      const lane = async () => {
        for (const one of own) await run(one, scenario)
      }
      await Promise.all(Array.from({ length: scenario.isExclusive ? 1 : lanes }, lane))
    }
    failures.push(...(await leftBehind(cloud)))
    const seconds = (performance.now() - began) / 1000
    return { known: all.length, cases: done, unreached, failures, table, seconds }
  } finally {
    await cloud?.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Objects without rows, two days from now; a row without a task is seen by its case, which does not end. */
export async function leftBehind({ services }: FaultyCloud): Promise<Failure[]> {
  const orphans: string[] = []
  for await (const { bucket, prefix } of findOrphans(services, Date.now() + 2 * 86_400_000))
    orphans.push(`${bucket}/${prefix} is known by no row`)
  return orphans.length > 0 ? [{ number: 0, name: 'objects at the end', complaints: orphans }] : []
}

function choose(cases: readonly Numbered[], { sample, seed = 1, only }: MatrixOptions): Numbered[] {
  if (only !== undefined) return cases.filter(({ number }) => number === only)
  if (sample === undefined) return [...cases]
  const next = random(seed)
  return cases
    .map((one) => ({ one, order: next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, sample)
    .map(({ one }) => one)
}

/** The beginning of the sample, and its words as a vendor would hear them. */
export async function excerpt(
  root: string,
  dir: string,
): Promise<{ recording: Recording; words: { word: string; start: number; end: number }[] }> {
  const file = path.join(dir, 'talk.flac')
  const from = ['-t', String(recordingSeconds), '-i', path.join(root, 'samples/conversation.flac')]
  await ffmpeg([...from, '-y', file], AbortSignal.timeout(60_000)).ended
  const { words } = JSON.parse(
    await readFile(path.join(root, 'samples/conversation.words.json'), 'utf8'),
  ) as { words: readonly { text: string; start: number; end: number }[] }
  return {
    recording: { bytes: await readFile(file), file: 'talk.flac' },
    words: words
      .filter(({ end }) => end < recordingSeconds)
      .map(({ text, start, end }) => ({ word: text, start, end })),
  }
}
