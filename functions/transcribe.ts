/** transcribe: words with times. Today they come with the recording; without any the episode goes on, and says so. */
import { z } from 'zod'
import { decodeAnalysis } from '../shared/audio/analysis.ts'
import { Permanent } from '../shared/errors.ts'
import { defineStep, type Tools } from '../shared/step.ts'
import { checkTiming, withoutLag } from '../shared/transcript/timing.ts'
import { parseWords, type Transcript } from '../shared/transcript/words.ts'

/** A ten-hour transcript with all its fields is a tenth of this. */
const maxWordsBytes = 128 * 1024 * 1024

export const transcribe = defineStep({
  name: 'transcribe',
  version: 1,
  context: z.object({
    wordsObject: z.string().nullable(),
    wordsGeneration: z.string().nullable(),
    wordsHash: z.string().nullable(),
    analysisObject: z.string(),
    sampleRate: z.number(),
    totalSamples: z.number(),
  }),
  inputs: ({ wordsHash, analysisObject }) => ({ wordsHash, analysisObject }),
  work: async ({ wordsObject, wordsGeneration, analysisObject, sampleRate, totalSamples }, _input: undefined, tools) => {
    if (wordsObject === null) {
      tools.warn({
        code: 'no_words',
        message: 'There is no transcript, so filler words cannot be found and no transcript is published; pauses are found from the sound.',
      })
      return { transcriptObject: null, transcriptHash: null }
    }
    const name = wordsObject.split('/').at(-1)!
    const supplied = { bucket: tools.config.buckets.uploads, name: wordsObject, ...(wordsGeneration === null ? {} : { generation: wordsGeneration }) }
    const stored = await tools.storage.stat(supplied)
    if (!stored)
      throw new Permanent('upload_replaced', `${name} was replaced or deleted before it could be read. Upload it again, then the recording.`)
    if (stored.bytes > maxWordsBytes) throw new Permanent('bad_words_file', `${name} has ${stored.bytes} bytes; the limit is ${maxWordsBytes}.`)
    const transcript = parseWords((await tools.storage.read(supplied)).toString('utf8'), name, { sampleRate, totalSamples })
    if (!transcript.exactTimes) {
      tools.warn({
        code: 'captions_only',
        message: `${name} is a caption file: its times are good enough to read along but not to cut single words, so fillers stay.`,
      })
    }
    const object = tools.workObject('transcript.json')
    await tools.storage.create(object, JSON.stringify(await alignToSound(transcript, analysisObject, tools)), 'application/json')
    return { transcriptObject: object.name, transcriptHash: stored.contentHash }
  },
  passOn: (output) => output,
})

/** Recognisers can be late or early throughout; where the sound shows it, their words are moved back. */
async function alignToSound(transcript: Transcript, analysisObject: string, { storage, config, warn }: Tools): Promise<Transcript> {
  if (!transcript.exactTimes) return transcript
  const analysis = decodeAnalysis(await storage.read({ bucket: config.buckets.work, name: analysisObject }))
  const timing = checkTiming(transcript, analysis)
  if (timing.lagSamples === 0) return transcript
  const lagMs = Math.round((1000 * timing.lagSamples) / analysis.format.sampleRate)
  warn({
    code: 'words_shifted',
    message: `The words' times were ${Math.abs(lagMs)} ms too ${lagMs > 0 ? 'late' : 'early'} throughout and were moved.`,
  })
  return withoutLag(transcript, timing, analysis.totalSamples)
}
