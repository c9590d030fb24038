/**
 * Opens an uploaded recording for ffmpeg: nothing in it is trusted, what it is is the decoder's word, and it is never
 * copied to disk. Hides the loopback server, the probe and its bounds, and what makes a file unusable.
 */
import { Permanent } from '../errors.ts'
import { fileOf } from '../objects.ts'
import { findPinned, type PinnedObject } from '../pinned-file.ts'
import type { ObjectStore } from '../storage.ts'
import { inspect, type Inspection } from './container.ts'
import { bounded, decodingAllowance, probeAllowance, replaced } from './decoder.ts'
import { decodeTracks, type Decoding } from './decoding.ts'
import { describe, readProbe, type Probed } from './probe.ts'
import { serveRanges, type RangeServer } from './range-server.ts'
import { stretchesOf, stretchSeconds, type Stretch } from './stretches.ts'

export interface OpenedSource {
  readonly probed: Probed
  /** Decodes what is heard to canonical PCM, in blocks of a tenth of a second. */
  readonly decode: (signal: AbortSignal) => Decoding
  /**
   * What can be decoded apart instead, each about so long; none where it must be decoded in one go, as what promises more
   * than `mostSeconds` must: it is given up where it goes on for longer, and it may hold less.
   */
  readonly stretches: (mostSeconds?: number, seconds?: number) => Promise<readonly Stretch[]>
}

export interface Terms {
  /** The most bytes accepted. */
  readonly bytes: number
  /** The sample rate wanted; null keeps the source's own when it is 44.1 or 48 kHz, else 48 kHz; `own` keeps any. */
  readonly targetRate: number | 'own' | null
}

/** ffmpeg recognises nothing behind a tag longer than its probe buffer of 1 MiB. */
const longTagBytes = 256 * 1024

/**
 * Opens the object, refuses what cannot become an episode, and lends it to `use` while a loopback server serves it.
 * Throws Permanent with one of the codes for recordings.
 */
export async function withSource<T>(
  storage: Pick<ObjectStore, 'stat' | 'read'>,
  object: PinnedObject,
  terms: Terms,
  signal: AbortSignal,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const name = fileOf(object.name)
  const { bytes, generation } = await acceptable(storage, object, terms, name)
  const { bucket, name: place } = object
  const served = await serveRanges(storage, { bucket, name: place, generation }, bytes, name)
  try {
    served.allow(probeAllowance)
    const inspection = await inspect(served.readAt, bytes)
    const input = await inputOf(served, inspection, name, signal)
    const probe = await readProbe(served, input, name, signal)
    const { recorded, probed } = describe(probe, inspection, name, terms.targetRate)
    const decode = (abort: AbortSignal): Decoding => {
      served.allow(decodingAllowance(bytes))
      return decodeTracks(input, recorded, abort, served)
    }
    const stretches = async (
      mostSeconds = Infinity,
      seconds = stretchSeconds,
    ): Promise<readonly Stretch[]> => {
      served.allow(decodingAllowance(bytes))
      const found = await stretchesOf(recorded, served, seconds)
      const promised = (found.at(-1)?.endSample ?? 0) / recorded.pcm.sampleRate
      return promised > mostSeconds ? [] : found
    }
    return await use({ probed, decode, stretches })
  } finally {
    served.close()
  }
}

async function acceptable(
  storage: Pick<ObjectStore, 'stat'>,
  object: PinnedObject,
  terms: Terms,
  name: string,
) {
  const stored = await findPinned(storage, object)
  if (!stored) throw replaced(name)
  const { bytes } = stored
  if (bytes === 0) throw new Permanent('empty_file', `${name} has no bytes. Record or export it again.`)
  if (bytes > terms.bytes)
    throw new Permanent(
      'recording_too_large',
      `${name} has ${bytes} bytes; the limit is ${terms.bytes}. ` +
        'Export it in a compressed format such as FLAC.',
    )
  return stored
}

export const tooLong = (name: string, seconds: number, limitSeconds: number): Permanent =>
  new Permanent(
    'recording_too_long',
    `${name} runs for more than ${Math.floor(seconds)} s; the limit is ${limitSeconds} s. ` +
      'Split it into several episodes.',
  )

/** ffmpeg's arguments that open the file. */
async function inputOf(
  served: RangeServer,
  { tagBytes, isSizeStale }: Inspection,
  name: string,
  signal: AbortSignal,
): Promise<string[]> {
  const forced: string[] = []
  if (isSizeStale) forced.push('-f', 'wav', '-ignore_length', '1')
  else if (tagBytes > longTagBytes) {
    const behind = [...bounded, '-i', served.url(tagBytes)]
    const { format } = await readProbe(served, behind, name, signal)
    forced.push('-f', format.format_name.split(',')[0]!)
  }
  return [...bounded, ...forced, '-i', served.url()]
}
