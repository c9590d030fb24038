/**
 * The protocol, simulated: as many schedules as are asked for, each made from a seed, played and looked at; one that
 * fails is shrunk to the shortest that fails alike. Hides how a seed becomes a schedule.
 */
import fc from 'fast-check'
import { missingGuards } from './guards.ts'
import { allKinds, disturbances, type Choice } from './happenings.ts'
import { play, type Played, type Schedule } from './schedule.ts'
import { wholeWay } from './stage.ts'
import { scenarios, type ScenarioName } from './scenarios.ts'
import { shrink } from './shrink.ts'
import { openTheatre, type Theatre } from './world.ts'

export interface Failure {
  /** Plays the same again: `--seed`. */
  readonly seed: number
  readonly scenario: ScenarioName
  readonly trace: readonly string[]
  readonly complaints: readonly string[]
}

export interface Simulated {
  readonly schedules: number
  readonly failed: readonly Failure[]
  /** What the database lets happen though it should not. */
  readonly missingGuards: readonly string[]
  readonly seconds: number
}

export interface SimulateOptions {
  /** Of the first schedule; each further one has the next. */
  readonly seed: number
  readonly schedules: number
  /** A PostgreSQL in which a database may be made, by its `postgres`. */
  readonly serverUrl: string
  /** No further schedule begins then. */
  readonly budgetMs?: number
  /** Ends after so many that fail. */
  readonly mostFailures?: number
  /** A failing schedule is shrunk for so long; not at all with 0. */
  readonly shrinkMs?: number
  readonly only?: ScenarioName
}

const shortestSchedule = 6
const longestSchedule = 24
const names = Object.keys(scenarios) as ScenarioName[]

const choice = fc.record({ kind: fc.nat(allKinds - 1), which: fc.nat(1000), points: fc.nat(63) })
const scheduleOf = (only: ScenarioName | undefined): fc.Arbitrary<Schedule> =>
  fc.record({
    scenario: fc.constantFrom(...(only === undefined ? names : [only])),
    moods: fc.array(fc.constantFrom('works', 'works', 'throws', 'is put off', 'is put off', 'fails'), {
      maxLength: 5,
    }),
    remembersNames: fc.boolean(),
    looksUp: fc.boolean(),
    beginsCalmly: fc.nat(3).map((one) => one > 0),
    without: fc.nat(255),
    disturbances: fc.subarray([...disturbances], { minLength: 1 }),
    choices: fc.array(choice, { minLength: shortestSchedule, maxLength: longestSchedule, size: 'max' }),
  })

export async function simulate(options: SimulateOptions): Promise<Simulated> {
  const { seed, schedules, serverUrl, budgetMs = Infinity, mostFailures = 1, only } = options
  const theatre = await openTheatre(serverUrl)
  const since = performance.now()
  const failed: Failure[] = []
  let guards: string[] = []
  let played = 0
  try {
    await theatre.database.empty()
    guards = await missingGuards(theatre.database)
    for (
      ;
      played < schedules && failed.length < mostFailures && performance.now() - since < budgetMs;
      played++
    ) {
      const [schedule] = fc.sample(scheduleOf(only), { seed: seed + played, numRuns: 1, unbiased: true })
      const { complaints, trace } = await play(theatre, schedule!)
      if (complaints.length > 0)
        failed.push(await shrunk(theatre, schedule!, { complaints, trace }, seed + played, options.shrinkMs))
    }
  } finally {
    await theatre.close()
  }
  return { schedules: played, failed, missingGuards: guards, seconds: (performance.now() - since) / 1000 }
}

const defaultShrinkMs = 30_000
/** Whoever goes on goes to the end. */
const toTheEnd = (one: Choice): Choice => ({ ...one, points: wholeWay })

/** The shortest schedule that still fails, as far as the time goes. */
async function shrunk(
  theatre: Theatre,
  schedule: Schedule,
  first: Played,
  seed: number,
  shrinkMs = defaultShrinkMs,
): Promise<Failure> {
  const endsAt = performance.now() + shrinkMs
  let best = { schedule, played: first }
  const fails = async (smaller: Partial<Schedule>): Promise<boolean> => {
    const candidate = { ...best.schedule, ...smaller }
    const played = await play(theatre, candidate)
    if (played.complaints.length > 0) best = { schedule: candidate, played }
    return played.complaints.length > 0
  }
  if (shrinkMs > 0) {
    await shrink(schedule.choices, toTheEnd, (choices) => fails({ choices }), endsAt)
    await shrink(
      best.schedule.moods,
      () => 'works' as const,
      (moods) => fails({ moods }),
      endsAt,
    )
  }
  const { trace, complaints } = best.played
  return { seed, scenario: schedule.scenario, trace, complaints }
}
