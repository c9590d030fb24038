/**
 * What mastering asks of an MP3 codec, whoever it is: bare frames without bit reservoir, each of which can be
 * decoded alone.
 */

export interface Mp3Format {
  readonly sampleRate: number
  readonly channels: 1 | 2
  readonly bitrateKbps: number
}

/** One Float32Array per channel, full scale ±1, all of one length. */
export type Planes = readonly Float32Array[]

export interface Mp3Codec {
  /** Who does the work, for people. */
  readonly name: string
  /**
   * Encodes blocks of any length, without tags or header frame. Each block is read before the next one is asked
   * for, so that its planes may be used again. Rejects with the signal's reason when that aborts.
   */
  encode(
    blocks: AsyncIterable<Planes> | Iterable<Planes>,
    format: Mp3Format,
    signal: AbortSignal,
  ): Promise<Buffer>
  /**
   * Decodes whole frames, the codec's delay included. Blocks come in any length; their planes are used again for
   * the next block.
   */
  decode(frames: Buffer, format: Mp3Format, signal: AbortSignal): AsyncIterable<Planes>
}

/** Frames that are worked on in one go: 5 to 15 ms, so that heartbeats go on and a cancelled run ends at once. */
export const framesPerSlice = 32

/** Lets timers and sockets have their turn. */
export const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
