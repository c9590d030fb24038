// Fuzzed recordings: each is refused with a reason, or heard as far as ffmpeg alone hears it, or there is a warning.
import { toPlanar } from '../../shared/audio/pcm.ts'
import { withSource } from '../../shared/audio/source.ts'
import { Permanent } from '../../shared/errors.ts'
import { ffmpegOutput } from '../../shared/audio/ffmpeg.ts'
import { readOnlyStore, withFile } from '../support/audio.ts'
import { base, made } from '../support/media.ts'
import { dice, mutateFile } from './mutate.ts'
import { failure, type Verdict } from './verdict.ts'

const encoders: Readonly<Record<string, string>> = {
  wav: '',
  aiff: '',
  caf: '',
  m4a: '-c:a aac',
  mp3: '-c:a libmp3lame -b:a 96k',
  aac: '-c:a aac',
  flac: '-c:a flac',
  opus: '-c:a libopus -b:a 48k',
  webm: '-c:a libopus -b:a 48k',
}
const seconds = 10
/** No look at a file of a few hundred kilobytes takes as long, however slow the machine. */
const hangs = 120_000

export async function mediaFuzzer(): Promise<(seed: number) => Promise<Verdict>> {
  const sound = await base()
  const originals = new Map<string, Buffer>()
  for (const [extension, encoder] of Object.entries(encoders))
    originals.set(extension, await made(`a.${extension}`, `-i $1 ${encoder}`, sound))
  return async (seed) => {
    const roll = dice(seed)
    const extension = roll.oneOf([...originals.keys()])
    const mutated = mutateFile(originals.get(extension)!, extension, roll)
    const what = `${extension}: ${mutated.steps.join(', ')}`
    try {
      const { heard, isWarned } = await hear(mutated.bytes)
      if (isWarned) return { what, outcome: 'warned' }
      // an Opus head says how much is left out at the start, and a tag's how much is no sound
      const isTagged = mutated.bytes.toString('latin1', 0, 3) === 'ID3'
      const isAll = mutated.isWhole && !isTagged && !['opus', 'webm'].includes(extension)
      const expected = isAll ? seconds : await alone(mutated.bytes)
      return heard >= 0.99 * expected - 0.1
        ? { what, outcome: 'read' }
        : failure(what, `heard ${heard.toFixed(2)} s of ${expected.toFixed(2)} without a warning`)
    } catch (error) {
      if (error instanceof Permanent && !/0x[\da-f]{6}|127\.0\.0\.1/.test(error.message))
        return { what, outcome: 'refused' }
      return failure(what, error)
    }
  }
}

async function hear(bytes: Buffer): Promise<{ heard: number; isWarned: boolean }> {
  const signal = AbortSignal.timeout(hangs)
  const terms = { bytes: 1e9, targetRate: null }
  return await withSource(
    readOnlyStore({ talk: bytes }),
    { bucket: 'u', name: 'talk' },
    terms,
    signal,
    async (source) => {
      const { sound, warnings } = source.decode(signal)
      let frames = 0
      for await (const block of sound) {
        const planes = toPlanar(block, source.probed.pcm)
        if (planes.some((plane) => plane.some((sample) => !(Math.abs(sample) <= 1e6))))
          throw new Error('a sample that no sound can have came through')
        frames += planes[0]!.length
        if (frames > 48_000 * 3600) break // as long as the limit of a recording would let it
      }
      return { heard: frames / source.probed.pcm.sampleRate, isWarned: warnings().length > 0 }
    },
  )
}

/** How much ffmpeg alone hears of the first track, in seconds. */
const alone = (bytes: Buffer): Promise<number> =>
  withFile(bytes, async (file) => {
    const args = [
      '-i',
      file,
      '-map',
      '0:a:0',
      '-ar',
      '8000',
      '-ac',
      '1',
      '-t',
      '3600',
      '-f',
      's16le',
      'pipe:1',
    ]
    const pcm = await ffmpegOutput(args, AbortSignal.timeout(hangs)).catch(() => Buffer.alloc(0))
    return pcm.length / 16_000
  })
