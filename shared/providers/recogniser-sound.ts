/**
 * Prepares the recording for recognisers: compressed, mono. Hides the codec: Opus at 32 kb/s, which streams and keeps its
 * time.
 */
import type { SpeechSound } from './recogniser.ts'
import type { Tools } from '../engine/step.ts'
import type { ObjectName } from '../storage.ts'
import type { Span } from '../audio/analysis.ts'
import { ffmpeg } from '../audio/ffmpeg.ts'
import { bytesPerFrame, type PcmFormat } from '../audio/pcm.ts'

const sharedForSeconds = 24 * 3600

/** Encodes a span of canonical PCM into `target` unless it is there, and says how a vendor gets at it. */
export async function encodeForRecogniser(
  { pcmObject, ...format }: PcmFormat & { pcmObject: string },
  { startSample, endSample }: Span,
  target: ObjectName,
  { storage, config, signal }: Tools,
): Promise<SpeechSound> {
  let stored = await storage.stat(target)
  if (!stored) {
    const width = bytesPerFrame(format)
    const range = { start: startSample * width, end: endSample * width }
    const pcm = storage.readStream({ bucket: config.buckets.work, name: pcmObject }, range)
    const input = [
      '-f',
      format.sampleFormat,
      '-ar',
      `${format.sampleRate}`,
      '-ac',
      `${format.channels}`,
      '-i',
      'pipe:0',
    ]
    const opus = [
      '-ac',
      '1',
      '-c:a',
      'libopus',
      '-b:a',
      '32k',
      '-application',
      'voip',
      '-fflags',
      '+bitexact',
      '-f',
      'ogg',
      'pipe:1',
    ]
    const encoder = ffmpeg([...input, ...opus], signal, pcm)
    async function* encoded(): AsyncGenerator<Buffer> {
      yield* encoder.stdout
      await encoder.ended
    }
    await storage.create(target, encoded(), 'audio/ogg')
    stored = (await storage.stat(target))!
  }
  const { bytes } = stored
  return {
    bytes,
    seconds: (endSample - startSample) / format.sampleRate,
    contentType: 'audio/ogg',
    fileName: 'speech.ogg',
    stream: () => storage.readStream(target, { start: 0, end: bytes }),
    signedUrl: config.providers.storeIsPublic ? () => storage.signedUrl(target, sharedForSeconds) : undefined,
  }
}
