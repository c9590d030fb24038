/** Runs the simulation by itself, on a PostgreSQL of its own: `node faults/simulation/main.ts --seed 1 --schedules 1000`. */
import { parseArgs } from 'node:util'
import { scenarios, type ScenarioName } from './scenarios.ts'
import { withServer } from './server.ts'
import { simulate, type Failure } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    schedules: { type: 'string', default: '1000' },
    failures: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const describe = ({ seed, scenario, trace, complaints }: Failure): string =>
  [`--seed ${seed} --schedules 1 (${scenario})`, ...trace, ...complaints.map((text) => `✗ ${text}`)].join(
    '\n  ',
  )

const { schedules, failed, seconds } = await withServer((serverUrl) =>
  simulate({
    seed: Number(values.seed),
    schedules: Number(values.schedules),
    mostFailures: Number(values.failures),
    serverUrl,
    ...(values.only !== undefined && Object.hasOwn(scenarios, values.only)
      ? { only: values.only as ScenarioName }
      : {}),
  }),
)
for (const failure of failed) say(describe(failure))
say(
  `${schedules} schedules from seed ${values.seed} in ${seconds.toFixed(1)} s, ` +
    `${Math.round((schedules / seconds) * 3600)} an hour; ${failed.length} failed.`,
)
process.exitCode = failed.length > 0 ? 1 : 0
