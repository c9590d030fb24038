/** The page docs/scale.md: what the model of bench/scale.ts says, and what follows from it. */
import {
  asks,
  askedBy,
  breaks,
  costOf,
  deploymentFor,
  episodeOf,
  flowOn,
  flowSteps,
  limits,
  measured,
  needsOf,
  peakFactor,
  peakRate,
  type Episode,
} from '../bench/scale.ts'
import { prices } from '../bench/prices.ts'

const target = 1_000_000
const keptDays = 7
const half = episodeOf(30)
const hour = episodeOf(60)
const longest = episodeOf(600)
const needs = needsOf(half)
const rate = peakRate(target)

const whole = (value: number): string => Math.round(value).toLocaleString('en')
/** Two digits are all that a model is good for. */
const about = (value: number): string => whole(Number(value.toPrecision(2)))
const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`
const gigabytes = (bytes: number): string => about(bytes / 1e9)

const needsTable = (): string =>
  [
    row('', '30 min', '1 h', '10 h'),
    '|---|--:|--:|--:|',
    ...(
      [
        ['tasks', (of) => needsOf(of).tasks],
        ['connections opened', (of) => needsOf(of).connections],
        ['statements', (of) => needsOf(of).statements],
        ['explicit transactions', (of) => needsOf(of).transactions],
        ['writes to the store (class A)', (of) => needsOf(of).writes],
        ['reads (class B)', (of) => needsOf(of).reads],
        ['seconds of work in `audio`', (of) => needsOf(of).ofQueue['audio']!.seconds],
        ['… in `vendors` (assumed)', (of) => needsOf(of).ofQueue['vendors']!.seconds],
        ['… in `light`', (of) => needsOf(of).ofQueue['light']!.seconds],
      ] as [string, (of: Episode) => number][]
    ).map(([what, of]) => row(what, ...[half, hour, longest].map((episode) => whole(of(episode))))),
  ].join('\n')

const stepTable = (): string => {
  const parts = new Map(flowSteps(half).map((step) => [step.name, step.parts]))
  return [
    row('step', 'tasks', 'connections', 'statements', 'writes', 'reads'),
    '|---|--:|--:|--:|--:|--:|',
    ...Object.keys(asks).map((step) => {
      const { connections, statements, writes, reads } = askedBy(step, half)
      return row(`\`${step}\``, parts.get(step) ?? '1 event', connections, statements, writes, reads)
    }),
  ].join('\n')
}

const remedies: Readonly<Record<string, string>> = {
  'slots of queue `vendors`':
    '`CALLBACKS_URL`: then AssemblyAI, Scribe and Deepgram call back, and `recognise` defers and holds no slot meanwhile; only ' +
    'servers that speak OpenAI’s wire format keep it. Else more slots. The provider’s own limit on calls at once stays',
  'slots of queue `audio`':
    'more slots, as many instances, and a quota for their CPUs. Nothing else in the product changes',
  'slots of queue `light`': 'more slots; they cost next to nothing',
  'dispatches of queue `audio`':
    'shards: `audio-0` … `audio-n`, chosen by the hash of the run in `engine/enqueue.ts`; nothing depends on a task’s queue but ' +
    'its limits. A project may have 1000 queues a region',
  'PostgreSQL of':
    'PgBouncer, which takes away the process for every connection; then cores; then a database for a share of the users: ' +
    'no statement of a run or a request needs rows of two users',
  'writes to a bucket':
    'the bucket follows by itself when the rate no more than doubles in 20 minutes: names begin with user or episode, ' +
    'then a hash. One user with most of the load has one prefix, and is the case to watch',
}

const breakTable = (): string =>
  [
    row('', 'breaks at (episodes a day)', 'what breaks', 'what to do'),
    '|--:|--:|---|---|',
    ...breaks(half).map(({ what, episodesPerDay }, i) => {
      const remedy = Object.entries(remedies).find(([start]) => what.startsWith(start))![1]
      return row(i + 1, about(episodesPerDay), what, remedy)
    }),
  ].join('\n')

const deploymentTable = (): string =>
  [
    row(
      'episodes a day',
      'slots `audio`',
      '`vendors`',
      '`light`',
      'shards of `audio`',
      'connections/s',
      'writes/s',
      'cores of PostgreSQL',
      'last of the peak',
    ),
    '|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...[10_000, 100_000, 300_000, target].map((episodesPerDay) => {
      const deployment = deploymentFor(episodesPerDay, half)
      const { slots, audioShards, connectionsPerSecond, writesPerSecond, databaseCores } = deployment
      const { lastSeconds } = flowOn(episodesPerDay, half, deployment)
      return row(
        whole(episodesPerDay),
        ...['audio', 'vendors', 'light'].map((name) => whole(slots[name]!)),
        audioShards,
        whole(connectionsPerSecond),
        whole(writesPerSecond),
        databaseCores,
        `${lastSeconds.toFixed(0)} s`,
      )
    }),
  ].join('\n')

const costTable = (): string => {
  const costs = Object.entries(costOf(half, keptDays))
  const all = costs.reduce((sum, [, dollars]) => sum + dollars, 0)
  return [
    row('', 'an episode', `${whole(target)} a day`),
    '|---|--:|--:|',
    ...[...costs, ['**together**', all] as const].map(([what, dollars]) =>
      row(what, `$${dollars.toFixed(5)}`, `$${about(dollars * target)}`),
    ),
  ].join('\n')
}

const rowsPerDay = target * needs.tasks
const walPerDay = rowsPerDay * measured.walBytesPerTask
const lockSeconds = (longest.chunks * measured.commitMs) / 1000

export const scalePage = (): string => `# A million episodes a day, on paper

Made from \`bench/scale.ts\` by \`node docs/make.ts\`; change it there. The graph and the slots are those of \`functions/index.ts\`. What a step asks
of its servers is counted on the wire by \`tests/bench/scale.test.ts\`, which fails when it changes. Seconds are the CPU that
\`./spool bench --quick\` measured on two cores (${measured.asOf}), and a quarter more for waiting. Nobody has run this load. Assumed: half an hour of stereo, no assets, nothing spoken; a provider
that transcribes thirty times as fast as one listens and answers the call itself; a busiest hour of ${peakFactor} times the mean, which is
${rate.toFixed(0)} episodes and ${whole(rate * needs.tasks)} tasks a second.

## What an episode takes

${needsTable()}

Of half an hour:

${stepTable()}

An audio task opens two connections, to claim and to commit, and none while it works. Of its nine statements four stand under the run’s row lock (lock and end, count, progress,
COMMIT).
A task of more than ten seconds adds a heartbeat's connection and four statements every ten.

## What breaks, in this order

${breakTable()}

Not in the table, since no number of episodes a day brings them about, but time does:

- **Nothing is ever deleted.** Rows of runs and steps stay, and so do objects in the work bucket. A million episodes a day are ${whole(rowsPerDay / 1e6)} million rows of
  \`steps\` (${gigabytes(rowsPerDay * measured.stepRowBytes)} GB before indexes) and ${about((target * half.pcmBytes) / 1e12)} TB of PCM. To do: partition \`steps\` and \`runs\` by month of the run
  and drop partitions; a lifecycle rule on \`w/\`. The rows must go first: a step takes an earlier result over by its row, and does not look whether its objects
  are still there.
- **Write-ahead log**: ${(measured.walBytesPerTask / 1024).toFixed(0)} KiB a task, ${gigabytes(walPerDay)} GB a day. A row of \`steps\` (${measured.stepRowBytes} bytes, most of it the run's context) is written
  four times, and the run's own row (${measured.runRowBytes} bytes) twice with every commit. Narrower contexts of parts, and
  progress noted by heartbeats alone, would make it less.
- **The sweep** reads overdue rows through a partial index on unfinished ones and so does not grow with the table.
- **Quotas of one user** (\`RUNS_PER_HOUR\`, \`MINUTES_PER_MONTH\`) are meant for small producers; a counter's row is locked twice an episode of its user.

## Fan-in

Commits of one run stand in line for its row. 600 parts of ten hours, 16 at once, claim and commit on a PostgreSQL that flushes every commit: ${measured.commitMs} ms each,
no more than with 60 (\`node bench/fan-in.ts\`; client and server on the same two cores). So all ${longest.chunks} parts take ${lockSeconds.toFixed(0)} s in line at worst, beside
${whole(needsOf(longest).ofQueue['audio']!.seconds)} s of work; with a millisecond to the database six round trips still let 100 parts a second through. Runs do not wait for each other.

## PgBouncer

Transaction mode is what the product is written for, and what it demands is kept: no \`SET\`, \`LISTEN\`, session lock, temporary table or named statement (the counting test
looks for them), time limits on the client's side; \`SET LOCAL\` and a lock of the transaction only in migrations. Every task opens its connections anew, so
${whole(rate * needs.connections)} clients a second come and go at a million a day: several PgBouncers behind one address, \`auth_query\` or a file rather than a look-up each time,
\`max_client_conn\` 5000, \`default_pool_size\` 50 for each. Statements of two milliseconds keep about ${about(rate * needs.statements * 0.002)} server sessions busy.

## What to deploy

${deploymentTable()}

Slots are instances of one CPU, with a quarter to spare; the last column is how long an episode of the busiest minutes took in the model (\`bench/flow.ts\`), of which
${half.minutes * 2} s are the provider's. Cloud Tasks dispatches ${limits.dispatchesPerSecond} tasks a second from a queue; a bucket that is not warm takes ${whole(limits.bucketWritesPerSecond)} writes and
${whole(limits.bucketReadsPerSecond)} reads a second (a million a day read ${whole(rate * needs.reads)}). One object takes one write a second: a podcast's feed, so one podcast publishes no faster.

## What it costs

By list prices of ${prices.asOf}, without the database, the provider and what listeners download.

${costTable()}

A download of the episode is ${(half.mp3Bytes / 1e6).toFixed(0)} MB: $${((half.mp3Bytes / 2 ** 30) * prices.perGibDownloaded).toFixed(4)} straight from the bucket, so anybody with listeners puts a CDN before \`p/\`. The provider is by far the most:
at a quarter of a dollar an hour, ${about(target * (half.minutes / 60) * 0.25)} dollars a day.
`
