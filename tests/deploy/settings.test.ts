// Functions, queues and schedule are what the services' own definitions have, and within the limits that they name.
import { describe, expect, test } from '@jest/globals'
import { build, functionFlags } from '../../deploy/cloudbuild.ts'
import { catalogue, queues, retries, sweepSchedule } from '../../functions/index.ts'
import { nameOf, type DeployedFunction } from '../../shared/engine/serve.ts'
import { dryRun, type Command } from '../support/dry-run.ts'
import { misfits, protosOf } from '../support/protos.ts'

const run = protosOf('@google-cloud/run/build/protos/protos.json')
const tasks = protosOf('@google-cloud/tasks/build/protos/protos.json')
const scheduler = protosOf('@google-cloud/scheduler/build/protos/protos.json')

const flagsOf = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    words
      .filter((word) => word.startsWith('--'))
      .map((word) => [word.slice(2).split('=')[0]!, word.slice(word.indexOf('=') + 1)]),
  )

/** As gcloud makes it of the flags: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
function serviceOf(entry: DeployedFunction) {
  const flags = flagsOf(functionFlags(entry))
  return {
    template: {
      containers: [
        {
          resources: { limits: { cpu: flags['cpu'], memory: flags['memory'] }, startupCpuBoost: true },
          env: flags['set-secrets']!.split(',').map((given) => {
            const [name, secret, version] = given.split(/[=:]/)
            return { name, valueSource: { secretKeyRef: { secret, version } } }
          }),
        },
      ],
      executionEnvironment: `EXECUTION_ENVIRONMENT_${flags['execution-environment']!.toUpperCase()}`,
      maxInstanceRequestConcurrency: Number(flags['concurrency']),
      timeout: `${flags['timeout']}s`,
      scaling: {
        minInstanceCount: Number(flags['min-instances']),
        maxInstanceCount: Number(flags['max-instances']),
      },
      serviceAccount: flags['service-account'],
      vpcAccess: {
        egress: 'PRIVATE_RANGES_ONLY',
        networkInterfaces: [{ network: 'spool', subnetwork: 'spool' }],
      },
    },
    customAudiences: ['https://spool'],
    invokerIamDisabled: entry.trigger === 'http',
  }
}

describe.each(catalogue.map((entry) => [nameOf(entry), entry] as const))(
  'The service of %s',
  (name, entry) => {
    const service = serviceOf(entry)

    test('is one that Cloud Run has', () => {
      expect(misfits(run, 'google.cloud.run.v2.Service', service)).toEqual([])
      const step = build().steps.find(({ id }) => id === `deploy-${name}`)!
      expect(step.args).toEqual(expect.arrayContaining(functionFlags(entry)))
    })

    test('has names and numbers within its limits', () => {
      const { template } = service
      // https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/create: under 50 characters
      expect(`spool-${name}`).toMatch(/^[a-z][a-z0-9-]{0,47}[a-z0-9]$/)
      // https://cloud.google.com/run/docs/about-concurrency
      expect(template.maxInstanceRequestConcurrency).toBeLessThanOrEqual(1000)
      // https://cloud.google.com/iam/docs/service-accounts-create: 6 to 30 characters
      expect(template.serviceAccount!.split('@')[0]).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/)
    })
  },
)

test('A service with a setting that is misspelt would be found out', () => {
  const [entry] = catalogue
  const service = serviceOf(entry!)
  const wrong = { ...service, template: { ...service.template, executionEnvironment: 'GEN2', scalling: {} } }
  expect(misfits(run, 'google.cloud.run.v2.Service', wrong)).toEqual([
    'google.cloud.run.v2.Service.template.executionEnvironment is no ExecutionEnvironment: GEN2',
    'google.cloud.run.v2.Service.template.scalling is unknown',
  ])
})

describe('A queue', () => {
  const set = dryRun('deploy/steps/queues.sh').filter(({ words }) => words.includes('create'))
  const queueOf = ({ words }: Command) => {
    const flags = flagsOf(words)
    return {
      name: words[4],
      rateLimits: {
        maxDispatchesPerSecond: Number(flags['max-dispatches-per-second']),
        maxConcurrentDispatches: Number(flags['max-concurrent-dispatches']),
      },
      retryConfig: {
        maxAttempts: Number(flags['max-attempts']),
        minBackoff: flags['min-backoff'],
        maxBackoff: flags['max-backoff'],
        maxDoublings: Number(flags['max-doublings']),
      },
      stackdriverLoggingConfig: { samplingRatio: Number(flags['log-sampling-ratio']) },
    }
  }

  test('is one that Cloud Tasks has, with what the catalogue says', () => {
    expect(set.map((command) => misfits(tasks, 'google.cloud.tasks.v2.Queue', queueOf(command)))).toEqual(
      set.map(() => []),
    )
    expect(Object.fromEntries(set.map(queueOf).map(({ name, rateLimits }) => [name, rateLimits]))).toEqual(
      queues,
    )
    for (const { retryConfig } of set.map(queueOf))
      expect(retryConfig).toEqual({
        maxAttempts: retries.maxAttempts,
        minBackoff: `${retries.minBackoffSeconds}s`,
        maxBackoff: `${retries.maxBackoffSeconds}s`,
        maxDoublings: retries.maxDoublings,
      })
  })

  test('is within the limits of one', () => {
    // https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#ratelimits
    for (const { maxConcurrentDispatches, maxDispatchesPerSecond } of Object.values(queues)) {
      expect(maxConcurrentDispatches).toBeLessThanOrEqual(5000)
      expect(maxDispatchesPerSecond).toBeLessThanOrEqual(500)
    }
  })
})

test('The sweep’s job is one that Cloud Scheduler has, and waits as long as the sweep may take', () => {
  const words = dryRun('deploy/steps/triggers.sh').find(
    (command) => command.words.includes('scheduler') && command.words.includes('create'),
  )!.words
  const flags = flagsOf(words)
  const job = {
    name: words[5],
    schedule: flags['schedule'],
    timeZone: flags['time-zone'],
    attemptDeadline: flags['attempt-deadline'],
    httpTarget: {
      uri: flags['uri'],
      httpMethod: flags['http-method'],
      oidcToken: {
        serviceAccountEmail: flags['oidc-service-account-email'],
        audience: flags['oidc-token-audience'],
      },
    },
  }
  expect(misfits(scheduler, 'google.cloud.scheduler.v1.Job', job)).toEqual([])
  expect(job.schedule).toBe(sweepSchedule)
  expect(job.httpTarget.uri).toBe('https://spool-sweep-123456789012.us-central1.run.app')
  // https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#job: 15 s to 30 min
  const sweep = catalogue.find(({ trigger }) => trigger === 'schedule')!
  expect(parseInt(job.attemptDeadline!)).toBeGreaterThanOrEqual(sweep.deadlineSeconds)
  expect(misfits(scheduler, 'google.cloud.scheduler.v1.Job', { ...job, atemptDeadline: '1s' })).toHaveLength(
    1,
  )
})

test('The uploads’ trigger asks for finished objects of the one bucket', () => {
  const created = dryRun('deploy/steps/triggers.sh').find(
    (command) => command.words.includes('eventarc') && command.words.includes('create'),
  )!
  expect(created.words.filter((word) => word.startsWith('--event-filters='))).toEqual([
    // https://cloud.google.com/eventarc/docs/reference/supported-events
    '--event-filters=type=google.cloud.storage.object.v1.finalized',
    '--event-filters=bucket=my-project-spool-uploads',
  ])
  expect(created.words).toContain('--destination-run-service=spool-on-upload')
})
