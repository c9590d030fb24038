/** Sound as WAV: whole files that every browser plays, 16-bit, one channel; and the head of a float one of any length. */

const headerBytes = 44

/** `samples`: one channel, full scale ±1; what is beyond is clipped. */
export function toWav({ samples, sampleRate }: { samples: Float32Array; sampleRate: number }): Buffer {
  const dataBytes = 2 * samples.length
  const wav = Buffer.alloc(headerBytes + dataBytes)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(headerBytes - 8 + dataBytes, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16) // the format's own bytes
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(1, 22) // channels
  wav.writeUInt32LE(sampleRate, 24)
  wav.writeUInt32LE(2 * sampleRate, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(dataBytes, 40)
  samples.forEach((sample, i) => {
    wav.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), headerBytes + 2 * i)
  })
  return wav
}

const floatHeadBytes = 50
const longHeadBytes = 36
/** What 32 bits of a RIFF can count. */
const mostCounted = 0xffff_ffff

/**
 * What stands before `frames` frames of interleaved float32 little-endian samples; RF64 (EBU Tech 3306) where a RIFF cannot
 * count them.
 */
export function floatWavHead(frames: number, channels: number, sampleRate: number): Buffer {
  const dataBytes = 4 * channels * frames
  const isLong = 8 + floatHeadBytes + dataBytes > mostCounted
  const counted = (bytes: number) => (isLong ? mostCounted : bytes)
  const head = Buffer.alloc(floatHeadBytes)
  head.write('WAVEfmt ', 0, 'latin1')
  head.writeUInt32LE(18, 8) // the format's own bytes
  head.writeUInt16LE(3, 12) // IEEE float
  head.writeUInt16LE(channels, 14)
  head.writeUInt32LE(sampleRate, 16)
  head.writeUInt32LE(4 * channels * sampleRate, 20)
  head.writeUInt16LE(4 * channels, 24)
  head.writeUInt16LE(32, 26)
  head.write('fact', 30, 'latin1')
  head.writeUInt32LE(4, 34)
  head.writeUInt32LE(counted(frames), 38)
  head.write('data', 42, 'latin1')
  head.writeUInt32LE(counted(dataBytes), 46)
  const riff = Buffer.alloc(8)
  riff.write(isLong ? 'RF64' : 'RIFF', 0, 'latin1')
  riff.writeUInt32LE(counted(head.length + dataBytes), 4)
  if (!isLong) return Buffer.concat([riff, head])
  const long = Buffer.alloc(longHeadBytes)
  long.write('ds64', 0, 'latin1')
  long.writeUInt32LE(longHeadBytes - 8, 4)
  long.writeBigUInt64LE(BigInt(head.length + longHeadBytes + dataBytes), 8)
  long.writeBigUInt64LE(BigInt(dataBytes), 16)
  long.writeBigUInt64LE(BigInt(frames), 24)
  return Buffer.concat([riff, head.subarray(0, 4), long, head.subarray(4)])
}
