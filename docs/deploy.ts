/** The page docs/deploy.md: how to deploy, step by step, and what it costs by the lists of bench/prices.ts. */
import { prices } from '../bench/prices.ts'
import { costOf, episodeOf } from '../bench/scale.ts'
import { catalogue, database, queues } from '../functions/index.ts'
import { substitutions } from '../deploy/cloudbuild.ts'

const episode = episodeOf(30)
const keptDays = 30
const secrets = 6
/** Assumed: ten deploys' images, which share their base. */
const imageGib = 3
const databaseGib = 10
const sweepsPerMonth = 60 * 24 * 30
const sweepSeconds = 0.2

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const dollars = (value: number): string => `$${value.toFixed(2)}`

/** What is there whether or not anybody uploads, a month. */
const standing: readonly (readonly [what: string, dollars: number])[] = [
  ['Cloud SQL `db-f1-micro`, one zone', prices.databaseMicroMonth],
  [`its disk, ${databaseGib} GiB`, databaseGib * prices.perGibMonthOfDatabase],
  [
    'the sweep, every minute (the free allowance covers it)',
    (sweepsPerMonth * prices.perMillionRequests) / 1e6 +
      sweepsPerMonth * sweepSeconds * (prices.perVcpuSecond + prices.perGibSecond / 2),
  ],
  [`images, ${imageGib} GiB`, imageGib * prices.perGibMonthOfImages],
  [`${secrets} secrets (six are free)`, secrets * prices.perSecretMonth],
  ['its schedule (three are free)', prices.perScheduledJobMonth],
]

const each = sum(Object.values(costOf(episode, keptDays)))
const monthlyGib = (1000 * episode.pcmBytes) / 2 ** 30
const standingSum = sum(standing.map(([, value]) => value))
const withDatabase = standing.slice(0, 2).reduce((total, [, value]) => total + value, 0)

const costTable = (): string =>
  [
    '| a month | 0 episodes | 10 | 1,000 |',
    '|---|--:|--:|--:|',
    ...standing.map(
      ([what, value]) => `| ${what} | ${[0, 10, 1000].map(() => dollars(value)).join(' | ')} |`,
    ),
    `| episodes of half an hour: computing, requests, what is kept for ${keptDays} days | ${[0, 10, 1000].map((count) => dollars(count * each)).join(' | ')} |`,
    `| **together** | ${[0, 10, 1000].map((count) => `**${dollars(standingSum + count * each)}**`).join(' | ')} |`,
    `| with a database of your own that costs nothing while it sleeps | ${[0, 10, 1000].map((count) => dollars(standingSum - withDatabase + count * each)).join(' | ')} |`,
  ].join('\n')

const others = catalogue.filter(({ trigger }) => trigger !== 'task')
const ofOthers = sum(others.map(({ maxInstances, concurrency }) => maxInstances * concurrency))
const ofQueues = Object.entries(queues).map(
  ([name, { maxConcurrentDispatches }]) => `\`${name}\` ${maxConcurrentDispatches}`,
)

export const deployPage = (): string => `# Deploy

Made from \`docs/deploy.ts\` by \`node docs/make.ts\`; change it there. From an empty Google Cloud project to a Spool that makes episodes: half an hour, of which most is
waiting. Nobody has run it on a real project yet: what could be checked without one is checked by \`./spool test\` (\`tests/deploy/\`), and every command was read by gcloud's own
parser (528.0.0).

You need a Google Cloud project with billing, of which you are the owner, [gcloud](https://cloud.google.com/sdk/docs/install) 528 or newer with the components \`alpha\` and \`beta\`
(\`gcloud components install alpha beta\`), openssl, and this folder.

## 1. Look first

\`\`\`sh
gcloud auth login
deploy/setup.sh --project my-project --dry-run | less      # every command, and none is run
\`\`\`

## 2. Set up, once (about 15 minutes)

\`\`\`sh
deploy/setup.sh --project my-project --region ${substitutions._REGION} --alerts-to me@example.org
\`\`\`

It makes: services; roles of one permission each and a service account for each kind of function; five buckets; queues; secrets with first values; a network with a
Cloud SQL in it; what the builder needs; metrics, alerts and a dashboard. Run it again whenever you like, for instance after an error: what is there stays.

| option | |
|---|---|
| \`--database-url URL\` | a PostgreSQL of your own, 15 or newer, in place of Cloud SQL ([below](#a-database-of-your-own)) |
| \`--tier db-g1-small\` | a larger Cloud SQL |
| \`--github OWNER/REPO\` | deploys what is merged to \`--branch\` (main). Connect the repository first: console, Cloud Build, Repositories |
| \`--cdn media.example.org\` | Cloud CDN before the public bucket, ${dollars(prices.perForwardingRuleMonth)} a month. Then point the domain at \`gcloud compute addresses describe spool-public --global\` and wait for the certificate |

## 3. Deploy (about 15 minutes the first time)

The set-up prints the command; it is

\`\`\`sh
gcloud builds submit --project=my-project --region=${substitutions._REGION} --config=cloudbuild.yaml \\
  --service-account=projects/my-project/serviceAccounts/spool-builder@my-project.iam.gserviceaccount.com \\
  --gcs-source-staging-dir=gs://my-project-spool-build/source --substitutions=_REGION=${substitutions._REGION}
\`\`\`

\`cloudbuild.yaml\` installs, tests, bundles, migrates the database, sets the queues, deploys all ${catalogue.length} functions side by side **without traffic** under the tag of this build,
makes an episode of a two-second recording with them, and only then switches the traffic and sets the triggers. When anything fails before, nothing has changed for anybody but the schema, which the
version that serves runs on as well. When the switch fails half way it is taken back.

| substitution | default | |
|---|---|---|
| \`_REGION\` | \`${substitutions._REGION}\` | as in the set-up |
| \`_TEST\` | \`${substitutions._TEST}\` | \`false\` leaves the tests to whoever merged |
| \`_DATABASE_FLAGS\` | \`${substitutions._DATABASE_FLAGS}\` | how functions reach the database; the set-up prints the right ones |
| \`_SWEEP_SCHEDULE\` | \`${substitutions._SWEEP_SCHEDULE}\` | how often lost tasks are looked for |
| \`_EARS_MODEL\` | | a model of your own that transcribes where no provider does ([words.md](words.md)) |
| \`_PUBLIC_BASE_URL\` | | where listeners reach the public bucket; empty: \`https://storage.googleapis.com/my-project-spool-public\` |

## 4. Try it

\`\`\`sh
KEY=$(gcloud secrets versions access latest --secret=spool-first-api-key --project=my-project)
API=$(gcloud run services describe spool-api --project=my-project --region=${substitutions._REGION} --format='value(status.url)')
curl -H "authorization: Bearer $KEY" $API/runs
gcloud storage cp interview.words.json gs://my-project-spool-uploads/u/owner/my-show/first/
gcloud storage cp interview.wav gs://my-project-spool-uploads/u/owner/my-show/first/     # the recording last: it starts the run
curl -H "authorization: Bearer $KEY" $API/runs?limit=1
\`\`\`

Not there yet: providers' keys cannot be given to a deployed Spool (\`./spool key\` knows the local one only), so bring words beside the recording.

\`$API/openapi.json\` has the whole API; the key is the user \`owner\`'s. What goes wrong, and every alert: [runbook.md](runbook.md).

## What it costs

By list prices of ${prices.asOf} in \`${substitutions._REGION}\`, without the free allowances, the provider that transcribes, and what listeners download (${dollars(prices.perGibDownloaded)} a GiB straight from the bucket).

${costTable()}

Nothing of an episode is deleted yet: a thousand more keep ${Math.round(monthlyGib)} GiB more of work, which adds ${dollars(monthlyGib * prices.perGibMonthStored)} to every later month ([scale.md](scale.md)).

With nothing uploaded only the sweep and the database run, so the database is nearly all of it. A deploy costs about ${dollars(15 * prices.perBuildMinute + catalogue.length * 2 * prices.perSmallBuildMinute)} of Cloud Build, less with
its free minutes.

## A database of your own

Any PostgreSQL from 15 on that Cloud Run reaches: \`--database-url 'postgresql://user:password@host/spool?sslmode=require'\`. Behind PgBouncer in transaction mode too: nothing the product asks for belongs to a session.
Where it stays at a private address of your own network, set \`_DATABASE_FLAGS\` to that network; for a Cloud SQL over its socket,
\`postgresql://user:password@/spool?host=/cloudsql/PROJECT:REGION:NAME\` with \`--clear-network --set-cloudsql-instances=PROJECT:REGION:NAME\` (and \`roles/cloudsql.client\` for the accounts).

**Two roles.** What migrates owns the tables (\`--database-url\`, kept in the secret \`spool-migration-database-url\`); the functions have a role of their own, \`spool_functions\` (\`spool-database-url\`), which may
read and write rows and can change neither tables nor the guards on them. Migrating makes it and grants it what there is. Where the owner may make no roles, or the server takes no password that has been hashed before
(Neon), make it by hand first, with the password from \`gcloud secrets versions access latest --secret=spool-database-url\`; where there can be one role only, put the owner's address into both secrets.
A set-up from before has the owner in \`spool-database-url\`: run the set-up again, put that address into the new secret, deploy, and then add a version of \`spool-database-url\` that names
\`spool_functions\` and a password, and deploy once more.

**A database that sleeps.** Cloud SQL does not. A serverless PostgreSQL does (Neon after five minutes without a query, and in its free plan 100 hours a month of one unit of computing,
[plans](https://neon.com/docs/introduction/plans)), but a sweep every minute would keep it awake: a quarter of a unit for a month is 183 hours. With \`_SWEEP_SCHEDULE='*/30 * * * *'\` it is awake for some five minutes of thirty, about 33 hours. What is
given up: a task that the queue loses is found after half an hour, not after a minute; take the alert \`no-sweep\` out, too. Its first connection after a sleep takes some hundred milliseconds, well within
what the product waits. Cloud SQL can be stopped by hand for a holiday: pause queues and sweep ([runbook.md](runbook.md#drain-and-stop)), then \`gcloud sql instances patch spool --activation-policy=NEVER\`.

**A slow start.** A new instance with Direct VPC egress may reach its network late, by a minute or more at worst ([limitations](https://cloud.google.com/run/docs/configuring/vpc-direct-vpc#limitations)). The product waits ten
seconds for a connection, answers 500, and the queue comes again: nothing is lost, and no attempt of the step is counted. Where it disturbs, keep an instance of the light functions
(\`minInstances\`), or take a database that is reached without it.

## More at once

All that may hold a connection at once must be fewer than the database has: a slot of a queue is one, and so is a call of the other functions. Now: ${ofQueues.join(', ')}, the others ${ofOthers}; of
${database.connections} connections ${database.kept} are kept free. A test adds it up. To raise it, change \`queues\` and \`database\` in \`functions/index.ts\`, then

\`\`\`sh
node deploy/make.ts && node docs/make.ts && ./spool test deploy
gcloud sql instances patch spool --tier=db-g1-small --database-flags=max_connections=100      # restarts it: a minute
\`\`\`

and deploy. \`db-f1-micro\` has 0.6 GB of memory, which is enough for ${database.connections} connections of a moment; \`db-g1-small\` (${dollars(prices.databaseSmallMonth)} a month) has 1.7 GB. From hundreds of connections on put PgBouncer between.
[scale.md](scale.md) says what breaks at which load, in which order.

## Take it away

\`deploy/teardown.sh --project my-project --dry-run\`, then without. Recordings, episodes, database and keys stay unless you say \`--with-data\`.
`
