// Metrics, alerts and the dashboard: shapes that Google's services have, and fields that the product really writes.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import * as framework from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  alertPolicy,
  alerts,
  dashboard,
  logMetric,
  metrics,
  type MetricName,
} from '../../deploy/operations.ts'
import { registerAll } from '../../shared/engine/serve.ts'
import { Permanent } from '../../shared/errors.ts'
import { logged } from '../support/logged.ts'
import { misfits, protosOf } from '../support/protos.ts'
import { aToyShow } from '../support/toys.ts'
import { aWorld } from '../support/world.ts'

const root = path.join(import.meta.dirname, '../..')
const monitoring = protosOf('@google-cloud/monitoring/build/protos/protos.json')
const dashboards = protosOf('@google-cloud/monitoring-dashboards/build/protos/protos.json')
const names = Object.keys(metrics) as MetricName[]

const trace = '105445aa7843bc8bf206b12000100000'
/** Signed by somebody: nobody knows whom, while the keys are out of reach. */
const token = ['{"alg":"RS256","kid":"one"}', '{}', 'signed']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')
let lines: Record<string, unknown>[]

/** A run in which everything happens that a metric counts: done, tried again, lost and revived, failed, refused. */
beforeAll(async () => {
  const show = aToyShow([{ name: 'publish' }, { name: 'cut', after: ['publish'] }])
  const env = { CALLER_JWKS_URL: 'http://127.0.0.1:9/keys' }
  const world = await aWorld({ catalogue: show.catalogue, env })
  lines = await logged(async () => {
    await world.start()
    show.next('publish', () => Promise.reject(new Error('not this time')))
    await world.deliver('publish')
    await world.lose('publish')
    await world.timePasses(60_000)
    await world.sweep()
    await world.deliver('publish')
    show.next('cut', () => Promise.reject(new Permanent('not_found', 'It is not there.')))
    await world.deliver('cut')
    registerAll(framework, show.catalogue, world.env)
    const server = getTestServer('cut').listen(0, '127.0.0.1')
    await once(server, 'listening')
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'x-cloud-trace-context': `${trace}/1;o=1` },
    })
    server.closeAllConnections()
    server.close()
  })
})

describe('A line of the log', () => {
  test('says how severe it is, and is labelled with run, step and part', () => {
    const done = lines.find(({ message }) => message === 'done')!
    expect(done).toMatchObject({ severity: 'INFO', step: 'publish', part: 0, status: 200 })
    expect(done['logging.googleapis.com/labels']).toEqual({ run: done['run'], step: 'publish', part: '0' })
    expect(lines.map(({ severity }) => severity)).toEqual(
      expect.arrayContaining(['INFO', 'WARNING', 'ERROR']),
    )
  })

  test('belongs to the request it was written for, where that has a trace', () => {
    const refused = lines.find(({ message }) => message === 'request refused')!
    expect(refused['logging.googleapis.com/trace']).toMatch(new RegExp(`^projects/[^/]+/traces/${trace}$`))
    const others = lines.filter((line) => line !== refused)
    expect(others.filter((line) => 'logging.googleapis.com/trace' in line)).toEqual([])
  })
})

/** A filter of our own, as far as it looks into lines: `jsonPayload.field OP value` and `severity=`, joined by AND. */
function matches(filter: string, line: Record<string, unknown>): boolean {
  return filter.split(' AND ').every((term) => {
    const [, field, op, value] = /^(?:jsonPayload\.)?([\w.]+)(=~|>=|>|=|:)(.*)$/.exec(term)!
    if (field!.startsWith('resource.')) return true
    const found = line[field!] as string | number | undefined
    const given = value!.replaceAll('"', '')
    if (found === undefined) return false
    if (op === ':') return true
    if (op === '=~') return new RegExp(given).test(String(found))
    if (op === '=') return String(found) === given
    return op === '>' ? Number(found) > Number(given) : Number(found) >= Number(given)
  })
}

describe.each(names)('Metric %s', (name) => {
  const metric = logMetric(name) as {
    filter: string
    labelExtractors: Record<string, string>
    valueExtractor?: string
    metricDescriptor: { labels: { key: string }[] }
  }

  test('has the shape that Cloud Logging takes', () => {
    // google.logging.v2.LogMetric, which no client here brings along; its descriptor is Monitoring's
    expect(Object.keys(metric).filter((key) => !logMetricFields.includes(key))).toEqual([])
    expect(misfits(monitoring, 'google.api.MetricDescriptor', metric.metricDescriptor)).toEqual([])
    expect(metric.metricDescriptor.labels.map(({ key }) => key)).toEqual(Object.keys(metric.labelExtractors))
    expect(metric.filter.length).toBeLessThanOrEqual(20_000)
  })

  test('counts lines that are written, by fields that they have', () => {
    const counted = lines.filter((line) => matches(metric.filter, line))
    expect(counted.length).toBeGreaterThan(0)
    const extracted = [...Object.values(metric.labelExtractors), metric.valueExtractor ?? []].flat()
    for (const extractor of extracted) {
      const [, field] = /^EXTRACT\(jsonPayload\.(\w+)\)$/.exec(extractor)!
      for (const line of counted) expect(line).toHaveProperty(field!)
    }
  })
})

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics#LogMetric */
const logMetricFields = [
  ...['name', 'description', 'filter', 'bucketName', 'disabled', 'metricDescriptor', 'valueExtractor'],
  ...['labelExtractors', 'bucketOptions', 'createTime', 'updateTime', 'version'],
]

test('A metric of a field that nobody writes would count nothing', () => {
  const filter = metrics.spool_failures.filter.replace('jsonPayload.code', 'jsonPayload.kode')
  expect(lines.filter((line) => matches(filter, line))).toEqual([])
})

describe.each(Object.keys(alerts))('Alert %s', (name) => {
  const policy = alertPolicy(name)

  test('is a policy that Cloud Monitoring has', () => {
    expect(misfits(monitoring, 'google.monitoring.v3.AlertPolicy', policy)).toEqual([])
  })

  test('watches a metric of ours, or one of Google’s that has its resource', () => {
    const [, type, resource] = /metric\.type="([^"]+)" AND resource\.type="([^"]+)"/.exec(
      alerts[name]!.watched.filter,
    )!
    const own = /^logging\.googleapis\.com\/user\/(\w+)$/.exec(type!)?.[1]
    if (own === undefined) expect(googles[type!]).toBe(resource)
    else expect(names).toContain(own)
    for (const by of alerts[name]!.watched.by ?? [])
      if (by.startsWith('metric.labels.') && own !== undefined)
        expect(Object.keys(metrics[own as MetricName].labels)).toContain(by.split('.')[2])
  })

  test('has its place in the runbook, with what to do', () => {
    const runbook = readFileSync(path.join(root, 'docs/runbook.md'), 'utf8')
    const place = runbook.split(`\n### ${name}\n`)[1]?.split('\n### ')[0] ?? ''
    expect(place.length).toBeGreaterThan(100)
  })
})

/** https://cloud.google.com/monitoring/api/metrics_gcp: metrics with the resource they are written for. */
const googles: Readonly<Record<string, string>> = {
  'run.googleapis.com/request_count': 'cloud_run_revision',
  'run.googleapis.com/container/memory/utilizations': 'cloud_run_revision',
  'cloudtasks.googleapis.com/queue/task_attempt_delays': 'cloud_tasks_queue',
  'cloudtasks.googleapis.com/queue/depth': 'cloud_tasks_queue',
  'cloudsql.googleapis.com/database/postgresql/num_backends': 'cloudsql_database',
  'cloudsql.googleapis.com/database/disk/utilization': 'cloudsql_database',
}

test('A policy with an enum that is misspelt would be found out', () => {
  expect(
    misfits(monitoring, 'google.monitoring.v3.AlertPolicy', { combiner: 'ANY', severety: 'ERROR' }),
  ).toEqual([
    'google.monitoring.v3.AlertPolicy.combiner is no ConditionCombinerType: ANY',
    'google.monitoring.v3.AlertPolicy.severety is unknown',
  ])
})

test('The dashboard is one that Cloud Monitoring has, of metrics that there are', () => {
  expect(misfits(dashboards, 'google.monitoring.dashboard.v1.Dashboard', dashboard())).toEqual([])
  const text = JSON.stringify(dashboard())
  const types = [...text.matchAll(/metric\.type=\\"([^"\\]+)\\"/g)].map(([, type]) => type!)
  expect(types.length).toBeGreaterThan(5)
  for (const type of types)
    expect(type in googles || names.includes(type.split('/').at(-1) as MetricName)).toBe(true)
})
