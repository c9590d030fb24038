/** Runs a sample of the matrix by itself until a case fails, and prints that as JSON: `node faults/matrix-main.ts --seed 1 --sample 60`. */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { runMatrix } from './run-matrix.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sample: { type: 'string', default: '60' },
    of: { type: 'string', multiple: true, default: ['episode', 'publication'] },
  },
})

const { cases, failures } = await runMatrix({
  root: path.join(import.meta.dirname, '..'),
  seed: Number(values.seed),
  sample: Number(values.sample),
  scenarios: values.of,
  lanes: 2,
  untilFailure: true,
})
const failed = failures.map(({ complaints }) => ({ complaints }))
process.stdout.write(`${JSON.stringify({ schedules: cases, failed, missingGuards: [] })}\n`)
process.exit(0)
