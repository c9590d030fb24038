/**
 * Runs the simulation by itself, on PostgreSQLs of its own: `node faults/simulation/main.ts --seed 1 --schedules 1000`.
 */
import { parseArgs } from 'node:util'
import { log } from '../../shared/log.ts'
import { simulateInLanes } from './lanes.ts'
import { scenarios, type ScenarioName } from './scenarios.ts'
import { withServer } from './server.ts'
import { simulate, type Failure } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    schedules: { type: 'string', default: '1000' },
    failures: { type: 'string', default: '1' },
    only: { type: 'string' },
    server: { type: 'string' },
    budget: { type: 'string' },
    shrink: { type: 'string' },
    lanes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

log.level = 'silent' // its output is the report

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const describe = ({ seed, scenario, trace, complaints }: Failure): string =>
  [`--seed ${seed} --schedules 1 (${scenario})`, ...trace, ...complaints.map((text) => `✗ ${text}`)].join(
    '\n  ',
  )

const use = (serverUrl: string) =>
  simulate({
    seed: Number(values.seed),
    schedules: Number(values.schedules),
    mostFailures: Number(values.failures),
    serverUrl,
    ...(values.budget === undefined ? {} : { budgetMs: 1000 * Number(values.budget) }),
    ...(values.shrink === undefined ? {} : { shrinkMs: 1000 * Number(values.shrink) }),
    ...(values.only !== undefined && Object.hasOwn(scenarios, values.only)
      ? { only: values.only as ScenarioName }
      : {}),
  })

const further = (['failures', 'only', 'budget', 'shrink'] as const).flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}`, values[name]],
)

const inLanes = () =>
  simulateInLanes({
    seed: Number(values.seed),
    schedules: Number(values.schedules),
    ...(values.lanes === undefined ? {} : { lanes: Number(values.lanes) }),
    further,
  })

const found = await (values.server !== undefined
  ? use(values.server)
  : values.lanes === '1'
    ? withServer(use)
    : inLanes())
const { schedules, failed, missingGuards, seconds } = found
if (values.json) say(JSON.stringify(found))
else {
  for (const failure of failed) say(describe(failure))
  for (const guard of missingGuards) say(`✗ ${guard}`)
  say(
    `${schedules} schedules from seed ${values.seed} in ${seconds.toFixed(1)} s, ` +
      `${Math.round((schedules / seconds) * 3600)} an hour; ${failed.length} failed.`,
  )
}
process.exitCode = failed.length + missingGuards.length > 0 ? 1 : 0
