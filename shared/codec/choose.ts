/**
 * Which codec this process uses: its own where the libraries that ffmpeg brings are found, else ffmpeg. Both
 * make the same bytes and the same samples.
 */
import { inProcessCodec } from './in-process.ts'
import type { Mp3Codec } from './port.ts'
import { ffmpegCodec } from './through-ffmpeg.ts'

export interface ChosenCodec {
  readonly codec: Mp3Codec
  /** Why it is not the faster one. */
  readonly obstacle?: string
}

/** `own` makes the codec of this process, or rejects. */
export const chooseFrom = (own: () => Promise<Mp3Codec>): Promise<ChosenCodec> =>
  own().then(
    (codec) => ({ codec }),
    (error: unknown) => ({
      codec: ffmpegCodec,
      obstacle: error instanceof Error ? error.message : String(error),
    }),
  )

let chosen: Promise<ChosenCodec> | undefined

/** Decides at the first call, for as long as the process lives. */
export const chooseCodec = (): Promise<ChosenCodec> => (chosen ??= chooseFrom(inProcessCodec))

export const mp3Codec = async (): Promise<Mp3Codec> => (await chooseCodec()).codec
