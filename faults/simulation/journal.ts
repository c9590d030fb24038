/**
 * Reads the journal of a schedule, every committed change in its order, and complains of those that no step, run or
 * episode may make. Hides how it is known which process made a change: each has connections of its own.
 */
import type { World } from './world.ts'
import { shortId } from './task-queue.ts'

type Row = Readonly<Record<string, unknown>>

interface Entry {
  readonly backend: number
  readonly at: Date
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

export async function readJournal({ database, processes }: World): Promise<History> {
  const entries = await database.rows<Entry>(
    'SELECT backend, at, relation, before, after FROM simulated.journal ORDER BY seq',
  )
  const owners = new Map(
    processes.all.flatMap((one) => one.backends.map(({ pid }) => [pid, one.name] as const)),
  )
  const complaints: string[] = []
  const runs = new Map<string, string>()
  const claims = new Map<string, string>()
  const news: Record<string, number> = {}
  const complain = (entry: Entry, what: string): void => {
    complaints.push(`${owners.get(entry.backend) ?? 'somebody'}: ${nameOf(entry)} ${what}`)
  }
  const tell = (event: string): void => void (news[event] = (news[event] ?? 0) + 1)
  for (const entry of entries) {
    if (entry.relation === 'runs') followRun(entry, runs, complain, tell)
    else if (entry.relation === 'steps') followStep(entry, runs, claims, owners, complain)
    else followEpisode(entry, tell)
  }
  return { complaints, news }
}

type Complain = (entry: Entry, what: string) => void

function followRun(
  entry: Entry,
  runs: Map<string, string>,
  complain: Complain,
  tell: (event: string) => void,
): void {
  const { before, after } = entry
  const status = text(after['status'])
  runs.set(text(after['id']), status)
  if (!before) return
  const earlier = text(before['status'])
  if (!runMoves[earlier]!.includes(status)) complain(entry, `goes from ${earlier} to ${status}`)
  if (number(after['processed']) < number(before['processed']))
    complain(entry, 'has less of it done than before')
  if (before['committed'] === true && after['committed'] !== true) complain(entry, 'is no longer committed')
  if (before['committed'] === true && status === 'cancelled')
    complain(entry, 'is cancelled behind its point of no return')
  if (revisionOf(after) < revisionOf(before)) complain(entry, 'goes back to an earlier revision')
  if (status === 'failed' && earlier !== 'failed') tell('episode.failed')
}

const revisionOf = ({ context }: Row): number => number((context as Row)['decisionRevision'])

function followStep(
  entry: Entry,
  runs: ReadonlyMap<string, string>,
  claims: Map<string, string>,
  owners: ReadonlyMap<number, string>,
  complain: Complain,
): void {
  const { before, after, backend, at } = entry
  const run = runs.get(text(after['run_id']))
  const owner = owners.get(backend) ?? 'somebody'
  if (!before) {
    if (run !== 'queued' && run !== 'started') complain(entry, `is begun in a run that is ${run}`)
    return
  }
  const [was, is] = [text(before['status']), text(after['status'])]
  if (was === 'done' || was === 'failed') complain(entry, `is ${was} and changes`)
  if (number(after['turn']) < number(before['turn'])) complain(entry, 'goes back to an earlier turn')
  if (number(after['progress']) < number(before['progress']))
    complain(entry, 'has less of it done than before')
  const isLeased = was === 'running' && new Date(text(before['lease_until'])) > at
  const isClaim = is === 'running' && number(after['attempt']) === number(before['attempt']) + 1
  if (isClaim) {
    if (isLeased) complain(entry, 'is claimed while another attempt holds it')
    if (run !== 'started') complain(entry, `is claimed in a run that is ${run}`)
    claims.set(claimOf(after), owner)
    return
  }
  if (is === 'done' && run !== 'started') complain(entry, `is done in a run that is ${run}`)
  if (is === 'done' && was !== 'running') complain(entry, `is done and was ${was}`)
  if (was !== 'running' || claims.get(claimOf(before)) === owner) return
  // somebody else may give it up for lost, or give it a new turn
  const isGivenUp = !isLeased && (is === 'failed' || number(after['turn']) > number(before['turn']))
  if (!isGivenUp)
    complain(entry, `is changed to ${is} by somebody else than ${claims.get(claimOf(before)) ?? 'nobody'}`)
}

const claimOf = (row: Row): string =>
  [row['run_id'], row['step'], row['part'], row['turn'], row['attempt']].map(text).join('/')

function followEpisode({ before, after }: Entry, tell: (event: string) => void): void {
  const [was, is] = [text(before?.['status']), text(after['status'])]
  if (was === is) return
  if (is === 'published' || is === 'awaiting_review') tell(`episode.${is}`)
  if (is === 'processed' && after['hold_reason'] === 'unpublished') tell('episode.unpublished')
  else if (is === 'processed' && was === 'processing') tell('episode.processed')
}

const text = (value: unknown): string => String(value)
const number = (value: unknown): number => Number(value ?? 0)

function nameOf({ relation, after }: Entry): string {
  if (relation === 'steps')
    return `${text(after['step'])}/${text(after['part'])} of run ${shortId(text(after['run_id']))}`
  return `${relation === 'runs' ? 'run' : 'episode'} ${shortId(text(after['id']))}`
}
