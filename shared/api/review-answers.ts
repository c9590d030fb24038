/**
 * What the API answers of a review, to its producer and to guests alike: words, edits, waveform and sound, everything in
 * seconds of the recording.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Services } from '../engine/services.ts'
import { Permanent } from '../errors.ts'
import { withDecisions } from '../edits/decisions.ts'
import { parseDecisions, type Decision } from '../edits/decisions-file.ts'
import type { Edit } from '../edits/edits.ts'
import { contentHash } from '../hash.ts'
import { gainsOf } from '../review/gains.ts'
import { peaksOf } from '../review/peaks.ts'
import { plainReason } from '../review/plain-words.ts'
import { restorationLines } from '../review/restoration-lines.ts'
import { openEdits, shapeObjectsOf, type EditsUnderReview, type Review } from '../review/review.ts'
import { editsAround, insertedIn, spanSound, type Heard } from '../review/sound.ts'
import { editKindNames, editKinds } from '../settings/edit-kinds.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { problems } from './routes.ts'

const seconds = z.number().nonnegative()
const word = z.object({
  text: z.string(),
  startSeconds: seconds,
  endSeconds: seconds,
  speaker: z.string().nullable(),
})
const reviewedEdit = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: z.string(),
    waits: z.boolean().openapi({ description: 'The episode is not made before it is decided.' }),
    startSeconds: seconds,
    endSeconds: seconds,
    text: z.string(),
    reason: z.string(),
    question: z.string().nullable(),
    answer: z.string().nullable(),
    puts: z
      .enum(['speech', 'file', 'tone'])
      .nullable()
      .openapi({ description: 'What is put in at its place; null where it only removes.' }),
    isHeard: z
      .boolean()
      .openapi({ description: 'False while the sound that it puts in is not made: only the cut is heard.' }),
    decision: z.enum(['accept', 'reject', 'adjust', 'answer']).nullable(),
  })
  .openapi('ReviewedEdit')
const kind = z.object({
  kind: z.string(),
  one: z.string(),
  many: z.string(),
  colours: z.tuple([z.string(), z.string()]).openapi({ description: 'On light, and on dark.' }),
})

export const restorationAnswer = z
  .object({
    restoration: z.array(z.string()).nullable().openapi({
      description:
        'What was found in the sound and done about it, in sentences; null where nobody looked. The figures are in certificate.json.',
    }),
  })
  .openapi('Restoration')

export const reviewAnswer = z
  .object({
    episodeId: z.uuid(),
    runId: z.uuid(),
    title: z.string(),
    status: z.string().openapi({ description: "The run's." }),
    language: z.string(),
    durationSeconds: seconds,
    words: z.array(word),
    speakersBy: z
      .enum(['voice'])
      .nullable()
      .openapi({ description: '`voice`: the speakers are suggestions by the sound of their voices.' }),
    speakers: z.array(
      z.object({
        label: z.string().openapi({ description: 'What the words call a speaker.' }),
        name: z.string().openapi({
          description:
            'What they are called; another by a decision `{"decision": "take", "speakers": {LABEL: NAME}}`.',
        }),
        sureness: z.number().nullable().openapi({
          description:
            'How sure it is, 0 to 1, that the voice is the one in earlier episodes whose name is suggested; null where it is not.',
        }),
      }),
    ),
    edits: z.array(reviewedEdit),
    kinds: z.array(kind),
    restoration: restorationAnswer.shape.restoration,
    isRestored: z.boolean().openapi({ description: 'Whether there is sound as "unrestored".' }),
  })
  .openapi('Review')

const inSeconds = (samples: number, sampleRate: number): number =>
  Math.round((samples / sampleRate) * 1e6) / 1e6

/** The review as anybody who may see it sees it. */
export function showReview(review: Review): z.output<typeof reviewAnswer> {
  const { episode, run, edits, transcript, speakers, recording, waiting, decisions, timelineObject } = review
  const { restoration, unrestored } = review
  const at = (samples: number) => inSeconds(samples, edits.sampleRate)
  const waits = new Set(waiting.map(({ id }) => id))
  const decided = new Map(
    decisions.flatMap((one) => ('edit' in one && one.decision !== 'leave' ? [[one.edit, one.decision]] : [])),
  )
  const isHeard = ({ insert, status }: Edit) =>
    !insert || insert.sound === 'tone' || (timelineObject !== null && status === 'applied')
  return {
    episodeId: episode.id,
    runId: run.id,
    title: episode.title,
    status: run.status,
    language: transcript?.language ?? 'en',
    durationSeconds: at(recording.totalSamples),
    words: (transcript?.words ?? []).map(({ text, startSample, endSample, speaker }) => ({
      text,
      startSeconds: at(startSample),
      endSeconds: at(endSample),
      speaker,
    })),
    speakersBy: transcript?.speakersBy ?? null,
    speakers: [...speakers],
    edits: edits.edits.map((edit) => ({
      id: edit.id,
      kind: edit.kind,
      status: edit.status,
      waits: waits.has(edit.id),
      startSeconds: at(edit.startSample),
      endSeconds: at(edit.endSample),
      text: edit.text,
      reason: plainReason(edit),
      question: edit.question ?? null,
      answer: edit.insert?.sound === 'speech' ? edit.insert.text : null,
      puts: edit.insert?.sound ?? null,
      isHeard: isHeard(edit),
      decision: (decided.get(edit.id) as 'accept' | undefined) ?? null,
    })),
    kinds: editKindNames.map((name) => {
      const { one, many, colours } = editKinds[name]
      return { kind: name, one, many, colours: [...colours] }
    }),
    restoration: restoration ? restorationLines(restoration) : null,
    isRestored: unrestored !== null,
  }
}

const longestRecordingSeconds = 24 * 3600
const mostPoints = 4000
const second = z.coerce.number().min(0).max(longestRecordingSeconds)
const span = {
  startSeconds: second.default(0),
  endSeconds: second.optional().openapi({ description: 'As far as there is, when not said.' }),
}
interface Asked {
  readonly startSeconds: number
  readonly endSeconds?: number | undefined
}
const isForward = ({ startSeconds, endSeconds = Infinity }: Asked): boolean => endSeconds > startSeconds

export const peaksQuery = z
  .object({
    ...span,
    points: z.coerce.number().int().min(1).max(mostPoints).default(1000),
  })
  .refine(isForward, 'endSeconds lies behind startSeconds')
export const peaksAnswer = z
  .object({
    low: z.array(z.int()),
    high: z.array(z.int()),
    gainDb: z.array(z.number()).nullable().openapi({
      description:
        'By how much restoration made each point louder or softer; null where all stayed as loud as it was.',
    }),
  })
  .openapi('Peaks', { description: 'The lowest and highest sample of each point, −127 to 127.' })

export const showPeaks = async (
  services: Services,
  episodeId: string,
  query: z.output<typeof peaksQuery>,
): Promise<z.output<typeof peaksAnswer>> => {
  const { storage, config } = services
  const { work: bucket } = config.buckets
  const { analysisObject, planObject } = await shapeObjectsOf(services, episodeId)
  const [{ low, high }, gainDb] = await Promise.all([
    peaksOf({ bucket, name: analysisObject }, query, storage),
    planObject === null ? null : gainsOf({ bucket, name: planObject }, query, storage),
  ])
  return { low: [...low], high: [...high], gainDb }
}

/** What is mixed and encoded for one request: half a second of work. */
const longestSoundSeconds = 60
/** What an address may carry. */
const longestDecisions = 6000

export const soundQuery = z
  .object({
    ...span,
    as: z.enum(['recorded', 'edited', 'unrestored']).default('recorded').openapi({
      description:
        '"recorded": the recording, restored if it was; "unrestored": before that, as loud as it is now; "edited": with its edits.',
    }),
    decisions: z.string().max(longestDecisions).optional().openapi({
      description: 'With "edited": decisions that are not taken yet, as the list in a decisions file.',
    }),
  })
  .refine(isForward, 'endSeconds lies behind startSeconds')
  .refine(
    ({ startSeconds, endSeconds = 0 }) => endSeconds - startSeconds <= longestSoundSeconds,
    `at most ${longestSoundSeconds} s at a time can be heard; ask for the rest in another request`,
  )

/** A route that lets a span be heard. */
export const soundRoute = <P extends string, S extends z.ZodRawShape>(
  path: P,
  params: z.ZodObject<S>,
  security: { bearer: string[] }[],
) =>
  createRoute({
    ...({ method: 'get', path } as const),
    summary: 'Hear a span of the recording, as it is or as it will be',
    security,
    request: { params, query: soundQuery },
    responses: {
      200: {
        content: { 'audio/mpeg': { schema: z.string().openapi({ format: 'binary' }) } },
        description: 'An MP3 of one channel, as long as the span or what is left of it.',
        headers: {
          'Spool-Kept': {
            schema: { type: 'string' as const },
            description:
              'What of the recording is heard, and where in the sound: start-end@at in seconds, with commas between.',
          },
        },
      },
      304: { description: 'As it was when it had the ETag that the request names.' },
      default: problems,
    },
  })

/** The sound, or that it is as it was. Throws Permanent `bad_decisions`, `not_reviewable`. */
export async function giveSound(
  services: Services,
  episodeId: string,
  query: z.output<typeof soundQuery>,
  request: Request,
): Promise<Response> {
  const { storage, config } = services
  const bucket = config.buckets.work
  const review = await openEdits(services, episodeId)
  const { sampleRate } = review.edits
  const { totalSamples } = review.recording
  const toSample = (value: number) => Math.min(totalSamples, Math.round(value * sampleRate))
  const { startSeconds, endSeconds = startSeconds + longestSoundSeconds } = query
  const span = { startSample: toSample(startSeconds), endSample: toSample(endSeconds) }
  if (span.endSample <= span.startSample)
    throw new Permanent('bad_request', `The recording ends at ${(totalSamples / sampleRate).toFixed(2)} s.`)
  const heard = await heardOf(services, review, query)
  const around = { ...heard, edits: editsAround(heard.edits, span) }
  const etag = `"${contentHash(JSON.stringify([around.recording, around.asLoudAs, around.edits, [...around.inserted], span]))}"`
  const headers = { etag, 'cache-control': 'private, no-cache' }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  const { mp3, kept } = await spanSound(around, span, { storage, bucket }, request.signal)
  const three = (value: number) => value.toFixed(3)
  const list = kept.map(
    ({ startSeconds, endSeconds, atSeconds }) =>
      `${three(startSeconds)}-${three(endSeconds)}@${three(atSeconds)}`,
  )
  return new Response(new Uint8Array(mp3), {
    headers: { ...headers, 'content-type': 'audio/mpeg', 'spool-kept': list.join(',') },
  })
}

async function heardOf(
  { storage, config }: Services,
  { edits, recording, unrestored, timelineObject }: EditsUnderReview,
  { as, decisions }: z.output<typeof soundQuery>,
): Promise<Heard> {
  const unedited = { recording, edits: { ...edits, edits: [] }, inserted: new Map() }
  if (as === 'unrestored' && unrestored) return { ...unedited, recording: unrestored, asLoudAs: recording }
  if (as !== 'edited') return unedited
  const text = `{"version":1,"decisions":${decisions ?? '[]'}}`
  const taken = parseDecisions(text, 'The decisions', edits, recording.totalSamples)
  const timeline =
    timelineObject === null || !edits.edits.some(({ insert }) => insert)
      ? undefined
      : await storage.readJson<Timeline>({ bucket: config.buckets.work, name: timelineObject })
  const inserted = new Map(timeline && insertedIn(timeline))
  for (const one of taken) if (isAnother(one)) inserted.delete(one.edit)
  return { recording, edits: withDecisions(edits, taken, recording.totalSamples), inserted }
}

/** What was spoken is not what is to be said now. */
const isAnother = (one: Decision): one is Extract<Decision, { decision: 'answer' }> =>
  one.decision === 'answer'
