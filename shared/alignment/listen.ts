/**
 * Reads one span of a recording as mono samples. Hides where its PCM is stored, its format, and the mixing of
 * two channels into one.
 */
import type { ObjectName, ObjectStore } from '../storage.ts'
import type { Span } from '../audio/analysis.ts'
import { bytesPerFrame, toPlanar, type PcmFormat } from '../audio/pcm.ts'

/** The samples of a span, one channel, full scale ±1. */
export type Listen = (span: Span) => Promise<Float32Array>

/** Reads spans of canonical PCM in a bucket; each call is one range read. */
export function listenTo(storage: Pick<ObjectStore, 'read'>, pcm: ObjectName, format: PcmFormat): Listen {
  const width = bytesPerFrame(format)
  return async ({ startSample, endSample }) => {
    const planes = toPlanar(
      await storage.read(pcm, { start: startSample * width, end: endSample * width }),
      format,
    )
    return planes.length === 1 ? planes[0]! : mixed(planes[0]!, planes[1]!)
  }
}

function mixed(left: Float32Array, right: Float32Array): Float32Array {
  const out = new Float32Array(left.length)
  for (let i = 0; i < out.length; i++) out[i] = (left[i]! + right[i]!) / 2
  return out
}
