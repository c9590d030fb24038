/**
 * What is true of every world once everything in it has come to its end, whatever happened on the way; each question is
 * asked of rows and objects, never of calls. A complaint is a line that says what is not so.
 */
import { workFolder } from '../../shared/objects.ts'
import { aboutCounts, aboutDecisions, aboutNews, aboutPurchases } from './accounts.ts'
import { readJournal } from './journal.ts'
import { aboutListeners } from './listeners.ts'
import { aboutDeletions, aboutObjects } from './objects.ts'
import { deletedBeforeMs, readRows, type Rows, type RunRow, type StepRow } from './rows.ts'
import type { Scenario } from './scenarios.ts'
import { shortId } from './task-queue.ts'
import { ownErrors } from './toys.ts'
import type { World } from './world.ts'

export async function complaintsAbout(world: World, scenario: Scenario): Promise<string[]> {
  const rows = await readRows(world)
  const history = readJournal(world, rows.journal)
  return [
    ...history.complaints,
    ...aboutRefusals(world),
    ...[...world.processes.rash].map((text) => `${text}.`),
    ...world.hasty.map((task) => `The task of ${task} ends before its step is done.`),
    ...world.forgotten.map((step) => `Nothing calls for ${step} but a sweep.`),
    ...aboutUploads(world, rows, deletedBeforeMs(rows)),
    ...rows.runs.flatMap((run) => aboutRun(run, rows, scenario, world)),
    ...rows.steps.flatMap((step) => aboutEffects(step)),
    ...aboutPromises(world, rows),
    ...aboutObjects(world, rows),
    ...aboutPurchases(world, rows),
    ...aboutCounts(rows),
    ...aboutDecisions(world, rows),
    ...(await aboutListeners(world, scenario, rows)),
    ...aboutNews(rows, history.news),
    ...(await aboutDeletions(world, rows)),
  ]
}

/** Whoever comes for somebody who has just been deleted finds that what they refer to is gone. */
const foreignKeyViolation = '23503'

/** The database had to refuse what no process may try, or two processes waited for each other. */
const aboutRefusals = ({ refusals }: World): string[] =>
  refusals
    .filter(({ code }) => code !== foreignKeyViolation)
    .map(({ code, message }) => `The database refused with ${code}: ${message}.`)

/** What a run may end for: its producer, and a step that says so. */
const reasons: ReadonlySet<string | null> = new Set([null, 'user_cancelled', 'superseded', 'nothing_left'])
/** Where steps have few attempts. */
const exhausted = 'attempts_exhausted'

/** It failed by itself in the last of its attempts; or they ended in other ways, and were tried for long enough. */
function isUsedUp(
  { status, attempt, error, startedAtMs }: StepRow,
  attempts: number,
  { endedAtMs }: RunRow,
  { config: { lease } }: World,
): boolean {
  if (status !== 'failed' || attempt < attempts) return false
  const isOwn = ownErrors.some((message) => error!.endsWith(message))
  return isOwn || endedAtMs! - startedAtMs! >= lease.tryForMs
}

/** A request is repeated once where its vendor cannot be asked what became of it; that may be lost as well. */
const wasPaidTwice = ({ vendor, looksUp }: World): boolean =>
  !looksUp && new Set(vendor.charges).size < vendor.charges.length

function aboutRun(run: RunRow, { steps }: Rows, { parts, attempts }: Scenario, world: World): string[] {
  const name = `Run ${shortId(run.id)}`
  const own = steps.filter(({ runId }) => runId === run.id)
  const complaints: string[] = []
  const isExhausted = attempts !== undefined && run.stopReason === exhausted
  if (isExhausted && !own.some((step) => isUsedUp(step, attempts, run, world)))
    complaints.push(`${name} was given up before its attempts and their time were used up.`)
  const isTwiceInDoubt = run.stopReason === 'provider_unclear' && wasPaidTwice(world)
  if (!reasons.has(run.stopReason) && !isExhausted && !isTwiceInDoubt)
    complaints.push(`${name} is ${run.status}: ${run.stopReason}.`)
  if (run.status === 'awaiting_review' && own.filter(({ status }) => status === 'pending').length !== 1)
    complaints.push(`${name} waits for its producer, and not one step with it.`)
  if (run.status === 'failed' && !run.isPurged && !own.some(({ status }) => status === 'failed'))
    complaints.push(`${name} failed, and none of its steps did.`)
  for (const { step, made } of own)
    if (made !== null && !made.startsWith(workFolder(run.userId)))
      complaints.push(`${step} of ${name} has ${made}, which is somebody else's.`)
  if (run.status === 'awaiting_review' && [run, ...own].some(({ isReviewed }) => isReviewed))
    complaints.push(`${name} waits for its producer, who has decided.`)
  if (run.status !== 'finished' || run.isPurged) return complaints
  const wanted = Object.entries(run.publication === null ? parts : { publish: 1 })
  const listed = wanted.flatMap(([step, count]) =>
    Array.from({ length: count }, (_, part) => `${step}/${part} done`),
  )
  const there = own.map(({ step, part, status }) => `${step}/${part} ${status}`)
  if (listed.sort().join() !== there.sort().join())
    complaints.push(`${name} is finished with ${there.join(', ')} instead of ${listed.join(', ')}.`)
  for (const { step, revision } of own)
    if (step === 'decide' && revision !== run.revision)
      complaints.push(`${name} decided by revision ${revision}, and was given ${run.revision}.`)
  return complaints
}

function aboutEffects({ runId, step, part, status, effects }: StepRow): string[] {
  if (step === 'publish') return [] // its effect is what listeners find
  const wanted = status === 'done' ? 1 : 0
  return effects === wanted
    ? []
    : [`${step}/${part} of run ${shortId(runId)} is ${status} and had ${effects} effects.`]
}

/** A recording that was uploaded is made once, unless somebody asks again; what was deleted is not made. */
function aboutUploads({ store, config, promised }: World, { runs }: Rows, deletedMs: number): string[] {
  const { uploads } = config.buckets
  const making = runs.filter(({ publication }) => publication === null)
  const generations = Map.groupBy(
    making,
    ({ recordingObject, generation }) => `${recordingObject} ${generation}`,
  )
  const often = [...generations]
    .filter(([, { length }]) => length > 1 + promised.restarts)
    .map(([name, { length }]) => `${name} was made ${length} times.`)
  const there = new Set(store.names())
  const ghosts = making
    .filter(({ recordingObject }) => !there.has(`${uploads}/${recordingObject}`))
    .map(({ id }) => `Run ${shortId(id)} is there, and its recording was deleted.`)
  const unmade = store.uploads
    .filter(({ name, generation }) => store.isCurrent({ bucket: uploads, name, generation }))
    .filter(({ createdAt }) => createdAt.getTime() > deletedMs)
    .filter(({ name, generation }) => !generations.has(`${name} ${generation}`))
    .map(({ name, generation }) => `${name} ${generation} was never made.`)
  return [...often, ...ghosts, ...unmade]
}

/** Who was told that a run is cancelled, or that decisions are taken, was told the truth. */
function aboutPromises({ promised }: World, { runs }: Rows): string[] {
  const states = new Map(runs.map(({ id, status }) => [id, status]))
  return promised.cancelled
    .filter((id) => (states.get(id) ?? 'cancelled') !== 'cancelled')
    .map((id) => `Run ${shortId(id)} was cancelled and is ${states.get(id)}.`)
}
