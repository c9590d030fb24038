/**
 * The models that are known by name: where each is published, how large it is, under which licence, and the sum that its
 * archive must have.
 *
 * Sources: sizes and sums as the release's own checksum.txt is quoted, alike, by several projects that pin it
 * (k2-fsa/sherpa-onnx, release asr-models; read 2026-11). Licences: the models' own cards (NVIDIA's at
 * https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3, OpenAI's at https://github.com/openai/whisper). No model was ever
 * fetched or run where this was written.
 */

export interface KnownModel {
  readonly title: string
  /** Of the release; without its extension it is the folder inside. */
  readonly archive: string
  /** Null where no source was found; then the server's word counts. */
  readonly archiveBytes: number | null
  /** In hexadecimal; null where no source was found: then the release's own list is asked. */
  readonly sha256: string | null
  /** BCP 47, or how many there are. */
  readonly languages: string
  readonly licence: string
  /** Whether it says when each word was said; else words are placed by aligning them. */
  readonly hasTimes: boolean
  /** What sherpa-onnx is told that it is, where it is not to find out. */
  readonly modelType?: string
}

const release = 'https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models'

export const addressOf = ({ archive }: Pick<KnownModel, 'archive'>): string => `${release}/${archive}`

/** The release's own list: a line for each file, its name and its SHA-256. */
export const sumsAddress = `${release}/checksum.txt`

/** Of a folder too, here and in the bucket: a template may say any. */
export const modelName = /^[a-z\d][a-z\d.-]{0,62}$/

const whisper = { languages: '99 languages', licence: 'MIT', hasTimes: false } as const
const parakeet = { licence: 'CC-BY-4.0', hasTimes: true, modelType: 'nemo_transducer' } as const

/** The first is the one that is installed when none is named. */
export const knownModels = {
  'parakeet-v3': {
    ...parakeet,
    title: 'NVIDIA Parakeet TDT 0.6B v3',
    archive: 'sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8.tar.bz2',
    archiveBytes: 487_170_055,
    sha256: '5793d0fd397c5778d2cf2126994d58e9d56b1be7c04d13c7a15bb1b4eafb16bf',
    languages: '25 languages of Europe',
  },
  'parakeet-v2': {
    ...parakeet,
    title: 'NVIDIA Parakeet TDT 0.6B v2',
    archive: 'sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8.tar.bz2',
    archiveBytes: 482_468_385,
    sha256: '157c157bc51155e03e37d2466522a3a737dd9c72bb25f36eb18912964161e1ad',
    languages: 'en',
  },
  zipformer: {
    title: 'Zipformer, learned from GigaSpeech',
    archive: 'sherpa-onnx-zipformer-gigaspeech-2023-12-12.tar.bz2',
    archiveBytes: null,
    sha256: null,
    languages: 'en',
    licence: 'Apache-2.0',
    hasTimes: true,
  },
  'whisper-tiny': {
    ...whisper,
    title: 'OpenAI Whisper tiny',
    archive: 'sherpa-onnx-whisper-tiny.tar.bz2',
    archiveBytes: 116_204_861,
    sha256: 'c46116994e539aa165266d96b325252728429c12535eb9d8b6a2b10f129e66b1',
  },
  'whisper-base': {
    ...whisper,
    title: 'OpenAI Whisper base',
    archive: 'sherpa-onnx-whisper-base.tar.bz2',
    archiveBytes: 207_557_382,
    sha256: '911b2083efd7c0dca2ac3b358b75222660dc09fb716d64fbfc417ba6c99ff3de',
  },
  'whisper-small': {
    ...whisper,
    title: 'OpenAI Whisper small',
    archive: 'sherpa-onnx-whisper-small.tar.bz2',
    archiveBytes: 639_387_718,
    sha256: '486a46afbb7ba798507190ffe02fea2dd726049af212e774537efac6afb210a6',
  },
} as const satisfies Readonly<Record<string, KnownModel>>

export const usualModel = 'parakeet-v3'

/** Undefined where the name is nobody's. */
export const knownModel = (name: string): KnownModel | undefined =>
  Object.hasOwn(knownModels, name) ? knownModels[name as keyof typeof knownModels] : undefined
