/** Sound as a WAV file that every browser plays: 16-bit, one channel. */

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
