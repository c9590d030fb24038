/**
 * The process that hears: it opens one model and answers what is said in pieces of sound, one after the other, until its
 * parent goes. Hides sherpa-onnx, whose native code may end the process at any time; nobody else is in it.
 */
import type { Asked, Told } from './listener.ts'

const { default: sherpa } = await import('sherpa-onnx-node')
let recogniser: Awaited<ReturnType<typeof sherpa.OfflineRecognizer.createAsync>> | undefined

const tell = (told: Told): void => void process.send?.(told)

async function answer(asked: Asked): Promise<Told> {
  if (asked.ask === 'open') {
    recogniser = await sherpa.OfflineRecognizer.createAsync(asked.config)
    return { tell: 'ready' }
  }
  const stream = recogniser!.createStream()
  stream.acceptWaveform({ samples: asked.samples, sampleRate: asked.sampleRate })
  const result = await recogniser!.decodeAsync(stream)
  return { tell: 'heard', result, peakBytes: 1024 * process.resourceUsage().maxRSS }
}

process.on('message', (asked: Asked) => {
  answer(asked).then(tell, (error: unknown) =>
    tell({ tell: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})
// native code may be at work on another thread, and is not waited for
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
