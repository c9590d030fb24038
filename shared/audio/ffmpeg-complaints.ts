/**
 * What ffmpeg's complaint about an untrusted file means for its owner. Hides ffmpeg's words: the producer gets a
 * sentence, the log has the words as the error's cause.
 */
import { Permanent } from '../errors.ts'
import { endless, type FfmpegError } from './ffmpeg.ts'
import { tooComplex } from './range-server.ts'

const exportIt = 'Export the recording as WAV, FLAC, M4A (AAC-LC) or MP3 and upload that.'

const truncated = /moov atom not found|End of file|Truncat|partial file/i

/** Of the first that matches, the sentence's end after the file's name. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/Audio object type 42|USAC|xHE/i, `is coded as xHE-AAC (USAC), which Spool cannot decode. ${exportIt}`],
  [
    /activation_bytes|decryption|encrypt/i,
    'is protected against copying and cannot be decoded. Upload a free copy.',
  ],
  [
    /invalid sample size code|invalid bps|flac, 32 bits/i,
    'has samples of a size that cannot be decoded here, as 32-bit FLAC (it needs ffmpeg 6). Export it with 24 bits.',
  ],
  [
    /Decoder .*not found|Unknown decoder|could not find codec|unknown codec|not implemented|Unsupported codec/i,
    `is coded in a way that Spool cannot decode. ${exportIt}`,
  ],
]

/** It asks for more than a process is given. */
const beyondBounds = new RegExp(`Cannot allocate memory|bad_alloc|${endless}`)

const anything = `is not audio Spool can read, or too damaged to be. ${exportIt}`

export function explain(error: FfmpegError, name: string): Permanent {
  const { message } = error
  if (beyondBounds.test(message)) return tooComplex(name, { cause: error })
  const meaning = meanings.find(([words]) => words.test(message))?.[1]
  if (meaning === undefined && truncated.test(message))
    return new Permanent(
      'truncated_file',
      `${name} ends too early to be read; the upload or the export was cut off. Upload it again.`,
      { cause: error },
    )
  return new Permanent('not_audio', `${name} ${meaning ?? anything}`, { cause: error })
}
