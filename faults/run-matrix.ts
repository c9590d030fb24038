/**
 * Runs the matrix: every case, or a sample of them, side by side in one cloud that lasts; what can say whose calls are
 * whose runs in lanes, the rest alone. Hides how the recording is made and how the cloud begins and ends.
 */
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ffmpegOutput } from '../shared/audio/ffmpeg.ts'
import { findOrphans } from '../shared/housekeeping/orphans.ts'
import { startFaultyCloud, type FaultyCloud } from './cloud.ts'
import { casesOf, nameOfCase, runCases, undisturbed, type Case } from './matrix.ts'
import { random } from './random.ts'
import { scenariosOf } from './scenarios.ts'
import type { Recording, Scenario } from './subject.ts'
import { undoing } from './undoing.ts'

export interface MatrixOptions {
  readonly root: string
  /** Of all cases only so many, chosen by `seed`; all of them when not given. */
  readonly sample?: number
  readonly seed?: number
  /** This one alone, by its number. */
  readonly only?: number
  /** These alone; all of them when not given. */
  readonly scenarios?: readonly string[]
  readonly lanes?: number
  /** Ends with the first case that fails. */
  readonly untilFailure?: boolean
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
const mostInTurn = 4
const tellEveryMs = 60_000
/** Each keeps a worker until all else is over. */
const mostStanding = 1
const standsStill = ({ fault, after }: Case): boolean => fault === 'hang' && after === 'zombie'
/** Some stand still, or wait for a delivery beside them, while the rest goes on. */
const workersOfLane = 4

export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { root, lanes = 3, untilFailure = false, say = () => undefined } = options
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-faults-'))
  let cloud: FaultyCloud | undefined
  const end = async () => {
    await cloud?.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return await undoing(end, async () => {
    const began = performance.now()
    const { recording, words } = await excerpt(root)
    cloud = await startFaultyCloud(path.join(dir, 'cloud'), { workers: workersOfLane * lanes + 1, words })
    const scenarios = scenariosOf(cloud, recording).filter(
      ({ name }) => options.scenarios?.includes(name) ?? true,
    )
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
    const counted = tally()
    const isEnough = () => untilFailure && failures.length > 0
    let told = performance.now()
    const run = async (group: readonly Numbered[], scenario: Scenario): Promise<void> => {
      const { reached, complaints } = await runCases(cloud!, scenario, group, expected.get(scenario.name))
      const alone = group.length === 1
      if (complaints.length > 0 && !alone) {
        say(`in ${group.length} cases at once: ${complaints.join('; ')}; each of them again, alone`)
        for (const one of group) if (!isEnough()) await run([one], scenario)
        return
      }
      for (const one of group) {
        if (!reached.has(one) && !alone) await run([one], scenario)
        else counted.add(one, reached.has(one))
      }
      if (complaints.length === 0) return
      const [{ number }] = group as [Numbered]
      const failure = { number, name: nameOfCase(group[0]!), complaints }
      failures.push(failure)
      say(`FAILED ${number}: ${failure.name}: ${complaints.join('; ')}`)
    }
    for (const scenario of scenarios) {
      const own = chosen.filter((one) => one.scenario === scenario.name)
      const groups = together(own, scenario.isExclusive).values()
      const lane = async () => {
        for (const group of groups) {
          if (isEnough()) return
          await run(group, scenario)
          if (performance.now() - told < tellEveryMs) continue
          told = performance.now()
          say(
            `${scenario.name}: ${counted.result().cases} of ${chosen.length} cases, ${failures.length} failed`,
          )
        }
      }
      await Promise.all(Array.from({ length: scenario.isExclusive ? 1 : lanes }, lane))
    }
    failures.push(...(await leftBehind(cloud)))
    const seconds = (performance.now() - began) / 1000
    return { known: all.length, ...counted.result(), failures, seconds }
  })
}

/** Calls of different steps do not meet, so one run takes a case of each; a call without a step takes a few in turn. */
function together(cases: readonly Numbered[], isExclusive: boolean): Numbered[][] {
  const groups: { readonly takes: Set<string>; readonly cases: Numbered[] }[] = []
  for (const one of cases) {
    const taken = isExclusive ? one.point : one.point.split(' ')[0]!
    const group = groups.find(
      (each) =>
        !each.takes.has(taken) &&
        (!isExclusive || each.cases.length < mostInTurn) &&
        (!standsStill(one) || each.cases.filter(standsStill).length < mostStanding),
    )
    if (group) {
      group.takes.add(taken)
      group.cases.push(one)
    } else groups.push({ takes: new Set([taken]), cases: [one] })
  }
  return groups.map((group) => group.cases)
}

function tally() {
  const table: Record<string, Record<string, number>> = {}
  let [cases, unreached] = [0, 0]
  return {
    add: ({ scenario, fault, after }: Case, isReached: boolean): void => {
      const row = (table[scenario] ??= {})
      const column = `${fault} ${after}`
      row[column] = (row[column] ?? 0) + 1
      cases++
      if (!isReached) unreached++
    },
    result: () => ({ cases, unreached, table }),
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
): Promise<{ recording: Recording; words: { word: string; start: number; end: number }[] }> {
  const from = ['-t', String(recordingSeconds), '-i', path.join(root, 'samples/conversation.flac')]
  const bytes = await ffmpegOutput([...from, '-f', 'flac', 'pipe:1'], AbortSignal.timeout(60_000))
  const { words } = JSON.parse(
    await readFile(path.join(root, 'samples/conversation.words.json'), 'utf8'),
  ) as { words: readonly { text: string; start: number; end: number }[] }
  return {
    recording: { bytes, file: 'talk.flac' },
    words: words
      .filter(({ end }) => end < recordingSeconds)
      .map(({ text, start, end }) => ({ word: text, start, end })),
  }
}
