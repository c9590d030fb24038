/**
 * Runs ffmpeg on a file that nobody vouches for: hides that a decoder may get stuck, and that it takes a store that
 * fails for the end of the file; what a file may make it do, and how much of it is read.
 */
import { Permanent, Retryable } from '../errors.ts'
import { ffmpegWithLog } from './ffmpeg.ts'
import { tooComplex, type Allowance, type RangeServer } from './range-server.ts'

/**
 * Demuxers that read nothing but the bytes they are given. Playlists, lists of pictures and descriptions of streams
 * are left out: they would open other files and hosts.
 */
const readable =
  'aa,aac,ac3,act,adx,aea,aiff,amr,amrnb,amrwb,ape,aptx,asf,asf_o,ast,au,avi,bfstm,brstm,caf,dsf,dts,dtshd,dv,eac3,' +
  'epaf,flac,flv,gsm,gxf,hca,hcom,iff,ilbc,ircam,kvag,libgme,libopenmpt,live_flv,loas,lvf,matroska,webm,mlp,mmf,mods,' +
  'mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nsv,nut,ogg,oma,pvf,qcp,rm,rso,s337m,sbc,sds,sln,smjpeg,sox,spdif,svs,' +
  'tak,tta,truehd,voc,vqf,w64,wav,wsd,wtv,wv,xa,xwma'

/** In one piece, whatever a header asks for. */
const mostAllocated = 512 * 1024 * 1024

/** A cover of more pixels is not decoded, not even to learn how it is coded. */
const mostPixels = 50_000_000

/** ffmpeg's arguments before its input: what the file may make it do. */
export const bounded = [
  ...['-max_alloc', String(mostAllocated), '-max_pixels', String(mostPixels), '-threads', '1'],
  ...['-protocol_whitelist', 'http,tcp', '-format_whitelist', readable],
]

/** ffprobe needs a second and a few megabytes; an index at the end of ten hours of film a few tens. */
export const probeAllowance = { bytes: 256 * 1024 * 1024, requests: 5000 }
/** An interleaved film is read in jumps, so some of it more than once. */
export const decodingAllowance = (bytes: number): Allowance => ({
  bytes: 4 * bytes + probeAllowance.bytes,
  requests: Infinity,
})

/** A decoder that gives nothing for so long is taken for stuck. */
const stuckMs = 300_000

/**
 * What ffmpeg writes to its standard output. Throws Permanent `too_complex` when it is stuck, what broke the store,
 * and FfmpegError when ffmpeg failed; ends it when its reader leaves early.
 */
export async function* decoderOutput(
  args: readonly string[],
  name: string,
  served: RangeServer,
  signal: AbortSignal,
  onLine: (line: string) => void,
  patienceMs = stuckMs,
): AsyncGenerator<Buffer> {
  const [stuck, left] = [new AbortController(), new AbortController()]
  let watch = setTimeout(() => stuck.abort(), patienceMs)
  const decoder = ffmpegWithLog(args, AbortSignal.any([signal, stuck.signal, left.signal]), onLine)
  try {
    for await (const block of decoder.stdout) {
      clearTimeout(watch)
      yield block
      watch = setTimeout(() => stuck.abort(), patienceMs)
    }
    await decoder.ended
  } catch (error) {
    served.assertUnbroken()
    if (stuck.signal.aborted && served.isReading())
      throw new Retryable('internal', `The store has not delivered ${name} for ${patienceMs / 1000} s.`)
    if (stuck.signal.aborted) throw tooComplex(name)
    throw error
  } finally {
    clearTimeout(watch)
    left.abort()
  }
}

/** Whether a line of ffmpeg's log says that a packet could not be decoded. */
export const isBrokenPacket = (line: string): boolean => line.includes('[error] Error while decoding stream')

export const replaced = (name: string): Permanent =>
  new Permanent(
    'upload_replaced',
    `${name} was replaced or deleted before it could be read. Upload it again.`,
  )
