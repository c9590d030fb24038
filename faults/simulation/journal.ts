/**
 * Reads the journal of a schedule, every committed change in its order, and complains of those that no step, run or
 * episode may make. Hides how it is known which process made a change: each has connections of its own.
 */
import { leaseMs, user, type World } from './world.ts'
import { shortId } from './task-queue.ts'

type Row = Readonly<Record<string, unknown>>

export interface Entry {
  readonly backend: number
  readonly atMs: number
  readonly relation: 'runs' | 'steps' | 'episodes'
  readonly before: Row | null
  readonly after: Row
}

/** What may become of a run. */
const runMoves: Readonly<Record<string, readonly string[]>> = {
  queued: ['queued', 'started', 'cancelled', 'failed'],
  started: ['started', 'awaiting_review', 'finished', 'cancelled', 'failed'],
  awaiting_review: ['awaiting_review', 'started', 'cancelled', 'failed'],
  finished: [],
  cancelled: [],
  failed: [],
}

export interface History {
  readonly complaints: readonly string[]
  /** How often an episode moved so that webhooks are told, by event. */
  readonly news: Readonly<Record<string, number>>
}

export function readJournal(world: World, entries: readonly Entry[]): History {
  const { processes } = world
  const owners = new Map(
    processes.all.flatMap((one) => one.backends.map(({ pid }) => [pid, one.name] as const)),
  )
  const complaints: string[] = []
  const seen: Seen = { runs: new Map(), claims: new Map(), steps: new Map(), owners, world }
  const news: Record<string, number> = {}
  const complain = (entry: Entry, what: string): void => {
    complaints.push(`${owners.get(entry.backend) ?? 'somebody'}: ${nameOf(entry)} ${what}`)
  }
  const tell = ({ after }: Entry, event: string): void => {
    if (after['user_id'] === user) news[event] = (news[event] ?? 0) + 1
  }
  for (const entry of entries) {
    if (entry.relation === 'runs') followRun(entry, seen, complain, tell)
    else if (entry.relation === 'steps') followStep(entry, seen, complain)
    else followEpisode(entry, seen, tell)
  }
  return { complaints, news }
}

/** What was read so far. */
interface Seen {
  /** The status of each run, and its episode. */
  readonly runs: Map<string, { readonly status: string; readonly episodeId: string }>
  /** Which process made each claim. */
  readonly claims: Map<string, string>
  /** The status of each step's parts, by run and step. */
  readonly steps: Map<string, Map<string, string>>
  /** Whose a connection is. */
  readonly owners: ReadonlyMap<number, string>
  readonly world: World
}

type Tell = (entry: Entry, event: string) => void
type Complain = (entry: Entry, what: string) => void

function followRun(entry: Entry, { runs }: Seen, complain: Complain, tell: Tell): void {
  const { before, after } = entry
  const status = text(after['status'])
  const episodeId = text(after['episode_id'])
  if (!before && [...runs.values()].some((one) => one.episodeId === episodeId && isLive(one.status)))
    complain(entry, 'is begun beside another run of its episode')
  runs.set(text(after['id']), { status, episodeId })
  if (!before) return
  const earlier = text(before['status'])
  if (!runMoves[earlier]!.includes(status)) complain(entry, `goes from ${earlier} to ${status}`)
  if (number(after['processed']) < number(before['processed']))
    complain(entry, 'has less of it done than before')
  if (before['committed'] === true && after['committed'] !== true) complain(entry, 'is no longer committed')
  if (before['committed'] === true && status === 'cancelled')
    complain(entry, 'is cancelled behind its point of no return')
  if (revisionOf(after) < revisionOf(before)) complain(entry, 'goes back to an earlier revision')
  if (status === 'failed' && earlier !== 'failed') tell(entry, 'episode.failed')
}

const isLive = (status: string): boolean => runMoves[status]!.length > 0

const revisionOf = ({ context }: Row): number => number((context as Row)['decisionRevision'])

function followStep(entry: Entry, seen: Seen, complain: Complain): void {
  const { before, after } = entry
  const parts = partsOf(seen, after['run_id'], after['step'])
  if (!before && !parts.has(text(after['part']))) followBeginning(entry, seen, complain)
  parts.set(text(after['part']), text(after['status']))
  if (!before) return
  const [was, is] = [text(before['status']), text(after['status'])]
  if (was === 'done' || was === 'failed') complain(entry, `is ${was} and changes`)
  if (number(after['turn']) < number(before['turn'])) complain(entry, 'goes back to an earlier turn')
  if (number(after['progress']) < number(before['progress']))
    complain(entry, 'has less of it done than before')
  if (is === 'running' && number(after['attempt']) > number(before['attempt']))
    followClaim(entry, seen, complain)
  else followHeld(entry, seen, complain)
}

const partsOf = ({ steps }: Seen, runId: unknown, step: unknown): Map<string, string> => {
  const key = `${text(runId)}/${text(step)}`
  if (!steps.has(key)) steps.set(key, new Map())
  return steps.get(key)!
}

/** A step begins in a run that is at work, when all before it is done. */
function followBeginning(entry: Entry, seen: Seen, complain: Complain): void {
  const { after } = entry
  const status = seen.runs.get(text(after['run_id']))?.status
  if (status !== 'queued' && status !== 'started') complain(entry, `is begun in a run that is ${status}`)
  const earlier = [...seen.world.services.pipeline.before(text(after['step']))]
  const isUnfinished = (step: string) =>
    [...partsOf(seen, after['run_id'], step).values()].some((one) => one !== 'done')
  for (const step of earlier.filter(isUnfinished)) complain(entry, `is begun before ${step} is done`)
}

/** The clocks of processes and of the database differ by as long as a schedule takes. */
const slackMs = 5_000

function followClaim(entry: Entry, { runs, claims, owners, world }: Seen, complain: Complain): void {
  const { backend, atMs, after } = entry
  const before = entry.before!
  const status = runs.get(text(after['run_id']))?.status
  if (status !== 'started') complain(entry, `is claimed in a run that is ${status}`)
  if (isLeased(entry)) complain(entry, 'is claimed while another attempt holds it')
  if (new Date(text(before['due_at'])).getTime() > atMs + slackMs)
    complain(entry, 'is claimed before it is due')
  const holder = text(before['status']) === 'running' ? claims.get(claimOf(before)) : undefined
  const isHeardOf = world.beats.some(
    (beat) => beat.process === holder && beat.atMs < atMs && beat.atMs + leaseMs > atMs,
  )
  if (isHeardOf) complain(entry, 'is claimed though the attempt that holds it was heard of')
  claims.set(claimOf(after), owners.get(backend) ?? 'somebody')
}

const isLeased = ({ before, atMs }: Entry): boolean =>
  before!['status'] === 'running' && new Date(text(before!['lease_until'])).getTime() > atMs

/** Only the attempt that holds a step changes it; anybody may give it up for lost, or give it a new turn. */
function followHeld(entry: Entry, { runs, claims, owners }: Seen, complain: Complain): void {
  const { after, backend } = entry
  const before = entry.before!
  const [was, is] = [text(before['status']), text(after['status'])]
  const run = runs.get(text(after['run_id']))?.status
  if ((is === 'done' || (is === 'failed' && was !== 'failed')) && run !== 'started')
    complain(entry, `is ${is} in a run that is ${run}`)
  if (is === 'done' && was !== 'running') complain(entry, `is done and was ${was}`)
  const isTurned = number(after['turn']) > number(before['turn'])
  if (was !== 'running') return
  const holder = claims.get(claimOf(before))
  if (holder === owners.get(backend)) {
    const isDeferred = is === 'pending' && isTurned
    if (isDeferred && number(after['attempt']) !== number(before['attempt']) - 1)
      complain(entry, 'is put off, and that counts as an attempt')
    return
  }
  const isGivenUp = !isLeased(entry) && (is === 'failed' || isTurned)
  if (!isGivenUp) complain(entry, `is changed to ${is} by somebody else than ${holder ?? 'nobody'}`)
}

const claimOf = (row: Row): string =>
  [row['run_id'], row['step'], row['part'], row['turn'], row['attempt']].map(text).join('/')

function followEpisode(entry: Entry, { runs }: Seen, tell: Tell): void {
  const { before, after } = entry
  const [was, is] = [text(before?.['status']), text(after['status'])]
  if (was === is) return
  const latest = [...runs.values()].findLast(({ episodeId }) => episodeId === text(after['id']))
  const isAgainWhatItWas = latest?.status === 'failed' || latest?.status === 'cancelled'
  if (isAgainWhatItWas && (was === 'processing' || was === 'awaiting_review')) return
  if (is === 'published' || is === 'awaiting_review') tell(entry, `episode.${is}`)
  if (is === 'processed' && after['hold_reason'] === 'unpublished') tell(entry, 'episode.unpublished')
  else if (is === 'processed' && was === 'processing') tell(entry, 'episode.processed')
}

const text = (value: unknown): string => String(value)
const number = (value: unknown): number => Number(value ?? 0)

function nameOf({ relation, after }: Entry): string {
  if (relation === 'steps')
    return `${text(after['step'])}/${text(after['part'])} of run ${shortId(text(after['run_id']))}`
  return `${relation === 'runs' ? 'run' : 'episode'} ${shortId(text(after['id']))}`
}
