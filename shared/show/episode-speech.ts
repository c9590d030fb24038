/**
 * Fits synthetic speech into the episode: at its sample rate, with its loudness measured and the times of its
 * words in samples.
 */
import type { Spoken } from '../providers/voice.ts'
import { shareOut } from '../words/cues.ts'
import { analyser } from '../audio/analysis.ts'
import { ffmpegOutput } from '../audio/ffmpeg.ts'
import { inBlocks, toInterleavedBytes, toPlanar, type PcmFormat } from '../audio/pcm.ts'

export interface EpisodeSpeech {
  /** One channel, full scale ±1. */
  readonly samples: Float32Array
  /** LUFS as heard from both sides; null when too quiet or too short to measure. */
  readonly integratedLufs: number | null
  readonly words: readonly {
    readonly text: string
    readonly startSample: number
    readonly endSample: number
  }[]
}

/** Resamples to `sampleRate`; words without times share the speech by their lengths. */
export async function toEpisodeSpeech(
  spoken: Spoken,
  text: string,
  sampleRate: number,
  signal: AbortSignal,
): Promise<EpisodeSpeech> {
  const format: PcmFormat = { sampleRate, channels: 1, sampleFormat: 'f32le' }
  const bytes =
    spoken.sampleRate === sampleRate
      ? toInterleavedBytes([spoken.samples])
      : await resampled(spoken, sampleRate, signal)
  const gather = analyser(format)
  for await (const block of inBlocks([bytes], gather.blockBytes)) gather.add(block)
  const { integratedLufs, speech, totalSamples } = gather.finish()
  const [from, to] = [speech[0]?.startSample ?? 0, speech.at(-1)?.endSample ?? totalSamples]
  const words =
    spoken.words?.map(({ text: said, start, end }) => ({
      text: said,
      start: start * sampleRate,
      end: end * sampleRate,
    })) ?? shareOut(text, from, to)
  const within = (sample: number) => Math.min(totalSamples, Math.max(0, Math.round(sample)))
  return {
    samples: toPlanar(bytes, format)[0]!,
    integratedLufs: Number.isFinite(integratedLufs) ? integratedLufs : null,
    words: words.map(({ text: said, start, end }) => ({
      text: said,
      startSample: within(start),
      endSample: within(end),
    })),
  }
}

async function resampled(
  { samples, sampleRate: rate }: Spoken,
  sampleRate: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const raw = ['-f', 'f32le', '-ac', '1']
  const args = [...raw, '-ar', `${rate}`, '-i', 'pipe:0', '-ar', `${sampleRate}`, ...raw, 'pipe:1']
  return await ffmpegOutput(args, signal, [toInterleavedBytes([samples])])
}
