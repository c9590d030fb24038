/**
 * What an operator sees: metrics counted from the log, alerts and the dashboard, as the files that setup.sh hands to
 * gcloud. Hides the filters, and which of Google's own metrics say the rest. docs/runbook.md says what to do for each.
 *
 * Shapes: https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics#LogMetric,
 * https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies,
 * https://cloud.google.com/monitoring/api/ref_dashboards/rest/v1/projects.dashboards.
 * Google's metrics: https://cloud.google.com/monitoring/api/metrics_gcp (run, cloudtasks, cloudsql).
 */
import { database, queues } from '../functions/index.ts'
import { serviceName } from './names.ts'

const ourLog = `resource.type="cloud_run_revision" AND resource.labels.service_name=~"^${serviceName('')}"`
/** A line that shared/engine/delivery.ts writes for each task it answers. */
const answered = `${ourLog} AND jsonPayload.status>0 AND jsonPayload.ms>=0`
const one = 'INT64'

interface Metric {
  readonly description: string
  readonly filter: string
  readonly labels: Readonly<Record<string, string>>
  /** Counts lines, unless a value is taken out of them. */
  readonly value?: string
}

const step = 'EXTRACT(jsonPayload.step)'

/** Counted from the log. Their type is `logging.googleapis.com/user/NAME`. */
export const metrics = {
  spool_episodes: {
    description: 'Episodes made',
    filter: `${answered} AND jsonPayload.step="publish" AND jsonPayload.message=~"^(done|reused)$"`,
    labels: {},
  },
  spool_steps: {
    description: 'Steps done, by step',
    filter: `${answered} AND jsonPayload.message=~"^(done|reused)$"`,
    labels: { step, outcome: 'EXTRACT(jsonPayload.message)' },
  },
  spool_step_milliseconds: {
    description: 'How long a task took, by step',
    filter: `${answered} AND jsonPayload.message="done"`,
    labels: { step },
    value: 'EXTRACT(jsonPayload.ms)',
  },
  spool_retries: {
    description: 'Tasks that are to come again, by step',
    filter: `${answered} AND jsonPayload.message=~"^(to be retried|busy)$"`,
    labels: { step, outcome: 'EXTRACT(jsonPayload.message)' },
  },
  spool_failures: {
    description: 'Runs that failed, by step and code',
    filter: `${ourLog} AND severity=WARNING AND jsonPayload.message="failed" AND jsonPayload.code:*`,
    labels: { step, code: 'EXTRACT(jsonPayload.code)' },
  },
  spool_revived: {
    description: 'Steps whose task the queue had lost, by step',
    filter: `${ourLog} AND jsonPayload.message="revived"`,
    labels: { step },
  },
  spool_refused: {
    description: 'Requests to functions that broke or were not ours',
    filter: `${ourLog} AND severity=ERROR AND jsonPayload.message="request refused"`,
    labels: { function: 'EXTRACT(jsonPayload.function)' },
  },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics

export function logMetric(name: MetricName): object {
  const { description, filter, labels, value }: Metric = metrics[name]
  return {
    name,
    description,
    filter,
    metricDescriptor: {
      metricKind: 'DELTA',
      valueType: value === undefined ? one : 'DISTRIBUTION',
      unit: value === undefined ? '1' : 'ms',
      labels: Object.keys(labels).map((key) => ({ key, valueType: 'STRING' })),
    },
    labelExtractors: labels,
    ...(value === undefined
      ? {}
      : {
          valueExtractor: value,
          // from a tenth of a second to half an hour
          bucketOptions: { exponentialBuckets: { numFiniteBuckets: 32, growthFactor: 1.4, scale: 50 } },
        }),
  }
}

const logged = (name: MetricName): string =>
  `metric.type="logging.googleapis.com/user/${name}" AND resource.type="cloud_run_revision"`

const minutes = (count: number): string => `${60 * count}s`

interface Watched {
  readonly filter: string
  readonly over: string
  readonly aligner: string
  readonly reducer: string
  readonly by?: readonly string[]
}

interface Alert {
  readonly title: string
  /** What it means, and where it stands in the runbook: its name is the heading's anchor. */
  readonly meaning: string
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING'
  readonly watched: Watched
  /** Above this for so long; where absent, nothing coming for so long. */
  readonly above?: number
  readonly lasting: string
}

const summed = (filter: string, over: string, by: readonly string[] = []): Watched => ({
  filter,
  over,
  aligner: 'ALIGN_SUM',
  reducer: 'REDUCE_SUM',
  by,
})

const service = 'resource.labels.service_name'
const calls = (name: string): string =>
  `metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision" AND ${service}="${name}"`

export const alerts: Readonly<Record<string, Alert>> = {
  'runs-fail': {
    title: 'Spool: runs fail',
    meaning: 'Three runs or more failed within an hour with the same code.',
    severity: 'ERROR',
    watched: summed(logged('spool_failures'), minutes(60), ['metric.labels.code']),
    above: 2,
    lasting: '0s',
  },
  'tasks-come-again': {
    title: 'Spool: tasks come again and again',
    meaning: 'Fifty attempts or more of one step failed within ten minutes.',
    severity: 'WARNING',
    watched: summed(`${logged('spool_retries')} AND metric.labels.outcome="to be retried"`, minutes(10), [
      'metric.labels.step',
    ]),
    above: 49,
    lasting: '0s',
  },
  'queue-is-late': {
    title: 'Spool: a queue is late',
    meaning: 'Tasks have waited ten minutes for a slot, for a quarter of an hour.',
    severity: 'WARNING',
    watched: {
      filter:
        'metric.type="cloudtasks.googleapis.com/queue/task_attempt_delays" AND resource.type="cloud_tasks_queue" AND ' +
        `resource.labels.queue_id=one_of(${Object.keys(queues)
          .map((queue) => `"${queue}"`)
          .join(',')})`,
      over: minutes(5),
      aligner: 'ALIGN_PERCENTILE_95',
      reducer: 'REDUCE_MAX',
      by: ['resource.labels.queue_id'],
    },
    above: 600_000,
    lasting: minutes(15),
  },
  'tasks-get-lost': {
    title: 'Spool: the queue loses tasks',
    meaning: 'The sweep gave ten steps or more a new task within half an hour.',
    severity: 'WARNING',
    watched: summed(logged('spool_revived'), minutes(30)),
    above: 9,
    lasting: '0s',
  },
  'no-sweep': {
    title: 'Spool: the sweep is not called',
    meaning: 'For a quarter of an hour nobody called the sweep: what the queue loses stays lost.',
    severity: 'CRITICAL',
    watched: summed(calls(serviceName('sweep')), minutes(5)),
    lasting: minutes(15),
  },
  'api-breaks': {
    title: 'Spool: the API breaks',
    meaning: 'Ten requests or more of producers within five minutes were answered 5xx.',
    severity: 'ERROR',
    watched: summed(`${calls(serviceName('api'))} AND metric.labels.response_code_class="5xx"`, minutes(5)),
    above: 9,
    lasting: '0s',
  },
  'requests-are-refused': {
    title: 'Spool: functions break before they work',
    meaning: 'Five requests or more within ten minutes broke, or were refused, before any step had them.',
    severity: 'ERROR',
    watched: summed(logged('spool_refused'), minutes(10), ['metric.labels.function']),
    above: 4,
    lasting: '0s',
  },
  'connections-run-out': {
    title: 'Spool: the database’s connections run out',
    meaning: `For five minutes more than ${database.connections - database.kept} of ${database.connections} connections were open.`,
    severity: 'ERROR',
    watched: {
      filter:
        'metric.type="cloudsql.googleapis.com/database/postgresql/num_backends" AND resource.type="cloudsql_database"',
      over: minutes(1),
      aligner: 'ALIGN_MAX',
      reducer: 'REDUCE_SUM',
      by: ['resource.labels.database_id'],
    },
    above: database.connections - database.kept,
    lasting: minutes(5),
  },
  'database-disk-fills': {
    title: 'Spool: the database’s disk fills',
    meaning: 'More than nine tenths of the database’s disk are used.',
    severity: 'WARNING',
    watched: {
      filter:
        'metric.type="cloudsql.googleapis.com/database/disk/utilization" AND resource.type="cloudsql_database"',
      over: minutes(5),
      aligner: 'ALIGN_MAX',
      reducer: 'REDUCE_MAX',
    },
    above: 0.9,
    lasting: minutes(30),
  },
  'memory-runs-out': {
    title: 'Spool: a function’s memory runs out',
    meaning: 'Instances of a function used more than 95 % of their memory.',
    severity: 'WARNING',
    watched: {
      filter:
        'metric.type="run.googleapis.com/container/memory/utilizations" AND resource.type="cloud_run_revision" AND ' +
        `${service}=starts_with("${serviceName('')}")`,
      over: minutes(5),
      aligner: 'ALIGN_PERCENTILE_99',
      reducer: 'REDUCE_MAX',
      by: [service],
    },
    above: 0.95,
    lasting: minutes(10),
  },
}

const aggregation = ({ over, aligner, reducer, by = [] }: Watched) => ({
  alignmentPeriod: over,
  perSeriesAligner: aligner,
  crossSeriesReducer: reducer,
  ...(by.length === 0 ? {} : { groupByFields: by }),
})

export function alertPolicy(name: string): object {
  const { title, meaning, severity, watched, above, lasting } = alerts[name]!
  const watch = { filter: watched.filter, aggregations: [aggregation(watched)], duration: lasting }
  return {
    displayName: title,
    documentation: { content: `${meaning} What to do: docs/runbook.md#${name}`, mimeType: 'text/markdown' },
    severity,
    combiner: 'OR',
    conditions: [
      {
        displayName: meaning,
        ...(above === undefined
          ? { conditionAbsent: watch }
          : { conditionThreshold: { ...watch, comparison: 'COMPARISON_GT', thresholdValue: above } }),
      },
    ],
    alertStrategy: { autoClose: '86400s' },
    userLabels: { app: 'spool' },
  }
}

const chart = (title: string, watched: Watched, legend?: string) => ({
  title,
  xyChart: {
    dataSets: [
      {
        plotType: 'LINE',
        timeSeriesQuery: { timeSeriesFilter: { filter: watched.filter, aggregation: aggregation(watched) } },
        ...(legend === undefined ? {} : { legendTemplate: legend }),
      },
    ],
  },
})

export const dashboard = (): object => ({
  displayName: 'Spool',
  labels: { app: '' },
  gridLayout: {
    columns: '2',
    widgets: [
      chart('Episodes made, an hour', summed(logged('spool_episodes'), minutes(60))),
      chart(
        'Runs that failed, by code',
        summed(logged('spool_failures'), minutes(60), ['metric.labels.code']),
      ),
      chart('Steps done, by step', summed(logged('spool_steps'), minutes(5), ['metric.labels.step'])),
      chart('How long a step takes: 95 of 100 are shorter', {
        filter: logged('spool_step_milliseconds'),
        over: minutes(5),
        aligner: 'ALIGN_DELTA',
        reducer: 'REDUCE_PERCENTILE_95',
        by: ['metric.labels.step'],
      }),
      chart(
        'Tasks that come again, by step',
        summed(logged('spool_retries'), minutes(5), ['metric.labels.step']),
      ),
      chart('How long tasks wait for a slot: 95 of 100 are sooner', {
        ...alerts['queue-is-late']!.watched,
      }),
      chart('Tasks in queues', {
        filter: 'metric.type="cloudtasks.googleapis.com/queue/depth" AND resource.type="cloud_tasks_queue"',
        over: minutes(1),
        aligner: 'ALIGN_MAX',
        reducer: 'REDUCE_MAX',
        by: ['resource.labels.queue_id'],
      }),
      chart('Steps revived', summed(logged('spool_revived'), minutes(60))),
      chart('Connections of the database', alerts['connections-run-out']!.watched),
      chart('Memory in use, of the most that there is', alerts['memory-runs-out']!.watched),
    ],
  },
})
