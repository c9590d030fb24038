/**
 * The lines of the log while something is done, as objects. Hides that tests are silent otherwise, and where the logger
 * writes.
 */
import pino from 'pino'
import { log } from '../../shared/log.ts'

type Line = Record<string, unknown>

export async function logged(work: () => Promise<unknown>): Promise<Line[]> {
  const stream = (log as unknown as Record<symbol, { write: (line: string) => unknown }>)[
    pino.symbols.streamSym
  ]!
  const { write } = stream
  const { level } = log
  const lines: Line[] = []
  stream.write = (line) => lines.push(JSON.parse(line) as Line)
  log.level = 'info'
  try {
    await work()
  } finally {
    log.level = level
    stream.write = write
  }
  return lines
}
