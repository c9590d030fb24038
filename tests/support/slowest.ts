/**
 * A reporter for jest: at the end of a run, the files that took longest, so that a test grown slow is seen.
 */
import path from 'node:path'
import type { Reporter } from '@jest/reporters'

const shown = 10

export default class Slowest implements Pick<Reporter, 'onRunComplete'> {
  onRunComplete: NonNullable<Reporter['onRunComplete']> = (_contexts, { testResults }) => {
    const files = testResults
      .map(({ testFilePath, perfStats }) => ({ file: testFilePath, seconds: perfStats.runtime / 1000 }))
      .sort((one, other) => other.seconds - one.seconds)
      .slice(0, shown)
    const lines = files.map(
      ({ file, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${path.relative(process.cwd(), file)}`,
    )
    process.stderr.write(`\nThe slowest files:\n${lines.join('\n')}\n`)
  }
}
