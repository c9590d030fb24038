/**
 * Shows a run's progress on a terminal: step, share, seconds left. Into a pipe it prints only what the run
 * waits for.
 */
import { SingleBar } from 'cli-progress'
import type { UploadWatcher } from './upload.ts'
import type { RunProgress } from '../../shared/db/run-progress.ts'

export interface ProgressDisplay {
  readonly update: (progress: RunProgress) => void
  readonly end: () => void
}

export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  if (!stream.isTTY) return waitingOnly(stream)
  const bar = newBar(stream, '{step} {bar} {percentage} %{left}')
  bar.start(1000, 0, { step: 'starting'.padEnd(10), left: '' })
  const update = ({ processed, total, secondsLeft, currentStep, waitingFor }: RunProgress) => {
    const left =
      waitingFor !== null ? `  waiting: ${waitingFor}` : secondsLeft === null ? '' : `  ${secondsLeft} s left`
    bar.update(total > 0 ? Math.floor((1000 * processed) / total) : 0, {
      step: (currentStep ?? 'queued').padEnd(10),
      left,
    })
  }
  return { update, end: () => bar.stop() }
}

export interface UploadDisplay extends Omit<UploadWatcher, 'beginning'> {
  readonly end: () => void
}

/** A bar of what is sent, then one of what is made of it; nothing into a pipe. */
export function uploadDisplay(stream: NodeJS.WriteStream): UploadDisplay {
  if (!stream.isTTY) return { sending: () => undefined, making: () => undefined, end: () => undefined }
  const bar = newBar(stream, '{step} {bar} {percentage} %')
  bar.start(1000, 0, { step: 'starting' })
  const update = (share: number, step: string) => bar.update(Math.floor(1000 * share), { step })
  return {
    sending: (file, sent, bytes) => update(sent / bytes, file),
    making: update,
    end: () => bar.stop(),
  }
}

const newBar = (stream: NodeJS.WriteStream, format: string): SingleBar =>
  new SingleBar({
    format,
    barsize: 30,
    hideCursor: true,
    stream,
    clearOnComplete: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  })

/** Into a pipe nothing is drawn, but whoever waits for somebody else is told so, once for each reason. */
function waitingOnly(stream: NodeJS.WriteStream): ProgressDisplay {
  const told = new Set<string>()
  const update = ({ waitingFor }: RunProgress) => {
    if (waitingFor === null || told.has(waitingFor)) return
    told.add(waitingFor)
    stream.write(`spool: waiting: ${waitingFor}\n`)
  }
  return { update, end: () => undefined }
}
