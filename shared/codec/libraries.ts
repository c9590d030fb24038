/**
 * LAME and libavcodec in this process, called through koffi. The only file that calls foreign functions. Hides
 * names, signatures, structures and handles of both libraries, and ffmpeg's settings for LAME.
 *
 * The decoder is ffmpeg's own (mp3float), not mpg123: what is measured of decoded sound is stored and decides
 * about the limiter, and no rounding makes two decoders agree always. mpg123 is no faster (both take 66 ms for a
 * minute of stereo) and differs by 1e-6.
 */
import { samplesPerFrame } from '../audio/mp3-frames.ts'
import type { Mp3Format, Planes } from './port.ts'

export interface LameHandle {
  /** Encodes planes of any length and returns the frames that are complete by then. */
  encode(planes: Planes): Buffer
  /** What is left, when all has been given. */
  flush(): Buffer
  close(): void
}

export interface DecoderHandle {
  /** Decodes one frame to `planes`, from `at` on. */
  decode(frame: Buffer, planes: Planes, at: number): void
  close(): void
}

export interface Libraries {
  readonly versions: string
  openLame(format: Mp3Format): LameHandle
  openDecoder(): DecoderHandle
}

/** libavcodec and libavutil belong together; in these versions (ffmpeg 8 to 5) the structures below are alike. */
const libavVersions = [
  ['libavcodec.so.62', 'libavutil.so.60'],
  ['libavcodec.so.61', 'libavutil.so.59'],
  ['libavcodec.so.60', 'libavutil.so.58'],
  ['libavcodec.so.59', 'libavutil.so.57'],
] as const

type Koffi = typeof import('koffi')
type Library = ReturnType<Koffi['load']>
type Pointer = bigint
type Argument = number | string | Pointer | null | NodeJS.ArrayBufferView | readonly Pointer[]

/** Throws when koffi or a library is missing, or no 64-bit little-endian machine runs this. */
export async function loadLibraries(): Promise<Libraries> {
  if (process.arch !== 'x64' && process.arch !== 'arm64') throw new Error(`Not tried on ${process.arch}.`)
  const koffi = await import('koffi')
  const lame = bindLame(koffi.load('libmp3lame.so.0'))
  const decoder = bindDecoder(koffi, ...loadLibav(koffi))
  return {
    versions: `libmp3lame ${lame.version}, libavcodec ${decoder.version}`,
    openLame: lame.open,
    openDecoder: decoder.open,
  }
}

function loadLibav(koffi: Koffi): [Library, Library] {
  let missing: unknown
  for (const [codec, util] of libavVersions)
    try {
      return [koffi.load(codec), koffi.load(util)]
    } catch (error) {
      missing ??= error
    }
  throw missing
}

/** A function that returns an int. */
const int = (library: Library, name: string, ...types: string[]) =>
  library.func(name, 'int', types) as unknown as (...given: Argument[]) => number

/** A function that returns a pointer; throws where that is null. */
function pointer(library: Library, name: string, ...types: string[]): (...given: Argument[]) => Pointer {
  const call = library.func(name, 'void *', types) as unknown as (...given: Argument[]) => Pointer | null
  return (...given) => {
    const found = call(...given)
    if (found === null) throw new Error(`${name} returned nothing.`)
    return found
  }
}

/** ffmpeg gives LAME samples of full scale ±32768. */
const fullScale = 32768
/** Of LAME's enumeration of modes. */
const [jointStereo, mono] = [1, 3]
/** As lame.h has it: the most bytes that a call writes. */
const mostBytes = (samples: number): number => Math.ceil(1.25 * samples) + 7200

function bindLame(library: Library) {
  const init = pointer(library, 'lame_init')
  const set = (setting: string) => int(library, `lame_set_${setting}`, 'void *', 'int')
  const setters = {
    channels: set('num_channels'),
    mode: set('mode'),
    inRate: set('in_samplerate'),
    outRate: set('out_samplerate'),
    bitrate: set('brate'),
    writesTag: set('bWriteVbrTag'),
    hasNoReservoir: set('disable_reservoir'),
  }
  const initParams = int(library, 'lame_init_params', 'void *')
  const encode = int(
    library,
    'lame_encode_buffer_float',
    ...['void *', 'void *', 'void *', 'int', 'void *', 'int'],
  )
  const flush = int(library, 'lame_encode_flush', 'void *', 'void *', 'int')
  const close = int(library, 'lame_close', 'void *')
  const version = library.func('get_lame_version', 'str', []) as unknown as () => string

  /** With the settings that ffmpeg's libmp3lame makes; its quality is LAME's own default. */
  const open = ({ sampleRate, channels, bitrateKbps }: Mp3Format): LameHandle => {
    const handle = init()
    setters.channels(handle, channels)
    setters.mode(handle, channels === 2 ? jointStereo : mono)
    setters.inRate(handle, sampleRate)
    setters.outRate(handle, sampleRate)
    setters.bitrate(handle, bitrateKbps)
    setters.writesTag(handle, 0)
    setters.hasNoReservoir(handle, 1)
    if (initParams(handle) < 0) {
      close(handle)
      throw new Error(`LAME does not encode ${sampleRate} Hz at ${bitrateKbps} kb/s.`)
    }
    let out = Buffer.allocUnsafeSlow(mostBytes(0))
    let scaled: Float32Array[] = []
    const written = (bytes: number): Buffer => {
      if (bytes < 0) throw new Error(`LAME failed (${bytes}).`)
      return Buffer.from(out.subarray(0, bytes))
    }
    return {
      encode: (planes) => {
        const samples = planes[0]!.length
        if (out.length < mostBytes(samples)) {
          out = Buffer.allocUnsafeSlow(mostBytes(samples))
          scaled = planes.map(() => new Float32Array(samples))
        }
        planes.forEach((plane, channel) => scale(plane, scaled[channel]!))
        return written(encode(handle, scaled[0]!, scaled.at(-1)!, samples, out, out.length))
      },
      flush: () => written(flush(handle, out, out.length)),
      close: () => void close(handle),
    }
  }
  return { version: version(), open }
}

function scale(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) to[i] = from[i]! * fullScale
}

/** Where fields lie: AVPacket's `data` and `size`; AVFrame's `data` (a pointer a channel), `nb_samples`, `format`. */
const packetFields = { data: 24, size: 32, bytes: 40 } as const
const frameFields = { data: 0, samples: 112, format: 116, bytes: 120 } as const
const planarFloat = 8
const logsNothing = -8
/** Larger than any frame of layer III (1441 bytes), with the zeros behind it that libavcodec may read. */
const packetBytes = 2048

function bindDecoder(koffi: Koffi, codecs: Library, util: Library) {
  const find = pointer(codecs, 'avcodec_find_decoder_by_name', 'str')
  const allocate = pointer(codecs, 'avcodec_alloc_context3', 'void *')
  const start = int(codecs, 'avcodec_open2', 'void *', 'void *', 'void *')
  const send = int(codecs, 'avcodec_send_packet', 'void *', 'void *')
  const receive = int(codecs, 'avcodec_receive_frame', 'void *', 'void *')
  const free = int(codecs, 'avcodec_free_context', 'void **')
  const unref = int(util, 'av_frame_unref', 'void *')
  const copy = pointer(koffi.load(null), 'memcpy', 'void *', 'void *', 'size_t')
  int(util, 'av_log_set_level', 'int')(logsNothing)
  const mp3 = find('mp3float')
  // one of each for the process: a frame is decoded and copied without a break
  const [packet, frame] = [pointer(codecs, 'av_packet_alloc')(), pointer(util, 'av_frame_alloc')()]
  const packetView = new DataView(koffi.view(packet, packetFields.bytes))
  const frameView = new DataView(koffi.view(frame, frameFields.bytes))
  const bytes = Buffer.allocUnsafeSlow(packetBytes).fill(0)
  const address = koffi.address(bytes)

  const decodeFrame = (context: Pointer, data: Buffer): void => {
    bytes.fill(0, data.copy(bytes))
    packetView.setBigUint64(packetFields.data, address, true)
    packetView.setInt32(packetFields.size, data.length, true)
    const status = send(context, packet) || receive(context, frame)
    const [samples, format] = [frameFields.samples, frameFields.format].map((at) =>
      frameView.getInt32(at, true),
    )
    if (status < 0 || samples !== samplesPerFrame || format !== planarFloat)
      throw new Error(`libavcodec failed (${status}, ${samples} samples in format ${format}).`)
  }
  const open = (): DecoderHandle => {
    const context = allocate(mp3)
    const status = start(context, null, null)
    if (status < 0) {
      free([context])
      throw new Error(`libavcodec does not start (${status}).`)
    }
    return {
      decode: (data, planes, at) => {
        decodeFrame(context, data)
        planes.forEach((plane, channel) => {
          const source = frameView.getBigUint64(frameFields.data + 8 * channel, true)
          const target = plane.subarray(at, at + samplesPerFrame)
          if (source === 0n || target.length < samplesPerFrame) throw new Error('No room or no such channel.')
          copy(target, source, target.byteLength)
        })
      },
      close: () => {
        unref(frame)
        free([context])
      },
    }
  }
  const number = int(codecs, 'avcodec_version')()
  return { version: `${number >> 16}.${(number >> 8) & 255}.${number & 255}`, open }
}
