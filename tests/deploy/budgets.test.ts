// What the catalogue promises the platform fits together: connections, deadlines, attempts and slots.
import { describe, expect, test } from '@jest/globals'
import { catalogue, database, queues, retries, timeoutSeconds } from '../../functions/index.ts'
import { parseConfig } from '../../shared/config.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { longestAnswerMs } from '../../shared/providers/vendor.ts'

const { lease } = parseConfig({
  DATABASE_URL: 'postgres://spool@db/spool',
  PROJECT_ID: 'project',
  FUNCTIONS_URL: 'https://functions.example',
  CALLER_AUDIENCE: 'https://spool.example',
  CALLER_EMAIL: 'caller@project.iam.gserviceaccount.com',
  PUBLIC_BASE_URL: 'https://media.example',
})
const tasks = catalogue.filter((entry) => entry.trigger === 'task')
const others = catalogue.filter((entry) => entry.trigger !== 'task')
const named = catalogue.map((entry) => [nameOf(entry), entry] as const)
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

test('All that may hold a connection at once are fewer than the database has', () => {
  const ofQueues = sum(Object.values(queues).map(({ maxConcurrentDispatches }) => maxConcurrentDispatches))
  const ofOthers = sum(
    others.map(
      (other) =>
        other.maxInstances * (('connections' in other ? other.connections : undefined) ?? other.concurrency),
    ),
  )
  expect(ofQueues + ofOthers).toBeLessThanOrEqual(database.connections - database.kept)
})

test('A queue never has more tasks under way than its functions have places, so none is refused', () => {
  for (const { queue, maxInstances, concurrency } of tasks)
    expect(maxInstances * concurrency).toBe(queues[queue as keyof typeof queues].maxConcurrentDispatches)
})

describe.each(named)('%s', (_name, entry) => {
  test('loses its lease long before its caller gives it up, and is ended after that', () => {
    expect(lease.leaseMs).toBeLessThan(1000 * entry.deadlineSeconds)
    expect(entry.deadlineSeconds).toBeLessThan(timeoutSeconds(entry))
    // https://cloud.google.com/run/docs/configuring/request-timeout: at most an hour; an event's function nine minutes
    expect(timeoutSeconds(entry)).toBeLessThanOrEqual(entry.trigger === 'upload' ? 540 : 3600)
    // https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#task: dispatch_deadline
    if (entry.trigger === 'task') expect(entry.deadlineSeconds).toBeLessThanOrEqual(1800)
  })

  // https://cloud.google.com/run/docs/configuring/services/cpu and …/memory-limits
  test('has a core for what it does at once, and as much memory as such a core may have', () => {
    const mebibytes = parseInt(entry.memory) * (entry.memory.endsWith('Gi') ? 1024 : 1)
    expect([entry.cpu < 1 ? entry.concurrency : 1, entry.cpu]).toEqual([1, Math.max(entry.cpu, 0.08)])
    expect(mebibytes).toBeLessThanOrEqual(entry.cpu < 0.5 ? 512 : entry.cpu < 1 ? 1024 : 4096)
    expect(mebibytes).toBeGreaterThanOrEqual(entry.cpu < 1 ? 128 : 512) // the second generation's least
  })

  test('sleeps when nothing is to do', () => {
    expect(entry.minInstances).toBe(0)
  })
})

test('A vendor’s longest call ends before the deadline of whoever makes it', () => {
  for (const { queue, deadlineSeconds } of tasks)
    if (queue === 'vendors') expect(longestAnswerMs).toBeLessThan(1000 * deadlineSeconds)
})

test('A step gives up before its queue does', () => {
  expect(lease.maxAttempts).toBeLessThan(retries.maxAttempts)
  expect(lease.tryForMs).toBeLessThan(1000 * retries.minBackoffSeconds * retries.maxAttempts)
  expect(retries.minBackoffSeconds * 1000).toBeLessThan(lease.leaseMs)
})

test('A task of a step that another one holds is there until the longest step has ended', () => {
  const longest = Math.max(...tasks.map(({ deadlineSeconds }) => deadlineSeconds))
  expect(retries.maxAttempts * retries.maxBackoffSeconds).toBeGreaterThan(2 * longest)
})

test('After a crash a step is begun again within 45 seconds', () => {
  expect(lease.leaseMs / 1000 + retries.maxBackoffSeconds).toBeLessThanOrEqual(45)
})

test('Mail, and watchers of a run, keep no episode waiting', () => {
  const onQueue = (queue: string) => tasks.filter((task) => task.queue === queue).map(nameOf)
  expect(onQueue('mail')).toEqual(['read-mail'])
  expect(tasks.filter(({ step }) => step.name === 'read-mail').map(({ queue }) => queue)).toEqual(['mail'])
  expect(others.map((entry) => 'queue' in entry)).toEqual(others.map(() => false))
})

test('Who seals or opens keys has the key to them, and the API what it starts with', () => {
  const having = (secret: string) =>
    catalogue.filter(({ secrets }) => (secrets as readonly string[]).includes(secret)).map(nameOf)
  expect(having('DATABASE_URL')).toEqual(catalogue.map(nameOf))
  expect(having('SEALING_KEY')).toEqual([
    ...['recognise', 'answer', 'voice', 'notes', 'api', 'console', 'on-callback', 'notify'],
  ])
  expect(having('FIRST_API_KEY')).toEqual(['api', 'console'])
  expect(having('CONSOLE_CLIENT_SECRET')).toEqual(['console'])
  expect(having('ELEVENLABS_WEBHOOK_SECRET')).toEqual(['on-callback'])
})
