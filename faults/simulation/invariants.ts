/**
 * What is true of every world once everything in it has come to its end, whatever happened on the way; each question is
 * asked of rows and objects, never of calls. A complaint is a line that says what is not so.
 */
import { audioName, feedName, publicFolder, workFolder } from '../../shared/objects.ts'
import { readJournal } from './journal.ts'
import type { Scenario } from './scenarios.ts'
import { shortId } from './task-queue.ts'
import { mp3 } from './toys.ts'
import type { World } from './world.ts'

interface RunRow {
  readonly id: string
  readonly status: string
  readonly stopReason: string | null
  readonly episodeId: string
  readonly publication: string | null
  readonly revision: number | null
  readonly warnings: readonly { readonly code: string }[]
  readonly isPurged: boolean
  readonly userId: string
  readonly recordingObject: string
  readonly generation: string
}

interface StepRow {
  readonly runId: string
  readonly step: string
  readonly part: number
  readonly status: string
  readonly made: string | null
  readonly bought: string | null
  readonly revision: number | null
  readonly inputKey: string | null
  readonly effects: number
  readonly reused: boolean
}

interface Rows {
  readonly runs: readonly RunRow[]
  readonly steps: readonly StepRow[]
}

export async function complaintsAbout(world: World, scenario: Scenario): Promise<string[]> {
  const rows = await readRows(world)
  const history = await readJournal(world)
  return [
    ...history.complaints,
    ...aboutRefusals(world),
    ...[...world.processes.rash].map((text) => `${text}.`),
    ...world.hasty.map((task) => `The task of ${task} ends before its step is done.`),
    ...world.forgotten.map((step) => `Nothing calls for ${step} but a sweep.`),
    ...aboutUploads(world, rows, await deletedBefore(world)),
    ...rows.runs.flatMap((run) => aboutRun(run, rows, scenario)),
    ...rows.steps.flatMap((step) => aboutEffects(step)),
    ...aboutPromises(world, rows),
    ...aboutObjects(world, rows),
    ...aboutPurchases(world, rows),
    ...(await aboutCounts(world)),
    ...(await aboutDecisions(world)),
    ...(await aboutListeners(world)),
    ...(await aboutNews(world, history.news)),
    ...(await aboutDeletions(world)),
  ]
}

async function readRows({ database }: World): Promise<Rows> {
  const runs = await database.rows<RunRow>(
    `SELECT id, status, user_id AS "userId", stop_reason AS "stopReason", context->>'recordingObject' AS "recordingObject",
            context->>'recordingGeneration' AS generation, episode_id AS "episodeId", warnings,
            context->>'publication' AS publication, (context->>'decisionRevision')::int AS revision,
            EXISTS (SELECT 1 FROM purges WHERE run_id = runs.id) AS "isPurged"
     FROM runs ORDER BY id`,
  )
  const steps = await database.rows<StepRow>(
    `SELECT run_id AS "runId", step, part, status, output->>'made' AS made, output->>'bought' AS bought,
            (context->>'decisionRevision')::int AS revision, input_key AS "inputKey", reused,
            (SELECT count(*)::int FROM simulated.effects e WHERE (e.run_id, e.step, e.part) = (s.run_id, s.step, s.part)) AS effects
     FROM steps s ORDER BY run_id, step, part`,
  )
  return { runs, steps }
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

function aboutRun(run: RunRow, { steps }: Rows, { parts, attempts }: Scenario): string[] {
  const name = `Run ${shortId(run.id)}`
  const own = steps.filter(({ runId }) => runId === run.id)
  const complaints: string[] = []
  const isExhausted = attempts !== undefined && run.stopReason === exhausted
  if (!reasons.has(run.stopReason) && !isExhausted)
    complaints.push(`${name} is ${run.status}: ${run.stopReason}.`)
  if (run.status === 'awaiting_review' && own.filter(({ status }) => status === 'pending').length !== 1)
    complaints.push(`${name} waits for its producer, and not one step with it.`)
  if (run.status === 'failed' && !run.isPurged && !own.some(({ status }) => status === 'failed'))
    complaints.push(`${name} failed, and none of its steps did.`)
  for (const { step, made } of own)
    if (made !== null && !made.startsWith(workFolder(run.userId)))
      complaints.push(`${step} of ${name} has ${made}, which is somebody else's.`)
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

/** Until when everything was deleted, in milliseconds since 1970; 0 when never. */
async function deletedBefore({ database }: Pick<World, 'database'>): Promise<number> {
  const [found] = await database.rows<{ askedAt: Date | null }>(
    `SELECT max(asked_at) AS "askedAt" FROM deletions WHERE episode_id IS NULL AND podcast_id IS NULL`,
  )
  return found?.askedAt?.getTime() ?? 0
}

/** Who was told that a run is cancelled, or that decisions are taken, was told the truth. */
function aboutPromises({ promised }: World, { runs }: Rows): string[] {
  const states = new Map(runs.map(({ id, status }) => [id, status]))
  return promised.cancelled
    .filter((id) => (states.get(id) ?? 'cancelled') !== 'cancelled')
    .map((id) => `Run ${shortId(id)} was cancelled and is ${states.get(id)}.`)
}

/** What a step made is there, and what is there belongs to a step. */
function aboutObjects({ store, config, stolen }: World, { runs, steps }: Rows): string[] {
  const names = new Set(store.names())
  const purged = new Set(runs.filter(({ isPurged }) => isPurged).map(({ id }) => id))
  const { work } = config.buckets
  const lost = steps
    .filter(({ made, runId }) => made !== null && !purged.has(runId) && !names.has(`${work}/${made}`))
    .filter(({ made, reused }) => reused || !stolen.has(`${work}/${made}`))
    .map(({ step, made }) => `${made} of ${step} is lost.`)
  const named = new Set([...steps.flatMap(({ inputKey }) => inputKey ?? []), ...runs.map(({ id }) => id)])
  const stray = [...names]
    .filter((name) => name.startsWith(`${work}/`) && !named.has(name.split('/')[3]!))
    .map((name) => `${name} belongs to nobody.`)
  return [...lost, ...stray]
}

/** Nothing is paid for twice, unless nobody could know, and then its owner is told. */
function aboutPurchases({ vendor, looksUp, excuses, stolen }: World, { runs, steps }: Rows): string[] {
  const counts = Map.groupBy(vendor.charges, (what) => what)
  return [...counts].flatMap(([what, { length }]) => {
    const most = looksUp || (!excuses.has('fault') && stolen.size === 0) ? 1 : 2
    if (length > most) return [`${what} was paid for ${length} times.`]
    const had = steps.filter(({ bought, status }) => bought?.includes(what) === true && status === 'done')
    const told = (runId: string) =>
      runs.find(({ id }) => id === runId)!.warnings.some(({ code }) => code === 'possible_double_charge')
    return length === 2 && had.length > 0 && !had.some(({ runId }) => told(runId))
      ? [`${what} was paid for twice, and nobody was told.`]
      : []
  })
}

/** A counter says what its entries add up to, and a run that failed has nothing that it was charged. */
async function aboutCounts({ database }: World): Promise<string[]> {
  const wrong = await database.rows<{ kind: string; used: number; sum: number }>(
    `SELECT kind, used, sum
     FROM usage_counters c
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(amount), 0) AS sum
       FROM usage_entries e
       WHERE e.user_id = c.user_id AND e.kind = c.kind AND c.period = ANY (e.periods) AND refunded_at IS NULL
     ) AS entries
     WHERE used <> sum`,
  )
  const kept = await database.rows<{ runId: string }>(
    `SELECT r.id AS "runId" FROM runs r JOIN usage_entries u ON u.run_id = r.id
     WHERE r.status = 'failed' AND u.kind <> 'runs' AND u.refunded_at IS NULL`,
  )
  const uncounted = await database.rows<{ id: string }>(
    `SELECT id FROM runs
     WHERE context->>'publication' IS NULL
       AND 1 <> (SELECT count(*) FROM usage_entries u WHERE u.kind = 'runs' AND u.entry_key = runs.id::text)`,
  )
  return [
    ...wrong.map(({ kind, used, sum }) => `${used} ${kind} are counted, and ${sum} were charged.`),
    ...kept.map(({ runId }) => `Run ${shortId(runId)} failed and was not given back what it was charged.`),
    ...uncounted.map(({ id }) => `The start of run ${shortId(id)} is not counted once.`),
  ]
}

/** Revisions are counted, and each is one submission. */
async function aboutDecisions({ database, promised }: World): Promise<string[]> {
  const found = await database.rows<{ revision: number; count: number }>(
    'SELECT revision, count(*)::int AS count FROM edit_decisions GROUP BY episode_id, revision ORDER BY revision',
  )
  const isCounted = found.every(({ revision, count }, i) => revision === i + 1 && count === 1)
  if (isCounted && found.length >= promised.decisions) return []
  return [
    `Of ${promised.decisions} submissions there are ${found.map(({ revision, count }) => `${count} of revision ${revision}`).join(', ')}.`,
  ]
}

interface EpisodeRow {
  readonly id: string
  readonly podcastId: string
  readonly status: string
  readonly publishedHash: string | null
  readonly isPublished: boolean
  readonly hasLiveRun: boolean
}

/** The feed names what is published and nothing else, and every public file is what was published last. */
async function aboutListeners({ database, store, config }: World): Promise<string[]> {
  const episodes = await database.rows<EpisodeRow>(
    `SELECT id, podcast_id AS "podcastId", status, published IS NOT NULL AS "isPublished",
            published->>'contentHash' AS "publishedHash",
            EXISTS (SELECT 1 FROM runs WHERE episode_id = episodes.id AND status IN ('queued', 'started', 'awaiting_review')) AS "hasLiveRun"
     FROM episodes ORDER BY id`,
  )
  const complaints: string[] = []
  const texts = await publicTexts({ store, config })
  for (const [podcastId, own] of Map.groupBy(episodes, (one) => one.podcastId)) {
    const feed = texts.get(feedName(podcastId)) ?? ''
    const inFeed = [...feed.matchAll(/<guid[^>]*>([^<]+)<\/guid>/g)].map(([, guid]) => guid!).sort()
    const published = own.filter((one) => one.isPublished).map(({ id }) => id)
    if (inFeed.join() !== published.sort().join())
      complaints.push(
        `The feed names ${inFeed.map(shortId).join()}; published are ${published.map(shortId).join()}.`,
      )
  }
  for (const { id, podcastId, publishedHash, isPublished, status, hasLiveRun } of episodes) {
    const audio = texts.get(audioName(podcastId, id))
    if (isPublished && !hasLiveRun && (status === 'cancelled' || status === 'failed'))
      complaints.push(`Episode ${shortId(id)} is in the feed, and is ${status}.`)
    if (isPublished && audio !== mp3(publishedHash!))
      complaints.push(`Listeners of ${shortId(id)} get ${audio}.`)
    const left = [...texts.keys()].filter((name) => name.startsWith(publicFolder(podcastId, id)))
    if (!isPublished && left.length > 0)
      complaints.push(`${left.join()} is public, and its episode is ${status}.`)
    if (!hasLiveRun && ['processing', 'publishing', 'awaiting_review'].includes(status))
      complaints.push(`Episode ${shortId(id)} is ${status}, and no run is at work.`)
  }
  return complaints
}

async function publicTexts({ store, config }: Pick<World, 'store' | 'config'>): Promise<Map<string, string>> {
  const bucket = config.buckets.public
  const found = await store.list(bucket, '')
  const read = async ({ name }: { name: string }): Promise<[string, string]> => [
    name,
    (await store.read({ bucket, name })).toString('latin1'),
  ]
  return new Map(await Promise.all(found.map(read)))
}

/** Whoever wants to know was told of each move once. */
async function aboutNews({ database }: World, news: Readonly<Record<string, number>>): Promise<string[]> {
  const found = await database.rows<{ event: string; count: number }>(
    'SELECT event, count(*)::int AS count FROM webhook_deliveries GROUP BY event',
  )
  const [isThere] = await database.rows('SELECT 1 FROM webhooks')
  if (!isThere) return [] // everything of the user was deleted
  const told = Object.fromEntries(found.map(({ event, count }) => [event, count]))
  return [...new Set([...Object.keys(told), ...Object.keys(news)])]
    .filter((event) => (told[event] ?? 0) !== (news[event] ?? 0))
    .map((event) => `${event} happened ${news[event] ?? 0} times and was told ${told[event] ?? 0} times.`)
}

/** Nothing is left in a folder that was to be emptied, but what was uploaded afterwards. */
async function aboutDeletions({ database, store, config }: World): Promise<string[]> {
  const gone = await database.rows<{
    userId: string
    episodeId: string | null
    podcastId: string | null
    askedAt: Date
  }>(
    `SELECT user_id AS "userId", episode_id AS "episodeId", podcast_id AS "podcastId", asked_at AS "askedAt" FROM deletions`,
  )
  const complaints: string[] = []
  for (const { episodeId, podcastId } of gone) {
    if (episodeId === null || podcastId === null) continue
    const left = store.names().filter((name) => name.includes(episodeId))
    if (left.length > 0) complaints.push(`${left.join()} is left of a deleted episode.`)
    const rows = await database.rows('SELECT 1 FROM episodes WHERE id = $1', [episodeId])
    if (rows.length > 0) complaints.push(`Episode ${shortId(episodeId)} is deleted and is there.`)
  }
  const everything = gone.filter(({ episodeId, podcastId }) => episodeId === null && podcastId === null)
  if (everything.length === 0) return complaints
  const asked = await deletedBefore({ database })
  const [user] = await database.rows('SELECT 1 FROM users')
  const uploads = (await store.list(config.buckets.uploads, '')).filter(
    ({ createdAt }) => createdAt.getTime() < asked,
  )
  if (uploads.length > 0)
    complaints.push(`${uploads.map(({ name }) => name).join()} is left of a deleted user.`)
  const rest = store.names().filter((name) => !name.startsWith(`${config.buckets.uploads}/`))
  if (!user && rest.length > 0) complaints.push(`${rest.join()} is left of a deleted user.`)
  return complaints
}
