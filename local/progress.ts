/** The progress shown on a terminal: step, share, seconds left. Silent when the output is piped. */
import { SingleBar } from 'cli-progress'
import { catalogue } from '../functions/index.ts'
import type { RunProgress } from '../shared/db/progress.ts'

const shares = new Map(catalogue.flatMap((entry) => (entry.trigger === 'task' ? [[entry.step.name, entry.share] as const] : [])))
const total = [...shares.values()].reduce((sum, share) => sum + share, 0)

/** Too little is known before this to say how long the rest takes. */
const firstEstimateAt = 0.05

export interface ProgressDisplay {
  readonly update: (progress: RunProgress) => void
  readonly end: () => void
}

export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  if (!stream.isTTY) return { update: () => undefined, end: () => undefined }
  const bar = new SingleBar({
    format: '{step} {bar} {percentage} %{left}',
    barsize: 30,
    hideCursor: true,
    stream,
    clearOnComplete: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  })
  bar.start(1000, 0, { step: 'starting'.padEnd(10), left: '' })
  let highest = 0
  const update = (progress: RunProgress) => {
    highest = Math.max(highest, shareDone(progress))
    const left = highest > firstEstimateAt ? `  ${Math.ceil((progress.elapsedSeconds * (1 - highest)) / highest)} s left` : ''
    const current = progress.steps.findLast(({ done, parts }) => done < parts)?.name ?? 'queued'
    bar.update(Math.floor(1000 * highest), { step: current.padEnd(10), left })
  }
  return { update, end: () => bar.stop() }
}

const shareDone = ({ steps }: RunProgress): number => steps.reduce((sum, { name, progress }) => sum + (shares.get(name) ?? 0) * progress, 0) / total
