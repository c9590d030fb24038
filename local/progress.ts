/** The progress shown on a terminal: step, share, seconds left. Silent when the output is piped. */
import { SingleBar } from 'cli-progress'
import type { RunProgress } from '../shared/db/progress.ts'

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
  const update = ({ processed, total, secondsLeft, currentStep }: RunProgress) => {
    const left = secondsLeft === null ? '' : `  ${secondsLeft} s left`
    bar.update(total > 0 ? Math.floor((1000 * processed) / total) : 0, { step: (currentStep ?? 'queued').padEnd(10), left })
  }
  return { update, end: () => bar.stop() }
}
