/**
 * The build that deploys: cloudbuild.yaml, whose one step a function is derived from the catalogue. What a step does
 * is a script in deploy/steps/; here stand their order, their settings and what an operator may set.
 * Schema: https://cloud.google.com/build/docs/build-config-file-schema
 */
import { stringify } from 'yaml'
import { catalogue, sweepSchedule, timeoutSeconds } from '../functions/index.ts'
import { nameOf, type DeployedFunction } from '../shared/engine/serve.ts'
import { accountName, secretName } from './names.ts'

/** With npm and a shell; the tests need its apt for ffmpeg. */
const nodeImage = 'node:24-bookworm'
/** gcloud and bash (https://cloud.google.com/sdk/docs/downloads-docker). */
const gcloudImage = 'gcr.io/google.com/cloudsdktool/google-cloud-cli:stable'
const dockerImage = 'gcr.io/cloud-builders/docker'

/** What an operator may set, with what it is otherwise. */
export const substitutions = {
  _REGION: 'us-central1',
  /** `false` leaves the tests to whoever merged. */
  _TEST: 'true',
  /**
   * How functions reach the database. This is Direct VPC egress to a private address. One's own PostgreSQL at a public
   * address: `--clear-network`. A Cloud SQL over its socket: `--clear-network --set-cloudsql-instances=PROJECT:REGION:NAME`.
   */
  _DATABASE_FLAGS: '--network=spool --subnet=spool --vpc-egress=private-ranges-only',
  /** More seldom for a database that is to sleep: docs/deploy.md. */
  _SWEEP_SCHEDULE: sweepSchedule,
  /** Where listeners reach the public bucket; empty: straight from Cloud Storage. */
  _PUBLIC_BASE_URL: '',
  /** A model in `models/` of the bucket of working files that transcribes where no provider does: docs/words.md. */
  _EARS_MODEL: '',
  _CONSOLE_ISSUER: '',
  _CONSOLE_CLIENT_ID: '',
} as const

const migrateImage = '${_REGION}-docker.pkg.dev/$PROJECT_ID/cloud-run-source-deploy/spool-migrate:$BUILD_ID'

/** The flags in which functions differ; those that all have stand in deploy/steps/function.sh. */
export const functionFlags = (entry: DeployedFunction): string[] => [
  `--memory=${entry.memory}`,
  `--cpu=${entry.cpu}`,
  // less than a core exists in the first generation only (https://cloud.google.com/run/docs/configuring/services/cpu)
  `--execution-environment=${entry.cpu < 1 ? 'gen1' : 'gen2'}`,
  `--concurrency=${entry.concurrency}`,
  `--timeout=${timeoutSeconds(entry)}`,
  `--min-instances=${entry.minInstances}`,
  `--max-instances=${entry.maxInstances}`,
  `--service-account=${accountName(entry.account)}@$PROJECT_ID.iam.gserviceaccount.com`,
  `--set-secrets=${entry.secrets.map((secret) => `${secret}=${secretName(secret)}:latest`).join(',')}`,
]

const script = (file: string, ...args: string[]) => ({
  name: gcloudImage,
  entrypoint: 'bash',
  args: [`deploy/steps/${file}`, ...args],
})

const deployed = (entry: DeployedFunction) => ({
  id: `deploy-${nameOf(entry)}`,
  ...script(
    'function.sh',
    nameOf(entry),
    entry.trigger === 'http' ? 'public' : 'private',
    ...functionFlags(entry),
  ),
  waitFor: ['queues', 'migrate'],
})

export const build = () => ({
  steps: [
    {
      id: 'install',
      name: nodeImage,
      entrypoint: 'npm',
      args: ['ci', '--no-audit', '--no-fund'],
      waitFor: ['-'],
    },
    {
      id: 'test',
      name: nodeImage,
      entrypoint: 'sh',
      args: ['-c', 'if [ "${_TEST}" = true ]; then ./spool test; fi'],
      waitFor: ['install'],
    },
    {
      id: 'bundle',
      name: nodeImage,
      entrypoint: 'node',
      args: ['deploy/bundle.ts', 'dist'],
      waitFor: ['install'],
    },
    {
      id: 'migrate-image',
      name: dockerImage,
      args: ['build', '--tag', migrateImage, '--file', 'deploy/migrate.dockerfile', 'dist/migrate'],
      waitFor: ['bundle'],
    },
    {
      id: 'migrate-push',
      name: dockerImage,
      args: ['push', migrateImage],
      waitFor: ['migrate-image', 'test'],
    },
    // before any function: the version that serves runs on the new schema, and the new one on nothing else
    { id: 'migrate', ...script('migrate.sh', migrateImage), waitFor: ['migrate-push'] },
    { id: 'queues', ...script('queues.sh'), waitFor: ['test', 'bundle'] },
    ...catalogue.map(deployed),
    {
      id: 'smoke',
      name: nodeImage,
      entrypoint: 'node',
      args: ['deploy/smoke.ts'],
      secretEnv: ['FIRST_API_KEY'],
      waitFor: catalogue.map((entry) => `deploy-${nameOf(entry)}`),
    },
    { id: 'switch', ...script('switch.sh'), waitFor: ['smoke'] },
    { id: 'triggers', ...script('triggers.sh'), waitFor: ['switch'] },
  ],
  substitutions,
  availableSecrets: {
    secretManager: [
      {
        versionName: `projects/$PROJECT_ID/secrets/${secretName('FIRST_API_KEY')}/versions/latest`,
        env: 'FIRST_API_KEY',
      },
    ],
  },
  options: {
    env: [
      'PROJECT_ID=$PROJECT_ID',
      'PROJECT_NUMBER=$PROJECT_NUMBER',
      'BUILD_ID=$BUILD_ID',
      'REGION=${_REGION}',
      'DATABASE_FLAGS=${_DATABASE_FLAGS}',
      'SWEEP_SCHEDULE=${_SWEEP_SCHEDULE}',
      'PUBLIC_BASE_URL=${_PUBLIC_BASE_URL}',
      'EARS_MODEL=${_EARS_MODEL}',
      'CONSOLE_ISSUER=${_CONSOLE_ISSUER}',
      'CONSOLE_CLIENT_ID=${_CONSOLE_CLIENT_ID}',
    ],
    logging: 'CLOUD_LOGGING_ONLY',
    machineType: 'E2_HIGHCPU_8',
  },
  timeout: '5400s',
})

export const cloudbuildYaml = (): string =>
  `# Made from functions/index.ts by \`node deploy/make.ts\`; the steps are in deploy/cloudbuild.ts, change it there.
# docs/deploy.md says how it is run.
${stringify(build(), { lineWidth: 110, aliasDuplicateObjects: false })}`
