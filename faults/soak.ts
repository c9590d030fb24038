/**
 * The soak: episodes and mailboxes without a pause, while workers are killed, the database and the servers end at once,
 * the disk is full for a while, the clock jumps, deliveries come twice, late and in another order, and vendors fail. At
 * the end everything that was begun is finished, once, and the same as undisturbed.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startFaultyCloud, type FaultyCloud } from './cloud.ts'
import { isAsExpected, undisturbed } from './matrix.ts'
import { random } from './random.ts'
import { recoveries, type Recovery } from './recoveries.ts'
import { excerpt, leftBehind } from './run-matrix.ts'
import { scenariosOf } from './scenarios.ts'
import { smallDisk, type Disk } from './small-disk.ts'
import type { Scenario, Subject } from './subject.ts'
import { undoing } from './undoing.ts'

export interface SoakOptions {
  readonly root: string
  readonly minutes: number
  readonly seed?: number
  readonly say?: (text: string) => void
}

export interface SoakResult {
  /** How many of each were begun and came to their end. */
  readonly finished: Readonly<Record<string, number>>
  /** How often each trouble was made. */
  readonly troubles: Readonly<Record<string, number>>
  readonly recovery: Recovery
  /** How many steps took so many attempts. */
  readonly attempts: Readonly<Record<string, number>>
  readonly complaints: readonly string[]
  readonly minutes: number
}

const lanes = { episode: 3, mailbox: 1 } as const
const workers = 4
const pauseMs = [500, 3500] as const
/** After the last trouble: leases, the queue's pauses, and the minute's sweep. */
const longestRestMs = 15 * 60_000

export async function soak({
  root,
  minutes,
  seed = 1,
  say = () => undefined,
}: SoakOptions): Promise<SoakResult> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-soak-'))
  const disk = await smallDisk(path.join(dir, 'disk'))
  if (!disk.isBounded)
    say('No disk of its own can be made here, so none will be full (it takes root and mount).')
  let cloud: FaultyCloud | undefined
  const end = async () => {
    await cloud?.stop()
    disk.release()
    await rm(dir, { recursive: true, force: true })
  }
  return await undoing(end, async () => {
    const { recording, words } = await excerpt(root)
    cloud = await startFaultyCloud(path.join(disk.place, 'cloud'), {
      workers,
      words,
      isTimed: true,
      env: { RUNS_PER_HOUR: '100000' },
    })
    return await under(cloud, scenariosOf(cloud, recording), disk, { minutes, seed, say })
  })
}

async function under(
  cloud: FaultyCloud,
  scenarios: readonly Scenario[],
  disk: Disk,
  { minutes, seed, say }: Required<Omit<SoakOptions, 'root'>>,
): Promise<SoakResult> {
  const began = Date.now()
  const endsAt = began + minutes * 60_000
  const finished: Record<string, number> = {}
  const complaints: string[] = []
  const watched = recoveries(cloud.control)
  const latest = endsAt + longestRestMs
  const lane = async (scenario: Scenario, expected: unknown): Promise<void> => {
    try {
      while (Date.now() < endsAt) {
        const subject = await answered(() => begun(scenario), latest)
        await answered(() => ended(subject), latest)
        complaints.push(...(await answered(() => judged(scenario, subject, expected), latest)))
        finished[scenario.name] = (finished[scenario.name] ?? 0) + 1
      }
    } catch (error) {
      complaints.push(`${scenario.name}: ${(error as Error).message}`)
    }
  }
  const work: Promise<void>[] = []
  for (const scenario of scenarios.filter(({ name }) => name in lanes)) {
    const { outcome } = await undisturbed(cloud, scenario)
    for (let i = 0; i < lanes[scenario.name as keyof typeof lanes]; i++) work.push(lane(scenario, outcome))
  }
  const troubles = await makeTrouble(cloud, disk, watched, { endsAt, next: random(seed), say })
  const rest = Promise.all(work)
  do
    await cloud.ask(callsAreLost).catch(() => undefined) // the database may be down
  while ((await Promise.race([rest, delay(loseAgainMs, 'not yet')])) === 'not yet')
  complaints.push(...(await leftBehind(cloud)).flatMap((failure) => failure.complaints))
  return {
    finished,
    troubles,
    recovery: watched.measured(),
    attempts: await attemptsTaken(cloud),
    complaints,
    minutes: (Date.now() - began) / 60_000,
  }
}

async function attemptsTaken({ ask }: FaultyCloud): Promise<Record<string, number>> {
  const found = await ask<{ attempt: number; steps: number }>(
    `SELECT attempt, count(*)::int AS steps FROM steps GROUP BY attempt ORDER BY attempt`,
  )
  return Object.fromEntries(found.map(({ attempt, steps }) => [attempt, steps]))
}

/** With a recording of its own: as a producer would who is refused, and tries again. */
async function begun(scenario: Scenario): Promise<Subject> {
  const subject = await scenario.prepare()
  await subject.begin()
  return subject
}

async function judged(scenario: Scenario, subject: Subject, expected: unknown): Promise<string[]> {
  const found = await subject.complaints()
  const isSame = isAsExpected(await subject.outcome(), expected)
  return [...found, ...(isSame ? [] : ['the outcome differs'])].map(
    (complaint) => `${scenario.name} of ${subject.userId}: ${complaint}`,
  )
}

/** Throws while it is under way. What ended by an error that asks for it is begun again. */
async function ended(subject: Subject): Promise<void> {
  if (!(await subject.isOver()) || (await subject.retry?.()))
    throw new Error(`what ${subject.userId} began did not end`)
}

/** What it comes to, asked again while the servers are down. Throws its last error when it is too late. */
async function answered<T>(ask: () => Promise<T>, latest: number): Promise<T> {
  for (;;)
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > latest) throw error
      await delay(lookAgainMs)
    }
}

interface Chaos {
  readonly endsAt: number
  readonly next: () => number
  readonly say: (text: string) => void
}

/** One trouble after the other until the time is up; returns how often each was made. */
async function makeTrouble(
  cloud: FaultyCloud,
  disk: Disk,
  watched: ReturnType<typeof recoveries>,
  { endsAt, next, say }: Chaos,
): Promise<Record<string, number>> {
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(next() * all.length)]
  const seconds = (from: number, to: number): number => 1000 * (from + next() * (to - from))
  const kinds: readonly [name: string, weight: number, make: () => Promise<unknown>][] = [
    [
      'worker killed',
      9,
      () => {
        const victim = pick(watched.working())
        if (victim) watched.kill(victim)
        return Promise.resolve(victim !== undefined)
      },
    ],
    [
      'worker stopped past its lease',
      1,
      () => {
        const victim = pick(watched.working())
        if (victim) void stopFor(victim.pid, seconds(31, 40))
        return Promise.resolve(victim !== undefined)
      },
    ],
    [
      'delivered twice',
      4,
      async () => {
        for (const task of (await cloud.queued()).filter(() => next() < 0.5).slice(0, 8))
          await cloud.again({ functionName: '', task: { ...task, runId: '', part: 0 } })
      },
    ],
    [
      'queue held back',
      1,
      async () => {
        const queue = pick(['audio', 'light', 'vendors', 'mail'])!
        await cloud.holdBack(queue, true)
        await delay(seconds(1, 4))
        await cloud.holdBack(queue, false)
      },
    ],
    ['database ended at once', 5, () => endDatabase(disk.place)],
    ['everything ended at once', 1, () => cloud.endAndStart()],
    ['clock jumped', 1, () => cloud.ask(leasesAreOver)],
    [
      'vendor failing',
      1,
      async () => {
        cloud.vendor.failing = 40
        await delay(seconds(2, 8))
        cloud.vendor.failing = 0
      },
    ],
    [
      'disk full',
      disk.isBounded ? 1 : 0,
      async () => {
        disk.fill()
        await delay(seconds(2, 6))
        disk.empty()
      },
    ],
  ]
  const lots = kinds.flatMap((kind) => Array.from({ length: kind[1] }, () => kind))
  const made: Record<string, number> = {}
  let told = Date.now()
  while (Date.now() < endsAt) {
    const [name, , make] = pick(lots)!
    const isMade = await make().catch(() => undefined) // the servers may be down: then it is trouble enough
    if (isMade !== false) made[name] = (made[name] ?? 0) + 1
    await delay(pauseMs[0] + next() * (pauseMs[1] - pauseMs[0]))
    if (Date.now() - told > 60_000) {
      told = Date.now()
      say(JSON.stringify(made))
    }
  }
  return made
}

const leasesAreOver = `
  UPDATE steps
  SET lease_until = least(lease_until, clock_timestamp())
  WHERE status = 'running' AND lease_until IS NOT NULL`

/** A call in doubt is waited for a quarter of an hour, in case its answer comes; here for a minute. */
const callsAreLost = `
  UPDATE paid_calls
  SET sent_at = sent_at - interval '1 hour'
  WHERE status = 'sent' AND sent_at < clock_timestamp() - interval '1 minute'`
const loseAgainMs = 10_000
const lookAgainMs = 300

async function stopFor(pid: number, ms: number): Promise<void> {
  try {
    process.kill(pid, 'SIGSTOP')
    await delay(ms)
    process.kill(pid, 'SIGCONT')
  } catch {
    // it is dead already
  }
}

/** An immediate shutdown, as after a crash: nothing is written any more. */
async function endDatabase(place: string): Promise<void> {
  const file = await readFile(path.join(place, 'cloud/postgres/data/postmaster.pid'), 'utf8')
  const pid = Number(file.split('\n')[0])
  if (pid > 1) process.kill(pid, 'SIGQUIT')
}
