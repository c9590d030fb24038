/**
 * The bleep over a censored word: a sine, as long as the longest that is needed; every shorter one is its
 * beginning.
 */
import type { ObjectName, ObjectStore } from '../storage.ts'
import type { EditList } from '../edits/edits.ts'
import { splicesOf } from '../edits/edits.ts'
import type { ArrangedSource } from './layout.ts'
import { fromDb } from '../audio/true-peak.ts'

const peakDbfs = -20
/**
 * BS.1770: a 1 kHz sine at full scale on both sides reads 0 LUFS (K-weighting adds 0.7 dB, which the −0.691
 * takes back).
 */
const lufsAboveDbfs = 0

/** Makes the tone that the edits need, as canonical PCM at `object`; undefined when they need none. */
export async function bleep(
  edits: EditList,
  sampleRate: number,
  object: ObjectName,
  storage: ObjectStore,
): Promise<ArrangedSource | undefined> {
  const lengths = splicesOf(edits).flatMap(({ edit }) =>
    edit.insert?.sound === 'tone' ? [{ hz: edit.insert.hz, length: edit.endSample - edit.startSample }] : [],
  )
  if (lengths.length === 0) return undefined
  const totalSamples = Math.max(...lengths.map(({ length }) => length))
  const turn = (2 * Math.PI * lengths[0]!.hz) / sampleRate
  const samples = Int16Array.from({ length: totalSamples }, (_, i) =>
    Math.round(32767 * fromDb(peakDbfs) * Math.sin(turn * i)),
  )
  await storage.create(object, Buffer.from(samples.buffer), 'application/octet-stream')
  const format = { sampleRate, channels: 1, sampleFormat: 's16le' } as const
  return {
    file: '',
    object: object.name,
    format,
    totalSamples,
    integratedLufs: peakDbfs + lufsAboveDbfs,
    speech: [],
  }
}
